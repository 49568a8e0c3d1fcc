import { cryptoReady } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { ALL, CoreWorld, createDocument } from '../../../support/core-world.ts'
import { createRoomDocument, TestWriter } from '../../../support/room-document.ts'

await cryptoReady()

async function createScene() {
  const world = await CoreWorld.start()
  const document = createRoomDocument()
  const alice = await world.opened(document.id)
  const writer = new TestWriter(document, alice.device)
  await createDocument(alice, writer)
  const bob = await world.opened(document.id, ['read'])
  return { world, document, alice, bob, writer }
}

describe('presence', () => {
  it('[FR10] [G4] goes to the other readers as it came, and is never stored', async () => {
    const { world, document, alice, bob } = await createScene()
    const reader = await world.opened(document.id, ['read', 'awareness'])
    const blind = await world.opened(document.id, ['awareness'])
    const { envelope } = new TestWriter(document, reader.device).awareness()
    await reader.say({ type: 'awareness', envelope })
    for (const peer of [alice, bob]) expect(peer.all('awareness')[0]?.envelope.bytes).toEqual(envelope.bytes)
    expect(reader.frames).toEqual([])
    expect(blind.frames).toEqual([])
    expect((await world.store.status([document.id]))[0]?.head.seq).toBe(1)
  })

  it('[FR10] is handed to whoever opens, for thirty seconds after its last renewal', async () => {
    const { world, document, alice, writer } = await createScene()
    await alice.say({ type: 'awareness', envelope: writer.awareness().envelope })
    await world.pass(20_000)
    const second = writer.awareness().envelope
    await alice.say({ type: 'awareness', envelope: second })
    await world.pass(29_000)
    const early = await world.peer(document.id)
    await early.open(document.id)
    expect(early.all('awareness').map(({ envelope }) => envelope.bytes)).toEqual([second.bytes])
    await world.pass(2000)
    const late = await world.peer(document.id)
    await late.open(document.id)
    expect(late.all('awareness')).toEqual([])
  })

  it('[FR10] refuses a counter that does not rise', async () => {
    const { alice, bob, writer } = await createScene()
    const first = writer.awareness().envelope
    const second = writer.awareness().envelope
    await alice.say({ type: 'awareness', envelope: second })
    for (const envelope of [second, first]) {
      await alice.say({ type: 'awareness', envelope })
      expect(alice.take()).toMatchObject([{ type: 'nack', refused: 8, code: 40900, detail: 3 }])
    }
    expect(bob.all('awareness')).toHaveLength(1)
  })

  it('[FR10] tells the others which sessions went with a socket', async () => {
    const { world, document, alice, bob, writer } = await createScene()
    const again = new TestWriter(document, alice.device)
    await alice.say({ type: 'awareness', envelope: writer.awareness().envelope })
    await alice.say({ type: 'awareness', envelope: again.awareness().envelope })
    bob.take()
    alice.leave()
    await world.flush()
    const gone = bob.all('gone')
    expect(new Set(gone.map(({ session }) => session.join()))).toEqual(
      new Set([writer.session.id.join(), again.session.id.join()]),
    )
    expect(gone.every(({ device }) => device.join() === alice.device.id.join())).toBe(true)
    const late = await world.peer(document.id)
    await late.open(document.id)
    expect(late.all('awareness')).toEqual([])
  })

  it('[FR10] leaves a session standing that a newer socket has taken over', async () => {
    const { world, document, alice, bob, writer } = await createScene()
    await alice.say({ type: 'awareness', envelope: writer.awareness().envelope })
    const back = await world.opened(document.id, ALL, alice.device)
    await back.say({ type: 'awareness', envelope: writer.awareness().envelope })
    bob.take()
    alice.leave()
    await world.flush()
    expect(bob.frames).toEqual([])
    back.leave()
    await world.flush()
    expect(bob.all('gone')).toHaveLength(1)
  })

  it('lets one socket show four sessions of a document and no more', async () => {
    const { document, alice } = await createScene()
    for (let i = 0; i < 5; i++) {
      await alice.say({ type: 'awareness', envelope: new TestWriter(document, alice.device).awareness().envelope })
    }
    expect(alice.frames).toMatchObject([{ type: 'nack', code: 42900 }])
  })
})
