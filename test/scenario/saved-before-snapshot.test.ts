/**
 * A device that died between an ACK and the forgetting of what it was for, and comes back when a snapshot stands for that part of the log.
 */
import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  type DocumentStore,
} from '@y-sealed/client'
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { createScene, startHonestRelay, watch, type Witness } from '../support/stage.ts'

const LIMITS = { soonEntries: 20, compactionPauseMs: 100, trimAgeMs: 1, trimIntervalMs: 100 }
const snapshotPace = { electionMs: 20, attestationMs: 50 }

async function type({ peer }: Witness, words: number): Promise<void> {
  for (let i = 0; i < words; i++) {
    peer.text.insert(peer.text.length, `${i} `)
    await peer.provider.flush()
  }
}

it.each([
  ['a word', 'a word of Alice, '],
  ['a paste in parts', `${'a book '.repeat(20_000)}, `],
])('[CL6] [CL13] [LO10] %s that was saved is known to be, and is not kept for ever', async (_, words) => {
  const scene = await createScene()
  const relay = await startHonestRelay([], undefined, LIMITS)
  const come = (
    provider: Parameters<typeof watch>[0]['provider'] = {},
    keys = createMemoryKeyStore(),
  ): Promise<Witness> => watch({ relay, access: scene.access(), keys, provider: { snapshotPace, ...provider } })
  const [keys, outbox] = [createMemoryKeyStore(), createMemoryOutbox()]
  const alice = await come({ outbox: { ...outbox, remove: () => Promise.resolve() } }, keys)
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, words)
  await alice.peer.provider.whenSaved()
  const { head, documentId } = alice.peer.provider
  alice.peer.close()
  expect(await outbox.list(documentId)).not.toEqual([])

  const [bob, carol] = [await come(), await come()]
  await Promise.all([bob, carol].map(({ peer }) => peer.provider.whenSynced()))
  await type(carol, 1)
  // The relay keeps what lies behind the second newest that was vouched for.
  while (readBase(relay.data) <= head.seq) await type(bob, 5)

  const store: DocumentStore = createMemoryDocumentStore()
  const again = await come({ outbox, store }, keys)
  await again.peer.provider.whenSynced()
  await vi.waitFor(async () => expect((await store.extent(documentId)).baseSeq).toBeGreaterThan(head.seq))
  await vi.waitFor(async () => expect(await outbox.list(documentId)).toEqual([]))
  expect(again.peer.provider.unsyncedChanges).toBe(0)
  expect(again.text === bob.text && again.text.split(words).length === 2).toBe(true)
  expect([...again.problems, ...again.reports, ...bob.reports]).toEqual([])
  again.peer.text.insert(0, 'and goes on: ')
  await again.peer.provider.flush()
  await vi.waitFor(() => expect(bob.text.startsWith('and goes on: ')).toBe(true))
})

/** Up to where the relay has let go of the bodies. */
function readBase(data: string): number {
  const database = new Database(join(data, 'relay.db'), { readonly: true })
  try {
    return database.prepare('SELECT base FROM documents').pluck().get() as number
  } finally {
    database.close()
  }
}
