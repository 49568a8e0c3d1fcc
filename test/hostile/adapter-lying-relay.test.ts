/** A relay that lies to an app with somebody else's provider: the provider is told in the words that it has. */
import { expect, it, vi } from 'vitest'

import { attach, openSocket } from '../support/adapters/hocuspocus-peer.ts'
import { joinStock } from '../support/adapters/y-websocket-peer.ts'
import { synced } from '../support/adapters/y-websocket-table.ts'
import { turnBit } from '../support/lying-relay.ts'
import { copyOf, setStage, startHonestRelay } from '../support/stage.ts'
import * as Y from 'yjs'

const SLOW = { timeout: 20_000 }

it('T5 [CL60] a relay that was rolled back, and takes nothing back, is told of; y-websocket tries on, and takes nothing of it', async () => {
  const stage = await setStage()
  const reports: string[] = []
  const alice = await joinStock({
    relay: stage.lying,
    key: stage.key,
    room: stage.room,
    socket: { onIntegrity: ({ code }) => void reports.push(code) },
  })
  const write = async (text: string): Promise<void> => {
    alice.text.insert(alice.text.length, text)
    const reader = await stage.watch()
    await vi.waitFor(() => expect(reader.text).toBe(alice.text.toJSON()), SLOW)
    reader.peer.close()
  }
  await synced(alice)
  await write('first ')
  const old = await copyOf(stage.honest, [stage.lying])
  stage.lying.stand(await startHonestRelay([stage.lying], stage.honest.data))
  await vi.waitFor(() => expect(alice.provider.synced).toBe(true), SLOW)
  await write('second ')
  // Heads are signed when a document is opened: one more, for both.
  stage.lying.cut()
  await vi.waitFor(() => expect(alice.provider.synced).toBe(false), SLOW)
  await vi.waitFor(() => expect(alice.provider.synced).toBe(true), SLOW)
  expect(reports).toEqual([])
  stage.lying.toRelay = (frame) => (frame?.type === 'show-head' || frame?.type === 'restore' ? [] : undefined)
  stage.lying.stand(await startHonestRelay([stage.lying], old))
  await vi.waitFor(() => expect(reports).toEqual(['ROLLBACK']), SLOW)
  expect([alice.text.toJSON(), alice.provider.synced]).toEqual(['first second ', false])
  // It gives back what it had signed once it may.
  stage.lying.repent()
  stage.lying.cut()
  await vi.waitFor(() => expect(alice.provider.synced).toBe(true), SLOW)
  const stranger = await stage.watch()
  await vi.waitFor(() => expect(stranger.text).toBe('first second '), SLOW)
}, 60_000)

it('T2 [CL60] [CL66] a relay that alters what it hands out never makes Hocuspocus synced with less', async () => {
  const stage = await setStage()
  const writer = await stage.watch()
  await writer.peer.provider.whenSynced()
  writer.peer.text.insert(0, 'the whole truth')
  await writer.peer.provider.whenSaved()
  // Every entry, a bit of its ciphertext.
  stage.lying.toClient = (frame, message) =>
    frame?.type === 'entries' ? [turnBit(message, message.length - 100)] : undefined
  const doc = new Y.Doc()
  const reports: string[] = []
  const socket = await openSocket({
    relay: stage.lying,
    options: { key: stage.key, doc, name: stage.room, onIntegrity: ({ code }) => void reports.push(code) },
  })
  const provider = attach(socket, stage.room, doc)
  await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0), SLOW)
  expect([provider.synced, provider.isAuthenticated, doc.getText('note').toJSON()]).toEqual([false, false, ''])
})
