/**
 * The lies for which a relay needs two databases under one head key, told to one of two people: an older one, or one that has gone another way.
 * What the table of `tell-every-lie.ts` lacks, since no trick on one socket can sign. Node only.
 *
 * @module
 */
import { CLIENT_FRAME, type Bytes } from '@y-sealed/protocol'
import { vi } from 'vitest'

import { startLyingRelay, type LyingRelay } from '../lying-relay.ts'
import { copyOf, startHonestRelay } from '../stage.ts'
import { setScene, type Mode, type Place, type Provider, type Scene } from './lied-to.ts'

/** While nobody is behind an address its client waits longer each time, half a minute at last. */
const PATIENCE = { timeout: 60_000, interval: 5 }

/** What Bob was told of it. */
export interface Discovery {
  readonly codes: readonly string[]
  readonly text: string
  /** From the first honest word by which he could know to when his app was told (ms). */
  readonly detectionMs: number
}

interface Ground extends Scene {
  readonly one: LyingRelay
  readonly two: LyingRelay
  /** Folders with what both have in common. */
  readonly branches: readonly [string, string]
}

/** Both have `common`; each has an address of their own, behind which nobody is. */
async function setGround(provider: Provider, mode: Mode, place: Place): Promise<Ground> {
  const [one, two] = [await startLyingRelay(), await startLyingRelay()]
  const trunk = await startHonestRelay([one, two])
  for (const lying of [one, two]) lying.stand(trunk)
  const scene = await setScene(provider, mode, place, { alice: one, bob: two })
  await write(scene, 'alice', 'common. ')
  await write(scene, 'bob', 'his too. ')
  const copy = await copyOf(trunk, [one, two])
  return { ...scene, one, two, branches: [trunk.data, copy] }
}

/** Types, and waits until the relay has it and, where `isShared`, the other too. */
async function write({ alice, bob }: Scene, who: 'alice' | 'bob', line: string, isShared = true): Promise<void> {
  const text = who === 'alice' ? alice.text : bob.text
  text.insert(text.length, line)
  await vi.waitUntil(() => alice.provider.unsyncedChanges === 0 || who === 'bob', PATIENCE)
  await vi.waitUntil(() => (bob.isSynced() && bob.unsaved().every((count) => count === 0)) || who === 'alice', PATIENCE)
  if (isShared) await vi.waitUntil(() => [alice, bob].every((each) => each.text.toJSON().includes(line)), PATIENCE)
}

/** When (ms) the next OPENED has passed to a client. */
function nextOpened(lying: LyingRelay): { at: number } {
  const passed = { at: Infinity }
  lying.toClient = (frame) => {
    if (frame?.type === 'opened') passed.at = Math.min(passed.at, performance.now())
    return undefined
  }
  return passed
}

/** Opens anew, so that the relay signs for all that there is; resolves when it has. */
async function haveSigned(lying: LyingRelay, isSynced: () => boolean): Promise<void> {
  const opened = nextOpened(lying)
  lying.cut()
  await vi.waitUntil(() => opened.at < Infinity && isSynced(), PATIENCE)
}

async function discover({ bob }: Scene, codes: readonly string[], firstAt: () => number): Promise<Discovery> {
  const find = (): (typeof bob.reports)[number] | undefined => bob.reports.find(({ code }) => codes.includes(code))
  await vi.waitUntil(() => find() !== undefined, PATIENCE)
  const detectionMs = (find()?.at ?? Infinity) - firstAt()
  return { codes: bob.reports.map(({ code }) => code), text: bob.text.toJSON(), detectionMs }
}

/** The relay comes back from an older database than it has signed for to Bob. [K9] */
export async function rollBack(...how: [Provider, Mode, Place]): Promise<Discovery> {
  const ground = await setGround(...how)
  const { one, two, bob, branches } = ground
  const newer = await startHonestRelay([one, two], branches[0])
  for (const lying of [one, two]) lying.stand(newer)
  await vi.waitUntil(bob.isSynced, PATIENCE)
  await write(ground, 'alice', 'lost. ')
  await haveSigned(two, bob.isSynced)
  one.stand(null)
  two.stand(null)
  const opened = nextOpened(two)
  two.stand(await startHonestRelay([one, two], branches[1]))
  return await discover(ground, ['ROLLBACK'], () => opened.at)
}

/** Each has written by a branch of their own, and the relay has signed for Bob's. */
async function branchOff(ground: Ground): Promise<void> {
  const { one, two, alice, bob, branches } = ground
  one.stand(await startHonestRelay([one, two], branches[0]))
  two.stand(await startHonestRelay([one, two], branches[1]))
  await vi.waitUntil(() => alice.provider.synced && bob.isSynced(), PATIENCE)
  await write(ground, 'alice', 'hers. ', false)
  await write(ground, 'bob', 'his. ', false)
  await haveSigned(two, bob.isSynced)
}

/** Bob is shown Alice's branch. [K10] */
export async function showOtherBranch(...how: [Provider, Mode, Place]): Promise<Discovery> {
  const ground = await setGround(...how)
  await branchOff(ground)
  const { one, two, alice } = ground
  await haveSigned(one, () => alice.provider.synced)
  const opened = nextOpened(two)
  two.stand(one.upstream)
  return await discover(ground, ['FORK'], () => opened.at)
}

/** A head of Alice's branch reaches Bob with her presence. [K10] */
export async function letHeadCross(...how: [Provider, Mode, Place]): Promise<Discovery> {
  const ground = await setGround(...how)
  await branchOff(ground)
  const { one, two, alice } = ground
  const presences = (): Bytes[] =>
    one.captured.flatMap(({ place, bytes }) =>
      place === 'from-client' && bytes[0] === CLIENT_FRAME.awareness ? [bytes] : [],
    )
  let told = presences().length
  let crossedAt = Infinity
  // It goes with what is said first after it was signed; what was said before, or to a socket that is gone, tells nobody.
  one.cut()
  alice.provider.awareness.setLocalState({ user: 'alice' })
  const tellAll = (): boolean => {
    for (const presence of presences().slice(told)) {
      told += 1
      crossedAt = performance.now()
      two.links.at(-1)?.toClient(presence)
    }
    return ground.bob.reports.some(({ code }) => code === 'FORK')
  }
  await vi.waitUntil(tellAll, PATIENCE)
  return await discover(ground, ['FORK'], () => crossedAt)
}
