/**
 * The page that explains everything: two or three phones with one note, and what the relay has of it.
 *
 * @module
 */
import type { LieName } from '../host/lies.ts'
import { openLieControl, type LieControl } from './lie-control.ts'
import type { Report } from './messages.ts'
import { part } from './part.ts'
import { createPhone, type Phone } from './phone.ts'
import { openRelayPanel, type RelayPanel } from './relay-panel.ts'
import { HONEST_STEP, LIE_STEPS, SCRIPT, STEPS, TITLE, UNDER_LIES } from './words.ts'
import '../app/style/tokens.css'
import './show.css'

const NAMES = { alice: 'Alice', bob: 'Bob', carol: 'Carol' } as const
type Device = keyof typeof NAMES

/** By then a phone knows that it was cut off. */
const CUT_MS = 300

let panel: RelayPanel | null = null
let lies: LieControl | null = null
const phones = new Map<string, Phone>()
const ready = new Set<string>()
/** Who has the note of Alice open; whoever was removed is not. */
const inside = new Set<string>()
let noteId = ''
/** The one before, which may still be told of. */
let formerId = ''
/** The next line of the script. */
let line = SCRIPT.length

const again = part('again') as HTMLButtonElement
const third = part('third')

again.addEventListener('click', () => begin())
third.addEventListener('click', () => showThird(third.getAttribute('aria-checked') !== 'true'))

lies = openLieControl(lieTold)
panel = openRelayPanel(
  () => {
    // All that the phones do is to be counted, so that they come after the tap.
    if (phones.size === 0) for (const device of ['alice', 'bob'] as const) addPhone(device)
  },
  () => say(STEPS.silent),
)

function say(text: string): void {
  part('step').textContent = text
}

function addPhone(device: Device): void {
  const onRemove = device === 'alice' ? null : remove
  const phone = createPhone({ device, name: NAMES[device], hear, onAirplane, onRemove })
  phones.set(device, phone)
  part('phones').append(phone.element)
}

function showThird(isOn: boolean): void {
  third.setAttribute('aria-checked', String(isOn))
  document.documentElement.dataset['phones'] = isOn ? 'three' : 'two'
  part('how-many').textContent = isOn ? 'Three phones.' : 'Two phones.'
  if (isOn) return addPhone('carol')
  phones.get('carol')?.element.remove()
  for (const set of [ready, inside]) set.delete('carol')
  phones.delete('carol')
}

function hear(phone: Phone, report: Report): void {
  switch (report.kind) {
    case 'ready':
      return phoneReady(phone)
    case 'invited':
      say(STEPS.invited(NAMES[report.guest as Device]))
      phones.get(report.guest)?.tell({ kind: 'open', link: report.link })
      return
    case 'note':
      return noteShown(phone, report)
    case 'status':
      if (report.id !== noteId) return
      phone.showStatus(report.state, report.text)
      if (report.state === 'closed' && inside.has(phone.device)) say(STEPS.removed(phone.name))
      return
    case 'typed':
      line += 1
      typeNext()
      return
    case 'failed':
      say(STEPS.failed(phone.name, report.reason))
      again.disabled = false
      break
  }
}

function phoneReady({ device }: Phone): void {
  if (ready.has(device)) return
  ready.add(device)
  if (device === 'carol') inviteTo('carol')
  else if (ready.has('alice') && ready.has('bob')) begin()
}

function begin(): void {
  line = SCRIPT.length
  formerId = noteId
  noteId = ''
  inside.clear()
  for (const phone of phones.values()) phone.allowRemoval(false)
  again.disabled = true
  say(STEPS.writes)
  phones.get('alice')?.tell({ kind: 'write', title: TITLE })
}

function inviteTo(guest: Device): void {
  if (noteId !== '' && !inside.has(guest)) phones.get('alice')?.tell({ kind: 'invite', guest })
}

function noteShown(phone: Phone, { id, text, plain }: Extract<Report, { kind: 'note' }>): void {
  const { device } = phone
  // The first that Alice shows after a beginning is the new one.
  if (device === 'alice' && noteId === '' && id !== formerId) {
    noteId = id
    lies?.setDocument(id)
    for (const guest of ready) if (guest !== 'alice') inviteTo(guest as Device)
  }
  if (id !== noteId) return
  panel?.showNote(text, plain)
  if (inside.has(device)) return
  inside.add(device)
  phone.allowRemoval(true)
  if (device === 'bob') bothIn()
  else if (device === 'carol' && line >= SCRIPT.length) say(STEPS.joined(phone.name))
}

function bothIn(): void {
  line = 0
  again.disabled = false
  say(STEPS.bothIn)
  typeNext()
}

function typeNext(): void {
  const next = SCRIPT[line]
  if (next !== undefined) phones.get(next.by)?.tell({ kind: 'type', text: next.text })
  else if (line === SCRIPT.length) say(STEPS.yours)
}

function onAirplane({ name }: Phone, isOn: boolean): void {
  say(isOn ? STEPS.flies(name) : STEPS.lands(name))
}

function remove(phone: Phone): void {
  phone.allowRemoval(false)
  line = SCRIPT.length + 1
  phones.get('alice')?.tell({ kind: 'remove', name: phone.name })
  say(STEPS.removes(phone.name))
}

function lieTold(lie: LieName | null): void {
  // What is typed for a lie is none of the script.
  line = SCRIPT.length + 1
  say(lie === null ? HONEST_STEP : LIE_STEPS[lie])
  // Where the line was cut for it, phones that met that often would take their time.
  setTimeout(() => phones.forEach((phone) => phone.tell({ kind: 'redial' })), CUT_MS)
  if (lie !== null && UNDER_LIES[lie] !== '') phones.get('alice')?.tell({ kind: 'type', text: UNDER_LIES[lie] })
}
