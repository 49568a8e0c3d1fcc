/**
 * The relay's disk is full, or its database is held by somebody else: nobody is told that something is stored which is not, and all of it is
 * stored once there is room.
 */
import { createMemoryKeyStore } from '@y-sealed/client'
import Database from 'better-sqlite3'
import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'

import { auditDatabase } from '../../server/audit/audit-database.ts'
import { canMount, DiskRelay } from '../support/disk-relay.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { createScene, expectSound, watch, type Witness } from '../support/stage.ts'

const MIB = 1 << 20

if (!canMount) console.warn('!! no small disk can be mounted here: SKIPPING the relay on a full one')

/** Two people in a room, of whom the first types without pause, a kilobyte that nothing can compress at a time. */
async function startTyping(relay: { readonly url: string; readonly ca: string }): Promise<{
  readonly alice: Witness
  readonly bob: Witness
  readonly stop: () => void
}> {
  const scene = await createScene()
  const alice = await watch({ relay, access: scene.access(), keys: createMemoryKeyStore() })
  await alice.peer.provider.whenSynced()
  const bob = await watch({ relay, access: scene.access(), keys: createMemoryKeyStore() })
  await bob.peer.provider.whenSynced()
  const type = (): void => {
    const line = Buffer.from(crypto.getRandomValues(new Uint8Array(768))).toString('base64')
    alice.peer.text.insert(alice.peer.text.length, `${line}\n`)
  }
  const timer = setInterval(type, 5)
  return { alice, bob, stop: () => clearInterval(timer) }
}

/** Alice's provider says that everything is saved, Bob has it, and the database holds each entry that was promised. */
async function expectWhole(alice: Witness, bob: Witness, findDatabase: () => string): Promise<void> {
  await alice.peer.provider.whenSaved()
  await vi.waitFor(() => expect(bob.text).toBe(alice.text), { timeout: 30_000 })
  await vi.waitFor(() => expect(bob.peer.provider.head).toEqual(alice.peer.provider.head), { timeout: 30_000 })
  expectSound(alice, bob)
  expect([alice.reports, bob.reports]).toEqual([[], []])
  // Word on a snapshot may still come, and is no edit.
  await vi.waitFor(
    async () => {
      const { entries, faults } = await auditDatabase({ path: findDatabase() })
      expect({ entries, faults }).toEqual({ entries: alice.peer.provider.head.seq, faults: 0 })
    },
    { timeout: 30_000, interval: 500 },
  )
}

describe.skipIf(!canMount)('a relay whose disk is full', () => {
  it(
    'T20 [H16] [I3] acknowledges nothing more, keeps its sockets and its head, and stores the rest when there is room',
    { timeout: 120_000 },
    async () => {
      const relay = await DiskRelay.start(16 * MIB)
      const { alice, bob, stop } = await startTyping(relay)
      await vi.waitUntil(() => alice.peer.provider.head.seq > 20, { timeout: 20_000 })
      relay.fill(MIB)
      // It stops being saved …
      await vi.waitUntil(() => relay.output.includes('STORE_FULL'), { timeout: 30_000 })
      await vi.waitUntil(() => alice.peer.provider.unsyncedChanges > 20, { timeout: 30_000 })
      const { seq } = alice.peer.provider.head
      const isSaved = vi.fn<() => void>()
      alice.peer.provider.on('saved', isSaved)
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      expect([alice.peer.provider.head.seq, isSaved.mock.calls.length, relay.hasEnded]).toEqual([seq, 0, false])
      // … for anybody.
      expect(bob.peer.provider.head.seq).toBe(seq)
      stop()
      relay.makeRoom()
      await expectWhole(alice, bob, () => relay.copyDatabase())
    },
  )
})

it(
  'T20 [H16] a database that another program holds for longer than the relay waits: nothing is acknowledged, then all is',
  { timeout: 120_000 },
  async () => {
    const relay = await MortalRelay.start(['--log-level', 'warn'])
    const { alice, bob, stop } = await startTyping({ url: relay.url, ca: readFileSync(relay.caPath, 'utf8') })
    await vi.waitUntil(() => alice.peer.provider.head.seq > 20, { timeout: 20_000 })
    const other = new Database(relay.databasePath)
    other.exec('BEGIN IMMEDIATE')
    await vi.waitUntil(() => relay.log.includes('STORE_BUSY'), { timeout: 30_000 })
    const { seq } = alice.peer.provider.head
    expect(alice.peer.provider.unsyncedChanges).toBeGreaterThan(0)
    other.exec('ROLLBACK')
    other.close()
    stop()
    await expectWhole(alice, bob, () => relay.databasePath)
    expect(alice.peer.provider.head.seq).toBeGreaterThan(seq)
  },
)
