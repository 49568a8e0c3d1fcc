/**
 * The abusers' process, which `abuse-process.ts` starts: it makes ready, waits for the word, is a nuisance until told to stop, and tells how
 * it was refused.
 *
 * @module
 */
import { cryptoReady } from '@y-sealed/protocol'
import { readdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

import { ABUSERS, type Abuser, type Round } from './abuse/abusers.ts'
import { Ground, type Tally, type Target } from './abuse/ground.ts'
import { createTestDevice } from './raw-client.ts'

/** Of 127.0.0.0/8, beyond what anything else is likely to use. */
const FIRST_ADDRESS = 20

/** What this process says to its parent. */
export type Report =
  | { readonly type: 'ready' }
  /** Every abuser has met all that it is to be refused by. */
  | { readonly type: 'all-refused' }
  | { readonly type: 'done'; readonly tallies: Readonly<Record<string, Tally>>; readonly rounds: number }

const over = new AbortController()
const rest = { isOn: true, wake: [] as (() => void)[] }
let rounds = 0
let isTold = false

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

async function keepOn({ pauseMs }: Abuser, play: Round): Promise<void> {
  while (!over.signal.aborted) {
    while (rest.isOn) await new Promise<void>((resolve) => rest.wake.push(resolve))
    await play()
    rounds++
    tellWhenAllRefused()
    await pause(pauseMs)
  }
}

function tellWhenAllRefused(): void {
  if (isTold) return
  isTold = ABUSERS.every(({ refusedBy }, index) =>
    refusedBy.every((outcome) => outcome in (grounds[index] as Ground).tally),
  )
  if (isTold) report({ type: 'all-refused' })
}

function report(message: Report): void {
  process.send?.(message)
}

await cryptoReady()
// Elsewhere abusers have machines of their own: what they need for themselves is not to be taken from the relay. On Linux each thread has
// a priority of its own, which threads inherit that begin later: those that Node has begun, its garbage collector's among them, are named.
for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), constants.priority.PRIORITY_LOW)
const target = JSON.parse(process.env['ABUSE_TARGET'] ?? '{}') as Target
const grounds = ABUSERS.map(
  ({ name }, index) => new Ground(target, name, `127.0.0.${FIRST_ADDRESS + index}`, createTestDevice()),
)
const plays = await Promise.all(ABUSERS.map(({ prepare }, index) => prepare(grounds[index] as Ground)))

process.on('message', (word) => {
  if (word !== 'end') {
    rest.isOn = word === 'rest'
    if (!rest.isOn) for (const resume of rest.wake.splice(0)) resume()
    return
  }
  over.abort()
  const tallies = ABUSERS.map(({ name }, index) => [name, (grounds[index] as Ground).tally] as const)
  report({ type: 'done', tallies: Object.fromEntries(tallies), rounds })
  process.disconnect()
  setImmediate(() => process.exit())
})
for (const [index, abuser] of ABUSERS.entries()) {
  for (let lane = 0; lane < abuser.lanes; lane++) void keepOn(abuser, plays[index] as Round)
}
report({ type: 'ready' })
