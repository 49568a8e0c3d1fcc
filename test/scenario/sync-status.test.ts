/** What a person is told while a real relay answers late, dies, comes back, is rolled back, and while a writer forges. */
import type { SyncStatus } from '@y-sealed/client'
import { createMemoryOutbox } from '@y-sealed/client'
import { expect, it, vi } from 'vitest'

import { showEntries, turnBit } from '../support/lying-relay.ts'
import { createTestDevice } from '../support/raw-client.ts'
import { copyOf, setStage, startHonestRelay, whenSigned, type Stage, type Witness } from '../support/stage.ts'

async function writeOnce(): Promise<{ stage: Stage; alice: Witness; told: SyncStatus['kind'][] }> {
  const stage = await setStage()
  const alice = await stage.watch({ provider: { outbox: createMemoryOutbox() } })
  const { provider } = alice.peer
  const told: SyncStatus['kind'][] = [provider.syncStatus.kind]
  provider.on('syncStatus', ({ kind }) => told.push(kind))
  await provider.whenSynced()
  alice.peer.text.insert(0, 'first ')
  await provider.whenSaved()
  return { stage, alice, told }
}

const kindOf = ({ peer }: Witness): SyncStatus['kind'] => peer.provider.syncStatus.kind

async function becomes(witness: Witness, kind: SyncStatus['kind']): Promise<void> {
  await vi.waitFor(() => expect(kindOf(witness)).toBe(kind), { timeout: 15_000 })
}

it('[CL6] [CL22] tells of saved only once the relay has acknowledged', async () => {
  const { stage, alice } = await writeOnce()
  await becomes(alice, 'saved')
  const held: Uint8Array<ArrayBuffer>[] = []
  stage.lying.toClient = (frame, message) => (frame?.type === 'ack' ? (held.push(message), []) : undefined)
  alice.peer.text.insert(0, 'second ')
  await vi.waitFor(() => expect(held).not.toEqual([]))
  expect(kindOf(alice)).toBe('syncing')
  expect(alice.peer.provider.syncStatus.unsaved).toBe(1)
  // What the relay has is asked for again when the document is opened anew.
  stage.lying.repent()
  stage.lying.cut()
  await becomes(alice, 'saved')
})

it('[CL22] tells of offline while nothing answers, not of every attempt, and of saved afterwards', async () => {
  const { stage, alice, told } = await writeOnce()
  stage.lying.stand(null)
  await becomes(alice, 'offline')
  told.length = 0
  alice.peer.text.insert(0, 'kept ')
  const attempts: string[] = []
  alice.peer.provider.on('status', ({ status }) => attempts.push(status))
  await vi.waitFor(() => expect(attempts.length).toBeGreaterThan(3), { timeout: 10_000 })
  expect(alice.peer.provider.syncStatus).toMatchObject({ kind: 'offline', unsaved: 1, storage: 'kept' })
  expect(new Set(told)).toEqual(new Set(['offline']))
  stage.lying.stand(stage.honest)
  await becomes(alice, 'saved')
})

it('[K9] [LO6] [CL22] tells of a relay that was rolled back, and of nothing else until it shows all of it again', async () => {
  const { stage, alice } = await writeOnce()
  const old = await copyOf(stage.honest, [stage.lying])
  stage.lying.stand(await startHonestRelay([stage.lying], stage.honest.data))
  alice.peer.text.insert(0, 'second ')
  await alice.peer.provider.whenSaved()
  await whenSigned(alice)
  stage.lying.stand(await startHonestRelay([stage.lying], old))
  stage.lying.toRelay = (frame) => (frame?.type === 'show-head' ? [] : undefined)
  await becomes(alice, 'rolled-back')
  expect(alice.peer.provider.syncStatus).toMatchObject({
    kind: 'rolled-back',
    report: { code: 'ROLLBACK', fatal: false },
  })
  alice.peer.provider.dismissAlert()
  expect(kindOf(alice)).toBe('rolled-back')
  stage.lying.repent()
  stage.lying.cut()
  await becomes(alice, 'saved')
})

it('[CL22] tells of an entry that does not count until the person has read of it', async () => {
  const { stage, alice } = await writeOnce()
  const mallory = await stage.intrude(createTestDevice())
  const sealed = [mallory.writer.bind(4711), mallory.writer.update(new Uint8Array([1, 2, 3]))]
  mallory.client.send({ type: 'push', envelopes: sealed.map(({ envelope }) => envelope) })
  await becomes(alice, 'tampered')
  expect(alice.peer.provider.syncStatus).toMatchObject({ report: { code: 'ENTRY_REFUSED', fatal: false } })
  alice.peer.provider.dismissAlert()
  expect(kindOf(alice)).toBe('saved')
})

it('[K1] [CL22] tells of what was altered on its way until it is read anew, and of what was withheld until it comes', async () => {
  const { stage, alice } = await writeOnce()
  const bob = await stage.watchHonestly()
  await bob.peer.provider.whenSynced()
  let lies = 0
  stage.lying.toClient = showEntries(({ seq, envelope }) => [
    { seq, envelope: lies++ === 0 ? turnBit(envelope, -1) : envelope },
  ])
  bob.peer.text.insert(0, 'altered ')
  await becomes(alice, 'tampered')
  await becomes(alice, 'saved')
  expect(alice.peer.text.toJSON()).toBe('altered first ')
  const { seq } = alice.peer.provider.head
  stage.lying.toClient = showEntries((entry) => (entry.seq === seq + 1 ? [] : [entry]))
  bob.peer.text.insert(0, 'withheld ')
  await becomes(alice, 'tampered')
  expect(alice.peer.provider.syncStatus).toMatchObject({ report: { code: 'WITHHELD', seq: seq + 1 } })
  stage.lying.repent()
  // Asked for again by itself: nothing else has to happen.
  await becomes(alice, 'saved')
  expect(alice.peer.text.toJSON()).toBe('withheld altered first ')
})

it('[CL22] tells of an outbox that keeps nothing as of storage that is off', async () => {
  const stage = await setStage()
  const outbox = { ...createMemoryOutbox(), put: () => Promise.reject(new Error('the disk is full')) }
  const alice = await stage.watch({ provider: { outbox } })
  await alice.peer.provider.whenSynced()
  const told: string[] = []
  alice.peer.provider.on('syncStatus', ({ kind, storage }) => told.push(`${kind}, ${storage}`))
  alice.peer.text.insert(0, 'x')
  await vi.waitFor(() => expect(told).toContain('syncing, off'))
  await alice.peer.provider.whenSaved()
  // Nothing is here any more that could be lost.
  await vi.waitFor(() => expect(told.at(-1)).toBe('saved, kept'))
})
