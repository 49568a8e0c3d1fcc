/**
 * One lie of the catalogue, told to somebody, and how they took it. Rules CL6, CL30, LO6.
 *
 * @module
 */
import { vi } from 'vitest'

import type { Peer } from '../peer.ts'
import type { Trick } from '../tricks.ts'
import type { LiedTo, Scene } from './lied-to.ts'

const PATIENCE = { timeout: 15_000 }
/** What is told after so long of a lie that makes itself known is told without an honest word. */
const LIE_MS = 400

const LATE: ReadonlySet<string> = new Set(['WITHHELD', 'RESTORED'])

/** How it went. */
export interface Account {
  /** What was shown that nobody wrote, while the lie went on and at the end. */
  readonly invented: readonly string[]
  /** Who was shown to be there beside the two. */
  readonly strangers: number
  /** While it went on everything came through, and nobody had to be told. */
  readonly isUnharmed: boolean
  /** The app was told what the catalogue says. */
  readonly isTold: boolean
  /** At the end: it has everything and everybody has what was typed, or it is done with this relay and keeps what it has. */
  readonly end: 'well' | 'stopped' | 'neither'
  /**
   * How long after the first honest word by which the client could know it told the app (ms): 0 where the lie itself gave it away, `null` where
   * nothing is to be told.
   */
  readonly detectionMs: number | null
}

/** Tells the lie while both write, then the truth. */
export async function playTrick(trick: Trick, scene: Scene): Promise<Account> {
  const { alice, bob, liar } = scene
  await startWell(scene)
  liar.lie = trick.lie()
  if (trick.isAtOpening === true) liar.cut()
  alice.provider.awareness.setLocalState({ user: 'alice' })
  for (const line of ['one. ', 'two. ', 'three. ']) await write(alice, line)
  type(bob, 'typed meanwhile. ')
  const isUnharmed = trick.isHarmless !== true || (await comesTrue(() => hasAll(bob) && isSaved(bob)))
  // What comes late was held back for a while, and is asked for.
  const isQuiet = trick.isHarmless !== true || bob.reports.every(({ code }) => LATE.has(code))
  // On a busy machine what is lied about may not have left yet.
  if (trick.tells.length > 0) await comesTrue(() => liar.liedAt !== null)
  if (trick.isHarmless !== true) await new Promise((resolve) => setTimeout(resolve, LIE_MS))
  const during = inventedIn(bob)
  const strangers = Math.max(0, bob.shown() - 2)
  const isStopped = (): boolean => bob.reports.some(({ fatal }) => fatal)
  // A provider that dials anew by itself goes on once the relay is honest: that it was at rest is seen before.
  const wasAtRest = trick.stops === true && (await comesTrue(() => isAtRest(bob, isStopped())))
  liar.lie = null
  liar.cut()
  const isWell = (): boolean => !isStopped() && isSaved(bob) && hasAll(bob) && bob.text.toJSON() === alice.text.toJSON()
  // Other people's providers learn of the end by an event of its own, a moment after the app was told.
  await comesTrue(() => wasAtRest || isWell() || isAtRest(bob, isStopped()))
  const end = isWell() ? 'well' : wasAtRest || isAtRest(bob, isStopped()) ? 'stopped' : 'neither'
  const report = bob.reports.find(({ code }) => trick.tells.includes(code))
  const isTold = trick.tells.length === 0 || report !== undefined
  const honestAt = liar.honestAt ?? Infinity
  const detectionMs = report === undefined ? null : Math.max(0, report.at - honestAt)
  const invented = [during, inventedIn(bob)]
  return { invented, strangers, isUnharmed: isUnharmed && isQuiet, isTold, end, detectionMs }
}

async function startWell({ alice, bob }: Scene): Promise<void> {
  await write(alice, 'before. ')
  type(bob, 'his. ')
  await vi.waitUntil(() => isSaved(bob) && bob.text.toJSON() === alice.text.toJSON(), PATIENCE)
}

async function write({ text, provider }: Peer, line: string): Promise<void> {
  text.insert(text.length, line)
  await provider.whenSaved()
}

function type({ text }: LiedTo, line: string): void {
  text.insert(text.length, line)
}

const LINES = ['before. ', 'his. ', 'one. ', 'two. ', 'three. ', 'typed meanwhile. ']

/** What is left of a text without the lines that somebody wrote. */
function inventedIn({ text }: LiedTo): string {
  return LINES.reduce((rest, line) => rest.replace(line, ''), text.toJSON())
}

/** Done with this relay, and keeps what it has. */
function isAtRest({ text, isSynced, unsaved }: LiedTo, isStopped: boolean): boolean {
  const keeps = text.toJSON().includes('his. ') && text.toJSON().includes('typed meanwhile. ')
  // Hocuspocus counts what it says of its content as one more.
  return isStopped && keeps && !isSynced() && unsaved().every((count) => count > 0)
}

function hasAll({ text }: LiedTo): boolean {
  return LINES.every((line) => text.toJSON().includes(line))
}

function isSaved({ isSynced, unsaved }: LiedTo): boolean {
  return isSynced() && unsaved().every((count) => count === 0)
}

async function comesTrue(isSo: () => boolean): Promise<boolean> {
  try {
    await vi.waitUntil(isSo, PATIENCE)
    return true
  } catch {
    return false
  }
}
