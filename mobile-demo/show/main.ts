/**
 * The page that explains everything: two phones with one note, and what the relay has of it.
 *
 * @module
 */
import type { Report } from './messages.ts'
import { part } from './part.ts'
import { openPhone, type Phone } from './phone.ts'
import { openRelayPanel, type RelayPanel } from './relay-panel.ts'
import '../app/style/tokens.css'
import './show.css'

const TITLE = 'Saturday'
/** Each begins once the one before is typed. */
const SCRIPT: readonly { readonly by: 'Alice' | 'Bob'; readonly text: string }[] = [
  { by: 'Alice', text: 'Meet at the harbour at nine. Bring the green lantern.' },
  { by: 'Bob', text: '\nI will. Nobody between us can read this.' },
]

let panel: RelayPanel | null = null
let alice: Phone | null = null
let bob: Phone | null = null
const ready = new Set<Phone>()
/** The note that Alice has open; Bob is in once he has the same. */
let noteId = ''
/** The next line of the script. */
let line = SCRIPT.length
let isIn = false

const say = (text: string): void => {
  part('step').textContent = text
}
const again = part('again') as HTMLButtonElement
const remove = part('remove') as HTMLButtonElement

again.addEventListener('click', () => begin())
remove.addEventListener('click', () => {
  remove.disabled = true
  line = SCRIPT.length
  alice?.tell({ kind: 'remove' })
  say('Alice has removed Bob. The key is another now: he reads nothing that she writes from here on.')
})

panel = openRelayPanel(
  () => {
    // All that the phones do is to be counted, so that they come after the tap.
    alice ??= openPhone('alice', 'Alice', hear)
    bob ??= openPhone('bob', 'Bob', hear)
  },
  () => say('The tap on the relay is silent. It is open on the relay’s own computer alone, while the demo runs.'),
)

function hear(phone: Phone, report: Report): void {
  switch (report.kind) {
    case 'ready':
      if (ready.has(phone)) return
      ready.add(phone)
      if (ready.size === 2) begin()
      return
    case 'invited':
      say('Alice has made a note. Bob opens her invite link…')
      bob?.tell({ kind: 'open', link: report.link })
      return
    case 'note':
      if (phone === alice) noteId = report.id
      if (report.id !== noteId) return
      panel?.showNote(report.text, report.plain)
      if (phone === bob && !isIn) bothIn()
      return
    case 'typed':
      line += 1
      typeNext()
      return
    case 'failed':
      say(`${phone.name}’s phone says: ${report.reason}`)
      again.disabled = false
      break
  }
}

function begin(): void {
  isIn = false
  line = SCRIPT.length
  again.disabled = true
  remove.disabled = true
  say('Alice makes a note…')
  alice?.tell({ kind: 'write', title: TITLE })
}

function bothIn(): void {
  isIn = true
  line = 0
  again.disabled = false
  remove.disabled = false
  say('Both are in. They write…')
  typeNext()
}

function typeNext(): void {
  const next = SCRIPT[line]
  if (next === undefined) {
    say('Now you: write on either phone, put one in airplane mode, and watch the relay.')
    return
  }
  const phone = next.by === 'Alice' ? alice : bob
  phone?.tell({ kind: 'type', text: next.text })
}
