/** What an earlier run sealed (Outbox) is never called saved, never leaves the outbox, and is not shown when sealed anew. */
import { createMemoryKeyStore, createMemoryOutbox } from '@y-sealed/client'
import { encodeRelayFrame, type Envelope } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'
import { setStage, type Stage } from '../support/stage.ts'

async function leaveUnsent(stage: Stage) {
  const keys = createMemoryKeyStore()
  const outbox = createMemoryOutbox()
  const first = await stage.watch({ keys, provider: { outbox } })
  await first.peer.provider.whenSynced()
  first.peer.text.insert(0, 'one ')
  await first.peer.provider.whenSaved()
  stage.lying.toRelay = (frame) => (frame?.type === 'push' ? [] : undefined)
  first.peer.text.insert(4, 'two ')
  await vi.waitFor(async () => expect(await outbox.list(stage.document.id)).toHaveLength(1))
  first.peer.close()
  stage.lying.repent()
  return { keys, outbox }
}

it('[CL6] a restored edit becomes saved, and leaves the outbox', async () => {
  const stage = await setStage()
  const { keys, outbox } = await leaveUnsent(stage)
  const again = await stage.watch({ keys, provider: { outbox } })
  await again.peer.provider.whenSynced()
  await vi.waitFor(() => expect(again.text).toBe('one two '))
  await vi.waitFor(async () => {
    expect(again.peer.provider.unsyncedChanges).toBe(0)
    expect(await outbox.list(stage.document.id)).toHaveLength(0)
  })
})

it('[LO8] a restored edit that is sealed anew is shown to its own author too', async () => {
  const stage = await setStage()
  const { keys, outbox } = await leaveUnsent(stage)
  let once = true
  stage.lying.toRelay = (frame, _message, link) => {
    if (frame?.type !== 'push' || !once) return undefined
    once = false
    const { session, counter } = frame.envelopes[0] as Envelope
    link.toClient(
      encodeRelayFrame({
        type: 'nack',
        refused: 6,
        document: stage.document.id,
        session,
        counter,
        code: 40907,
        retryAfterMs: 0,
        detail: 0,
        attachment: new Uint8Array(0),
      }),
    )
    return []
  }
  const again = await stage.watch({ keys, provider: { outbox } })
  await again.peer.provider.whenSynced()
  const bob = await stage.watchHonestly()
  await vi.waitFor(() => expect([bob.text, again.text]).toEqual(['one two ', 'one two ']))
})

it('[CL5] an item of the outbox that does not open does not keep the provider from starting', async () => {
  const stage = await setStage()
  const { keys, outbox } = await leaveUnsent(stage)
  const list = outbox.list.bind(outbox)
  outbox.list = async (document) =>
    (await list(document)).map((item) => {
      const envelope = item.envelope.slice()
      envelope[140] = (envelope[140] as number) ^ 1
      return { ...item, envelope }
    })
  const again = await stage.watch({ keys, provider: { outbox } })
  await again.peer.provider.whenSynced()
  expect(again.peer.provider.status).toBe('connected')
})

it('[CL5] an outbox that cannot be read at first is read at the next connect()', async () => {
  const stage = await setStage()
  const outbox = createMemoryOutbox()
  const list = outbox.list.bind(outbox)
  let isBusy = true
  outbox.list = (document) => (isBusy ? Promise.reject(new Error('busy')) : list(document))
  const { provider } = (await stage.watch({ provider: { outbox, connect: false } })).peer
  await expect(provider.whenKept()).rejects.toThrow('busy')
  isBusy = false
  provider.connect()
  await provider.whenSynced()
  expect(provider.status).toBe('connected')
})
