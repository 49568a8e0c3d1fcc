/** What one tab of a device does to the log that it shares with another one: the relay is the test. */
import { createMemoryDocumentStore, type DocumentStore } from '@y-sealed/client'
import type { OpenedFrame, SignedHead } from '@y-sealed/protocol'
import { Session } from '@y-sealed/protocol/sealing'
import { expect, it, onTestFinished } from 'vitest'

import { History, type HistoryOptions } from '../../../client/log/history.ts'
import { Slices } from '../../../client/snapshots/slices.ts'
import { Workbench } from '../../../client/snapshots/workbench.ts'
import { signHead } from '../../../server/core/signed-head.ts'
import { createNote, type Note } from '../../support/members/note.ts'
import { createTestDevice } from '../../support/raw-client.ts'

const relay = createTestDevice()
const headKey = { publicKey: relay.signPublic, sign: (message: Uint8Array<ArrayBuffer>) => relay.sign(message) }

async function createLog(words: number): Promise<Note> {
  const note = await createNote()
  note.append(note.creator.bind())
  for (let i = 0; i < words; i++) note.append(note.creator.type(`word ${i} `))
  return note
}

/** A tab, and the heads that the relay signs for it. */
async function openTab({ creator, documentId, entries }: Note, store: DocumentStore) {
  const ignore = (): void => undefined
  const history = new History({
    access: creator.membership,
    store,
    tabs: undefined,
    headKey: () => relay.signPublic,
    read: () => true,
    askForSign: () => ignore,
    takeRecords: ignore,
    onBase: ignore,
    onTrouble: ignore,
    onWiped: ignore,
    onOutcomes: ignore,
    onCaughtUp: ignore,
    onForked: ignore,
    onSpoilt: ignore,
    onFallen: ignore,
    onHeld: ignore,
    onWaiting: ignore,
    onWithheld: ignore,
    onMadeGood: ignore,
    onDoubt: ignore,
  } satisfies HistoryOptions)
  onTestFinished(() => history.close())
  await history.load()
  const open = (head: SignedHead): void =>
    history.follower.opened({ present: true, head, through: head.seq } as OpenedFrame)
  /** Reads up to there, and is shown a signature for it. */
  const readSigned = (seq: number): void => {
    history.follower.offer(entries.slice(history.log.head.seq, seq))
    open(signHead(headKey, documentId, history.log.head))
  }
  return { history, open, readSigned }
}

it('[CL16] [CL30] a tab that goes back leaves what another one was shown a signature for', async () => {
  const store = createMemoryDocumentStore()
  const note = await createLog(4)
  const { documentId, entries } = note
  const slower = await openTab(note, store)
  slower.readSigned(3)
  const faster = await openTab(note, store)
  faster.readSigned(entries.length)
  await faster.history.whenKept()
  // It has heard of them by the other tab, and the relay was restored from a backup since.
  slower.history.follower.offer(entries.slice(3))
  await slower.history.rewind(3)
  expect((await store.extent(documentId)).lastSeq).toBe(entries.length)
  expect(slower.history.log.head.seq).toBe(entries.length)
  expect(slower.history.follower.furthest?.seq).toBe(entries.length)
})

it('[CL30] a tab that goes back alone forgets what nobody has signed', async () => {
  const store = createMemoryDocumentStore()
  const note = await createLog(4)
  const tab = await openTab(note, store)
  tab.readSigned(3)
  tab.history.follower.offer(note.entries.slice(3))
  await tab.history.rewind(3)
  expect([tab.history.log.head.seq, (await store.extent(note.documentId)).lastSeq]).toEqual([3, 3])
})

it('[CL30] [CL31] what a tab goes back behind is kept for quoting, once, however often the relay shows it', async () => {
  const store = createMemoryDocumentStore()
  const note = await createLog(4)
  const tab = await openTab(note, store)
  tab.readSigned(3)
  for (let times = 0; times < 3; times++) {
    tab.history.follower.offer(note.entries.slice(3))
    expect(tab.history.log.head.seq).toBe(note.entries.length)
    await tab.history.rewind(3)
  }
  const lost: string[] = []
  for await (const page of tab.history.lost.read()) lost.push(...page.map(({ bytes }) => bytes.join()))
  // In shared-key mode a quote says who its authors are by the bind that begins their session. [KM15]
  const kept = [...note.entries.slice(1, 2), ...note.entries.slice(3)]
  expect(lost).toEqual(kept.map(({ envelope }) => envelope.bytes.join()))
})

it('[CL30] [CL41] a log that is kept from a snapshot on still has the signature for the place where that ends', async () => {
  const store = createMemoryDocumentStore()
  const note = await createLog(4)
  const { creator, documentId } = note
  const before = await openTab(note, store)
  before.readSigned(3)
  await before.history.whenKept()
  const access = creator.membership
  const bench = new Workbench({ access, store, whenKept: () => before.history.whenKept() })
  const slices = new Slices()
  const rebuilt = await bench.rebuild(before.history.log.head, slices)
  const made = await bench.make(rebuilt!, new Session(documentId, creator.device), access.keyOf(1)!, slices)
  await bench.shelve(made!)
  before.history.close()
  const { history } = await openTab(note, store)
  history.follower.offer(note.entries.slice(3))
  await history.rewind(0)
  const { log, follower } = history
  expect([log.baseSeq, log.head.seq, follower.signedHead?.seq, follower.furthest?.seq]).toEqual([3, 3, 3, 3])
})
