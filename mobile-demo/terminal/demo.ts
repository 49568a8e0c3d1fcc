/**
 * The demo from its start to its end: relay, two people, the reader of the disk, and the link for a third device.
 *
 * @module
 */
import { bytesToBase64url, cryptoReady } from '@y-sealed/protocol'
import { startRelay, type RunningRelay } from '@y-sealed/relay'
import { randomFillSync } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { renderUnicodeCompact } from 'uqr'
import type * as Y from 'yjs'

import { CONVERSATION, typeLine, type Line } from './conversation.ts'
import { openDisk, type Disk } from './disk.ts'
import type { StoredRow } from './disk-reader.ts'
import { openPerson, type Person } from './person.ts'
import { countReadableWords, wordsOf } from './readable-words.ts'
import type { DemoSettings } from './settings.ts'
import { openShow, type Show } from './show.ts'

const ROOM = 'demo'
const REDRAW_MS = 150
/** How long the end waits for what was typed to be saved. */
const SAVE_MS = 5_000

/** Resolves with the exit code once the demo is over and nothing of it is left running. */
export async function runDemo(settings: DemoSettings): Promise<number> {
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const closers: (() => unknown)[] = []
  const show = openShow(process.stdout)
  closers.push(() => show.close())
  try {
    await cryptoReady()
    const { data, host, port } = settings
    const relay = await startRelay({ data, host, port, logLevel: 'error', environment: process.env })
    closers.push(() => relay.close())
    const key = randomFillSync(new Uint8Array(32))
    const link = join(data, 'demo.link')
    rmSync(link, { force: true })
    writeFileSync(link, `y-sealed-room:${bytesToBase64url(key)}/${ROOM}\n`, { mode: 0o600 })
    closers.push(() => rmSync(link, { force: true }))
    const command = joinCommand(relay, settings, link)
    introduce(show, relay, command)

    const note = { url: relay.url, ca: readFileSync(relay.caPath as string, 'utf8'), key, room: ROOM }
    const alice = await openPerson('Alice', note)
    closers.push(() => alice.close())
    const bob = await openPerson('Bob', note)
    closers.push(() => bob.close())
    const disk = openDisk(data, alice.provider.documentId)
    closers.push(() => disk.close())
    return await play({
      show,
      alice,
      bob,
      disk,
      stop: stop.signal,
      isOnce: settings.once,
      foot: ['', `Join from a second terminal:  ${command}`, 'Ctrl-C stops everything.'],
    })
  } finally {
    // What was opened last is closed first.
    for (const close of closers.toReversed()) await close()
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

interface Play {
  readonly show: Show
  readonly alice: Person
  readonly bob: Person
  readonly disk: Disk
  readonly stop: AbortSignal
  readonly isOnce: boolean
  readonly foot: readonly string[]
}

async function play(play: Play): Promise<number> {
  const { show, alice, bob, disk, stop, isOnce, foot } = play
  const rows: StoredRow[] = []
  const observe = async (whole: boolean): Promise<{ words: number; readable: number; bytes: number }> => {
    const [text, other] = [alice.text.toJSON(), bob.text.toJSON()]
    const words = wordsOf(text)
    const answer = await disk.ask({ after: rows.at(-1)?.seq ?? 0, words, whole })
    rows.push(...answer.rows)
    const readIn = (shown: string): number => countReadableWords(words, new TextEncoder().encode(shown))
    const readable = { alice: readIn(text), bob: readIn(other), relay: answer.readable }
    show.draw({ alice: text, bob: other, rows, words: words.length, readable, foot })
    return { words: words.length, readable: answer.readable, bytes: answer.bytes }
  }

  const talking = talk({ Alice: alice, Bob: bob }, stop).then(() => 'over' as const)
  let isOver = false
  while (!isOver && !stop.aborted) {
    isOver = (await Promise.race([talking, pause(REDRAW_MS, stop)])) === 'over'
    await observe(false)
  }
  await talking
  await Promise.race([Promise.all([alice.provider.whenSaved(), bob.provider.whenSaved()]), sleep(SAVE_MS)])
  const { words, readable, bytes } = await observe(true)
  const isSame = alice.text.toJSON() === bob.text.toJSON()
  if (isOnce || stop.aborted) {
    show.say(
      `${words} words were typed. In the ${bytes} bytes of the relay's database ${readable} of them can be read.`,
    )
    if (isSame) show.say('Alice and Bob have the same text.')
    return isSame && readable === 0 ? 0 : 1
  }
  while (!stop.aborted) {
    await pause(REDRAW_MS, stop)
    await observe(false)
  }
  show.say('Stopped.')
  return 0
}

/** In turn: each waits until the other's line has arrived. */
async function talk(people: Readonly<Record<Line['who'], Person>>, stop: AbortSignal): Promise<void> {
  let said = ''
  for (const line of CONVERSATION) {
    const { text } = people[line.who]
    await whenEndsWith(text, said, stop)
    await typeLine(text, line, (delayMs) => pause(delayMs, stop), stop)
    said = `${line.who}: ${line.text}\n`
  }
}

function introduce(show: Show, relay: RunningRelay, command: string): void {
  show.say(
    'Alice and Bob write one note. The relay between them keeps it, and cannot read it: its disk is shown beside them.\n',
  )
  show.say(`  relay         ${relay.pageUrl}`)
  show.say(`  certificate   SHA-256 ${relay.fingerprint}`)
  show.say(`  join          ${command}\n`)
  if (process.stdout.isTTY) show.say(`${renderUnicodeCompact(relay.pageUrl, { border: 2 })}\n`)
}

/** What another terminal types to be a further device in the note. */
function joinCommand(relay: RunningRelay, { data, port }: DemoSettings, link: string): string {
  const url = port === 8443 ? '' : ` --url ${relay.url}`
  return `npm run y-sealed -- watch --type${url} --ca ${relay.caPath ?? ''} --link-file ${link} --keys ${join(data, 'second-device')}`
}

function whenEndsWith(text: Y.Text, end: string, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!stop.aborted && !text.toJSON().endsWith(end)) return
      text.unobserve(look)
      stop.removeEventListener('abort', look)
      resolve()
    }
    text.observe(look)
    stop.addEventListener('abort', look)
    look()
  })
}

/** Ends early when `stop` aborts. */
async function pause(delayMs: number, stop: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal: stop })
  } catch {
    // Aborted: the caller looks.
  }
}
