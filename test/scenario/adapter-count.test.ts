/** What Hocuspocus counts as unsynced is what no relay has acknowledged from disk: acknowledgements are held back, and let go. */
import type { HocuspocusProvider } from '@hocuspocus/provider'
import { createDecoder, readVarString, readVarUint } from 'lib0/decoding'
import { expect, it, vi } from 'vitest'

import { joinHocuspocus, type HocuspocusPeer } from '../support/adapters/hocuspocus-peer.ts'
import { syncedProvider } from '../support/adapters/hocuspocus-table.ts'
import { setStage, type Stage } from '../support/stage.ts'

const SLOW = { timeout: 15_000 }

async function sitDown(): Promise<{ stage: Stage; alice: HocuspocusPeer; statuses: number[] }> {
  const stage = await setStage()
  const { key, room, lying } = stage
  const alice = await joinHocuspocus({ relay: lying, key, room })
  const statuses: number[] = []
  alice.provider.on('message', ({ event }: { event: MessageEvent<ArrayBuffer> }) => {
    const decoder = createDecoder(new Uint8Array(event.data))
    readVarString(decoder)
    if (readVarUint(decoder) === 8) statuses.push(readVarUint(decoder))
  })
  await syncedProvider(alice)
  return { stage, alice, statuses }
}

function holdAcks({ lying }: Stage): () => void {
  const release: (() => void)[] = []
  lying.toClient = (frame, message, link) => {
    if (frame?.type !== 'ack') return undefined
    release.push(() => link.toClient(message))
    return []
  }
  return () => {
    lying.repent()
    for (const each of release) each()
  }
}

async function readByOthers(stage: Stage, text: string): Promise<void> {
  const reader = await stage.watchHonestly()
  await vi.waitFor(() => expect(reader.text).toBe(text), SLOW)
}

function countsOf(provider: HocuspocusProvider): number[] {
  const counts: number[] = []
  provider.on('unsyncedChanges', ({ number }: { number: number }) => counts.push(number))
  return counts
}

it('[CL65] stays as it is while the relay does not acknowledge, though others read it already', async () => {
  const { stage, alice } = await sitDown()
  const release = holdAcks(stage)
  const counts = countsOf(alice.provider)
  alice.text.insert(0, 'read')
  await readByOthers(stage, 'read')
  expect([counts, alice.provider.hasUnsyncedChanges]).toEqual([[1], true])
  release()
  await vi.waitFor(() => expect(counts).toEqual([1, 0]), SLOW)
})

it('[CL65] begins anew with a forced sync: one status stands for everything, when all of it is saved', async () => {
  const { stage, alice, statuses } = await sitDown()
  const release = holdAcks(stage)
  const counts = countsOf(alice.provider)
  statuses.length = 0
  for (const letter of 'abc') alice.text.insert(0, letter)
  alice.provider.forceSync()
  await readByOthers(stage, 'cba')
  expect([counts, statuses]).toEqual([[1, 2, 3, 1], []])
  release()
  await vi.waitFor(() => expect(alice.provider.unsyncedChanges).toBe(0), SLOW)
  expect([counts, statuses]).toEqual([[1, 2, 3, 1, 0], [1]])
})

it('[CL65] begins anew with a new socket: what the provider had queued is not counted twice', async () => {
  const { stage, alice, statuses } = await sitDown()
  stage.lying.stand(null)
  await vi.waitFor(() => expect(alice.socket.status).not.toBe('connected'), SLOW)
  statuses.length = 0
  for (const letter of 'abc') alice.text.insert(0, letter)
  expect(alice.provider.unsyncedChanges).toBe(3)
  stage.lying.stand(stage.honest)
  await readByOthers(stage, 'cba')
  await syncedProvider(alice)
  expect(statuses).toEqual([1])
}, 40_000)
