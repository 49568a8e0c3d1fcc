/** Edits that are stuck, or called saved too soon. */
import { createMembersDocument, createMemoryKeyStore, loadDevice } from '@y-sealed/client'
import { encodeRelayFrame, type Envelope } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'
import { setStage, watch } from '../support/stage.ts'

it('[LO8] members mode: a bind that must be sealed anew is, and the edit behind it leaves', async () => {
  const stage = await setStage()
  const keys = createMemoryKeyStore()
  const access = await createMembersDocument(await loadDevice(keys), keys)
  let genesis = true
  let once = true
  stage.lying.toRelay = (frame, _message, link) => {
    if (frame?.type !== 'push' || !once) return undefined
    if (genesis) return ((genesis = false), undefined)
    once = false
    const { session, counter } = frame.envelopes[0] as Envelope
    link.toClient(
      encodeRelayFrame({
        type: 'nack',
        refused: 6,
        document: access.documentId,
        session,
        counter,
        code: 40906, // SEEN_TOO_OLD
        retryAfterMs: 0,
        detail: 0,
        attachment: new Uint8Array(0),
      }),
    )
    return []
  }
  const alice = await watch({ relay: stage.lying, access, keys })
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'one ')
  await alice.peer.provider.whenSaved()
  expect(once).toBe(false)
  expect(alice.peer.provider.unsyncedChanges).toBe(0)
})

it('[CL6] an edit made while the token was read-only is not called saved before it is', async () => {
  const stage = await setStage()
  const alice = await stage.watch()
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'one ')
  await alice.peer.provider.whenSaved()
  const link = stage.lying.links.at(-1)
  const rights = (permissions: number): void =>
    link?.toClient(
      encodeRelayFrame({
        type: 'refreshed',
        document: stage.document.id,
        role: 'none',
        permissions,
        expiresAtMs: Date.now() + 300_000,
      }),
    )
  rights(1)
  await vi.waitFor(() => expect(alice.peer.provider.readOnly).toBe(true))
  alice.peer.text.insert(4, 'two ')
  expect.soft(alice.peer.provider.unsyncedChanges, 'while read-only').toBeGreaterThan(0)
  let held = 0
  stage.lying.toRelay = (frame) => (frame?.type === 'push' ? ((held += 1), []) : undefined)
  rights(15)
  await vi.waitFor(() => expect(held).toBeGreaterThan(0))
  // The edit is on its way now, and the relay does not have it.
  expect(alice.peer.provider.unsyncedChanges).toBeGreaterThan(0)
})
