/**
 * What must be true when chaos is over.
 *
 * @module
 */
import type { IntegrityReport, Membership } from '@y-sealed/client'
import { bytesToHex, Envelope, KIND, sodiumSha512, type Bytes } from '@y-sealed/protocol'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import * as Y from 'yjs'

import { writeContent } from '../../../client/snapshots/content-stream.ts'
import { LeafHasher } from '../../../client/snapshots/leaf-hasher.ts'
import { auditDatabase } from '../../../server/audit/audit-database.ts'
import { openSqliteStore } from '../../../server/store/sqlite/store.ts'
import { opensWith } from '../members/hostile-scene.ts'
import type { Chaos } from './chaos.ts'
import { wordsOf } from './ledger.ts'
import type { Seat } from './seat.ts'

/** Nothing happens any more. */
const SETTLED_MS = 60_000
const LONGEST_MS = 400_000
const PATIENCE = { timeout: 60_000, interval: 100 }
/** What is true of a relay that goes back to a backup. */
const OF_TWO_HISTORIES: ReadonlySet<string> = new Set(['FORK', 'FORK_PROVEN', 'ROLLBACK'])
/** What somebody is told who was removed. */
const GONE = /^(REMOVED|NOT_A_MEMBER)$/

/**
 * All members have one log and one Y.Doc, in it what was written and kept, once; nothing waits any more; nobody was given a reason to leave
 * the relay; who was removed knows so and opens nothing of what came after; and the relay's file holds what it should. Stops the relay.
 */
export async function expectPeace(chaos: Chaos): Promise<void> {
  await expectAlike(chaos)
  if (chaos.isRestored) {
    // What a run had sealed before its log was restarted stays in the outbox until the next run. [LO14]
    for (const seat of chaos.members) await seat.reload()
    await expectAlike(chaos)
  }
  const { members, seats, relay } = chaos
  const [first] = members as readonly [Seat]
  expect(chaos.ledger.faultsOf(first.text, (author) => members.includes(author) && !author.wasClosed)).toEqual([])
  expect(chaos.surprises).toEqual([])
  const isGrave = ({ code, fatal }: IntegrityReport): boolean =>
    fatal && !(chaos.isRestored && OF_TWO_HISTORIES.has(code))
  expect(seats.flatMap(({ reports }) => reports).filter(isGrave)).toEqual([])
  expect(members.flatMap(({ name, closings }) => closings.map(({ code }) => [name, code]))).toEqual([])
  const isEmpty = async (): Promise<boolean> =>
    (await Promise.all(members.map((each) => each.listPending()))).every(({ length }) => length === 0)
  await vi.waitUntil(isEmpty, PATIENCE).catch(async (error: unknown) => {
    throw new Error(`not forgotten:\n${await describeSeats(chaos)}`, { cause: error })
  })
  await expectToldOff(chaos)
  await expectOnDisk(chaos, first.text)
  await relay.close()
  const path = join(relay.data, 'relay.db')
  await expectShutOut(path, chaos)
  const faults: unknown[] = []
  const audit = await auditDatabase({
    path,
    onDocument: (report) => faults.push(...report.faults),
    onDatabaseFault: (fault) => faults.push(fault),
  })
  expect(faults).toEqual([])
  expect(audit).toMatchObject({ documents: 1, faults: 0 })
}

async function expectAlike(chaos: Chaos): Promise<void> {
  const isQuiet = (): boolean => {
    const { members } = chaos
    const heads = new Set(members.map(({ provider }) => provider?.head.seq))
    const isSettled = members.every(({ provider }) => provider?.synced === true && provider.unsyncedChanges === 0)
    return heads.size === 1 && isSettled
  }
  // A slow machine may take as long as it wants, as long as something happens.
  let [last, since] = ['', performance.now()]
  const isOver = (): boolean => {
    const now = chaos.members
      .map(({ provider }) => [provider?.head.seq, provider?.unsyncedChanges, provider?.status, provider?.synced].join())
      .join()
    if (now !== last) [last, since] = [now, performance.now()]
    return isQuiet() || performance.now() - since > SETTLED_MS
  }
  await vi.waitUntil(isOver, { timeout: LONGEST_MS, interval: 100 }).catch(() => undefined)
  if (!isQuiet()) throw new Error(`not at rest:\n${await describeSeats(chaos)}`)
  // Looking at all of it takes what everybody needs to come back: once.
  const areAlike = (): boolean => new Set(chaos.members.map(standOf)).size === 1
  // What hangs on others' lost edits, and these, come by quotes, some seconds after the log. [CL31]
  if (chaos.isRestored)
    await vi.waitUntil(() => isQuiet() && areAlike(), { timeout: SETTLED_MS, interval: 1_000 }).catch(() => undefined)
  if (!areAlike()) throw new Error(`not alike: ${describeTexts(chaos)}\n${await describeSeats(chaos)}`)
}

/** Everybody sees the same when they open it without a relay: all of it is on each device. [CL13] */
async function expectOnDisk(chaos: Chaos, text: string): Promise<void> {
  const { members } = chaos
  for (const seat of members) await seat.shut()
  chaos.endRelay()
  const others: string[] = []
  for (const seat of members) {
    await seat.start()
    await seat.provider?.whenLoaded()
    if (seat.text !== text)
      others.push(`${seat.name} shows ${seat.text.length} of ${text.length}: ${seat.life.join('; ')}`)
  }
  expect(others).toEqual([])
}

/** What all must have alike: the log, and in the Y.Doc every item with its place, live or not. */
function standOf({ provider }: Seat): string {
  if (provider === null) return 'closed'
  const { head, doc } = provider
  expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null])
  const content = new LeafHasher()
  const steps = writeContent(Y.encodeStateAsUpdateV2(doc) as Bytes, content)
  while (steps.next().done !== true);
  return [head.seq, bytesToHex(head.transcript), bytesToHex(sodiumSha512(content.finish())).slice(0, 32)].join(' ')
}

/** Who shows which words that others do not, and what is known of those. */
function describeTexts({ members, ledger }: Chaos): string {
  const texts = members.map(({ text }) => text)
  const everywhere = wordsOf(texts[0] ?? '').filter((word) => texts.every((text) => text.includes(word)))
  const lines = members.map(({ name, text }) => {
    const odd = wordsOf(text).filter((word) => !everywhere.includes(word))
    return `${name} (${text.length}): ${odd.map((word) => ledger.describe(word, ({ name: author }) => author)).join()}`
  })
  return lines.join('\n')
}

async function describeSeats({ seats, tally, surprises }: Chaos): Promise<string> {
  const lines = await Promise.all(
    seats.map(async (seat) => {
      const { name, provider, closings, reports, problems } = seat
      const { status, synced, unsyncedChanges } = provider ?? {}
      const line = [name, status, synced, unsyncedChanges, standOf(seat), closings, reports, problems]
      const pending = await seat.describePending()
      const more = pending.length > 0 || (unsyncedChanges ?? 0) > 0 ? [...pending, seat.life.join('; ')] : []
      return [JSON.stringify(line), ...more].join('\n  ')
    }),
  )
  return [JSON.stringify(tally), surprises.map(String).join(), ...lines].join('\n')
}

/** Those who were removed: whoever never came has nothing open. */
function goneFrom({ seats, members }: Chaos): readonly Seat[] {
  return seats.filter((seat) => !members.includes(seat) && seat.provider !== null)
}

async function expectToldOff(chaos: Chaos): Promise<void> {
  for (const { closings } of goneFrom(chaos)) {
    await vi.waitFor(() => expect(closings).toMatchObject([{ code: expect.stringMatching(GONE) as string }]), PATIENCE)
  }
}

/** Nothing sealed after a device was removed opens with a key that any run of it ever had. */
async function expectShutOut(path: string, chaos: Chaos): Promise<void> {
  const { members } = chaos
  const gone = goneFrom(chaos)
  const witness = members[0]?.provider?.membership
  if (!witness) return expect(gone).toEqual([])
  const store = openSqliteStore({ path })
  const page = await store.read(witness.documentId, 0, { entries: 1e6, bytes: 1e9 })
  await store.close()
  const entries = page.map(({ seq, envelope }) => ({ seq, envelope: new Envelope(envelope) }))
  for (const seat of gone) {
    const [{ device }] = seat.memberships as [Membership]
    const after = entries.filter(({ seq, envelope }) => {
      const isGone =
        witness.members.certificateAt(device.id, seq) !== null && witness.members.roleAt(device.id, seq) === 'none'
      return isGone && (envelope.kind === KIND.update || envelope.kind === KIND.bind)
    })
    expect(after.filter(({ envelope }) => seat.memberships.some((run) => isOpenTo(run, envelope)))).toEqual([])
  }
}

function isOpenTo(run: Membership, envelope: Envelope): boolean {
  const keys = run.members.epochs.flatMap(({ epoch }) => run.keyOf(epoch)?.exportKey() ?? [])
  return keys.some((key) => opensWith(key, envelope))
}
