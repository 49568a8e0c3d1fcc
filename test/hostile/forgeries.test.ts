/**
 * Row H10 at the relay: signatures that do not hold, one after another. It verifies proofs of HELLO and signatures of records; those of
 * updates are the readers' to verify, see `forged-updates.test.ts`.
 */
import { readWholeEnvelope, type Envelope } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { createScene } from '../support/aftermath.ts'
import { CoreWorld } from '../support/core-world.ts'
import { turnBit } from '../support/lying-relay.ts'
import { createTestDevice, type RawClient } from '../support/raw-client.ts'
import { createRoomDocument, TestWriter } from '../support/room-document.ts'
import { ALL, startTestRelay, type TestRelay } from '../support/test-relay.ts'

const limits = { countsLoopback: true, socketsPerSubject: 100, networkUpgrades: { perSecond: 1_000, burst: 1_000 } }

const spoilt = ({ bytes }: Envelope): Envelope => readWholeEnvelope(turnBit(bytes, -1)) as Envelope

/** A socket of `subject` whose proof does not hold; the code with which it was closed. */
async function forgeProof(relay: TestRelay, subject: string): Promise<number> {
  const { id } = createRoomDocument()
  const device = createTestDevice()
  const client = relay.connect(relay.token(id, device, ALL, { sub: subject }), device)
  await client.hello({ signature: createTestDevice().sign(new Uint8Array(1)) })
  return (await client.ended).code
}

/** A socket of `subject` with a document open that is not there yet, and its first record with a signature that does not hold. */
async function openForger(relay: TestRelay, subject: string): Promise<{ client: RawClient; record: Envelope }> {
  const document = createRoomDocument()
  const device = createTestDevice()
  const client = await relay.client({
    document: document.id,
    device,
    token: relay.token(document.id, device, ALL, { sub: subject }),
  })
  client.open(document.id)
  await client.nextOf('opened')
  return { client, record: spoilt(new TestWriter(document, device).genesis().envelope) }
}

describe('proofs of HELLO that do not hold', () => {
  it('T23 [H10] nineteen are closed with 4401, and with the twentieth a person is shown the door with 4403', async () => {
    // The network is this machine's own, which is not counted: it is the person who is.
    const scene = await createScene(await startTestRelay({ limits: { ...limits, countsLoopback: false } }))
    const codes: number[] = []
    for (let i = 0; i < 25; i++) codes.push(await forgeProof(scene.relay, 'mallory'))
    expect(codes).toEqual([...Array.from({ length: 19 }, () => 4401), ...Array.from({ length: 6 }, () => 4403)])
    // Others, and even others of the same name: whoever has the key comes in.
    for (const subject of ['alice', 'mallory']) (await openForger(scene.relay, subject)).client.terminate()
    await scene.expectUnharmed()
  })

  it('T23 [H10] names that change help nobody: the network counts them together', async () => {
    const scene = await createScene(await startTestRelay({ limits }))
    const codes: number[] = []
    for (let i = 0; i < 20; i++) codes.push(await forgeProof(scene.relay, `mallory-${i}`))
    expect(codes.at(-2)).toBe(4401)
    expect(codes.at(-1)).toBe(4403)
    await scene.expectUnharmed()
  })

  it('T23 [H10] they are forgotten, three a minute', async () => {
    const world = await CoreWorld.start()
    const forge = async (): Promise<number | undefined> => {
      const peer = world.connect(world.token(createRoomDocument().id))
      await peer.say(peer.hello({ signature: new Uint8Array(64) }))
      return peer.closed?.code
    }
    for (let i = 0; i < 20; i++) await forge()
    expect(await forge()).toBe(4403)
    world.clock.advance(19_000)
    expect(await forge()).toBe(4403)
    world.clock.advance(40_000)
    expect([await forge(), await forge()]).toEqual([4401, 4403])
  })
})

describe('records whose signature does not hold', () => {
  it('T23 [H10] at line rate on one socket: refused one by one, closed with 4403 at the twentieth', async () => {
    const scene = await createScene(await startTestRelay({ limits: { ...limits, strikes: 1_000 } }))
    const { client, record } = await openForger(scene.relay, 'mallory')
    for (let i = 0; i < 1_000; i++) client.send({ type: 'push', envelopes: [record] })
    expect((await client.ended).code).toBe(4403)
    const nacks = client.frames.filter((frame) => frame.type === 'nack')
    expect(nacks).toHaveLength(20)
    expect(new Set(nacks.map(({ code }) => code))).toEqual(new Set([40_000]))
    expect((await scene.relay.store.status([record.document]))[0]).toBeNull()
    await scene.expectUnharmed()
  })

  it('T23 [F10] [H10] two end a socket with 4529, and ten such sockets end the coming back', async () => {
    const scene = await createScene(await startTestRelay({ limits }))
    const codes: number[] = []
    for (let i = 0; i < 11; i++) {
      const { client, record } = await openForger(scene.relay, 'mallory')
      for (let n = 0; n < 3; n++) client.send({ type: 'push', envelopes: [record] })
      codes.push((await client.ended).code)
    }
    expect(codes).toEqual([...Array.from({ length: 9 }, () => 4529), 4403, 4403])
    await scene.expectUnharmed()
  })
})
