/**
 * Rows E and F of the security cases: raw WebSocket frames and raw messages against a relay over TLS. Each negative case also asks that
 * nothing was stored, that a second subscriber got nothing, and that the relay still serves.
 */
import { encodeClientFrame, HEADER_BYTES, OFFSET, type Bytes, type Envelope } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { createTestDevice, type RawClient } from '../support/raw-client.ts'
import { clientFrame, nextCloseCode, RawSocket, upgradeRequest } from '../support/raw-http.ts'
import { createRoomDocument, TestWriter, type TestDocument } from '../support/room-document.ts'
import { startTestRelay, type TestRelay, type TestRelayOptions } from '../support/test-relay.ts'

interface Scene {
  readonly relay: TestRelay
  readonly document: TestDocument
  readonly alice: RawClient
  readonly writer: TestWriter
  /** Somebody else who reads along. */
  readonly bob: RawClient
}

/** A document with a genesis and one update, open for Alice and Bob. */
async function createScene(options: TestRelayOptions = {}): Promise<Scene> {
  const relay = await startTestRelay(options)
  const document = createRoomDocument()
  const alice = await relay.client({ document: document.id })
  alice.open(document.id)
  await alice.nextOf('opened')
  const writer = new TestWriter(document, alice.device)
  alice.send({ type: 'push', envelopes: [writer.genesis().envelope] })
  await alice.nextOf('ack')
  alice.send({ type: 'push', envelopes: [writer.update().envelope] })
  await alice.nextOf('ack')
  const bob = await relay.client({ document: document.id, permissions: ['read'] })
  bob.open(document.id)
  await bob.nextOf('entries')
  return { relay, document, alice, writer, bob }
}

/** Another socket of Alice's device, with the document open. */
async function again({ relay, document }: Scene, device: Device): Promise<RawClient> {
  const client = await relay.client({ document: document.id, device })
  client.open(document.id)
  await client.nextOf('opened')
  return client
}

/** The log has `seq` entries, Bob was sent nothing more, and the relay lives. */
async function expectUntouched({ relay, document, bob }: Scene, seq = 2): Promise<void> {
  expect((await relay.store.status([document.id]))[0]?.head.seq).toBe(seq)
  const { length } = bob.frames
  await bob.settle()
  expect(bob.frames.slice(length).map(({ type }) => type)).toEqual(['pong'])
}

/** The same bytes with one field changed. */
function spoil(bytes: Bytes, at: number, ...values: readonly number[]): Bytes {
  const copy = bytes.slice()
  copy.set(values, at)
  return copy
}

const PUSH = 0x06
const message = (...parts: readonly Uint8Array[]): Bytes => {
  const out = new Uint8Array(1 + parts.reduce((length, part) => length + part.length, 0))
  out[0] = PUSH
  let at = 1
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Sends one message on a fresh socket and gives the code with which it was closed. */
async function closeCodeOf(scene: Scene, bytes: Bytes): Promise<number> {
  const client = await again(scene, scene.alice.device)
  client.sendBytes(bytes)
  return (await client.ended).code
}

async function openRaw(relay: TestRelay): Promise<RawSocket> {
  const socket = await RawSocket.connect(relay)
  socket.write(upgradeRequest(relay.token(createRoomDocument().id, null)))
  await socket.answer()
  return socket
}

describe('WebSocket frames', () => {
  it('T16 [E8] closes with 1003 on text, empty text too', async () => {
    const scene = await createScene()
    for (const text of ['hello', '', '{"__proto__":{}}']) {
      const client = await again(scene, scene.alice.device)
      client.sendBytes(text)
      expect((await client.ended).code).toBe(1003)
    }
    await expectUntouched(scene)
  })

  it('T16 [E9] closes with 1009 at the header of a message that is too long, without waiting for it', async () => {
    const relay = await startTestRelay()
    for (const length of [135_169, 2 ** 31, 2 ** 53 - 1]) {
      const socket = await openRaw(relay)
      socket.write(clientFrame(2, new Uint8Array(0), { length }))
      expect(await nextCloseCode(socket)).toBe(1009)
    }
    const beyond = await openRaw(relay)
    beyond.write(Buffer.from('82ffffffffffffffffff00000000', 'hex'))
    expect(await nextCloseCode(beyond)).toBe(1009)
    await relay.client({ document: createRoomDocument().id })
  })

  it('T16 [E1] [E2] [E3] [E4] [E5] closes with 1002 on frames that RFC 6455 forbids', async () => {
    const relay = await startTestRelay()
    const frames = [
      Buffer.from('820101', 'hex'),
      Buffer.from('c28000000000', 'hex'),
      Buffer.from('a28000000000', 'hex'),
      Buffer.from('838000000000', 'hex'),
      Buffer.from('8b8000000000', 'hex'),
      clientFrame(0, new Uint8Array(1)),
      Buffer.concat([clientFrame(2, new Uint8Array(1), { fin: false }), clientFrame(2, new Uint8Array(1))]),
      clientFrame(9, new Uint8Array(1), { fin: false }),
      clientFrame(9, new Uint8Array(126)),
    ]
    for (const frame of frames) {
      const socket = await openRaw(relay)
      socket.write(frame)
      expect([frame.toString('hex').slice(0, 8), await nextCloseCode(socket)]).toEqual([
        frame.toString('hex').slice(0, 8),
        1002,
      ])
    }
  })

  it('T16 [E11] closes with 1008 on a message in more than 64 fragments, empty ones too', async () => {
    const relay = await startTestRelay()
    for (const size of [1, 0]) {
      const socket = await openRaw(relay)
      const fragments = Array.from({ length: 70 }, (_, i) =>
        clientFrame(i === 0 ? 2 : 0, new Uint8Array(size), { fin: false }),
      )
      socket.write(Buffer.concat(fragments))
      expect(await nextCloseCode(socket)).toBe(1008)
    }
  })

  it('T16 [E19] closes with 4400 on an empty message', async () => {
    const scene = await createScene()
    expect(await closeCodeOf(scene, new Uint8Array(0))).toBe(4400)
    await expectUntouched(scene)
  })

  it('T16 [E7] takes text that is split well between fragments for what it is: text', async () => {
    const relay = await startTestRelay()
    const socket = await openRaw(relay)
    const text = Buffer.from('ä')
    socket.write(Buffer.concat([clientFrame(1, text.subarray(0, 1), { fin: false }), clientFrame(0, text.subarray(1))]))
    expect(await nextCloseCode(socket)).toBe(1003)
  })
})

describe('messages', () => {
  it('T16 [F1] closes with 4400 on every truncation of a push', { timeout: 60_000 }, async () => {
    const scene = await createScene()
    const whole = message(scene.writer.update().envelope.bytes)
    for (let length = 0; length < HEADER_BYTES + 1; length++) {
      expect([length, await closeCodeOf(scene, whole.slice(0, length))]).toEqual([length, 4400])
    }
    for (const length of [HEADER_BYTES + 2, whole.length - 64, whole.length - 1]) {
      expect([length, await closeCodeOf(scene, whole.slice(0, length))]).toEqual([length, 4400])
    }
    await expectUntouched(scene)
  })

  it('T16 [F2] closes with 4400 on an unknown version, kind, suite or flag', async () => {
    const scene = await createScene()
    const { bytes } = scene.writer.update().envelope
    for (const [at, value] of [
      [OFFSET.version, 0],
      [OFFSET.version, 2],
      [OFFSET.kind, 0],
      [OFFSET.kind, 9],
      [OFFSET.kind, 255],
      [OFFSET.suite, 0],
      [OFFSET.suite, 2],
      [OFFSET.flags, 1],
      [OFFSET.flags, 128],
    ] as const) {
      expect([at, value, await closeCodeOf(scene, message(spoil(bytes, at, value)))]).toEqual([at, value, 4400])
    }
    for (const type of [0, 0x0f, 0x20, 0x81, 0x83, 0xff]) {
      expect(await closeCodeOf(scene, new Uint8Array([type, ...bytes]))).toBe(4400)
    }
    await expectUntouched(scene)
  })

  it('T16 [F3] [F5] [F6] [F8] closes with 4400 on a length that does not fit, or is none, and on what must not be zero', async () => {
    const scene = await createScene()
    const { bytes } = scene.writer.update().envelope
    const length = bytes.length - 188
    const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
    const cases: Record<string, Bytes> = {
      'longer than it is': message(spoil(bytes, OFFSET.length, ...u32(length + 1))),
      'shorter than it is': message(spoil(bytes, OFFSET.length, ...u32(length - 1))),
      'a byte too many': message(bytes, new Uint8Array(1)),
      'less than a tag': message(spoil(bytes, OFFSET.length, ...u32(15))),
      'over the limit': message(spoil(bytes, OFFSET.length, ...u32(49_153))),
      'no padded length': message(spoil(bytes, OFFSET.length, ...u32(65 + 16)), new Uint8Array(1)),
      'the greatest': message(spoil(bytes, OFFSET.length, 255, 255, 255, 255)),
      'no nonce': message(spoil(bytes, OFFSET.nonce, ...new Uint8Array(24))),
      'no document': message(spoil(bytes, OFFSET.document, ...new Uint8Array(16))),
      'no device': message(spoil(bytes, OFFSET.device, ...new Uint8Array(16))),
      'epoch 0': message(spoil(bytes, OFFSET.epoch, 0, 0, 0, 0)),
    }
    for (const [name, bytes] of Object.entries(cases)) {
      expect([name, await closeCodeOf(scene, bytes)]).toEqual([name, 4400])
    }
    await expectUntouched(scene)
  })

  it('T16 [F3] [FR3] closes with 4400 on envelopes in one push that do not belong together', async () => {
    const scene = await createScene()
    const { writer, document, alice } = scene
    const [one, two, three] = writer.updates(3).map(({ envelope }) => envelope) as [Envelope, Envelope, Envelope]
    const other = new TestWriter(document, alice.device).update().envelope
    const foreign = new TestWriter(createRoomDocument(), alice.device).update().envelope
    for (const [name, envelopes] of Object.entries({
      'a counter left out': [one, three],
      'in the wrong order': [two, one],
      'the same twice': [one, one],
      'of two sessions': [one, other],
      'of two documents': [one, foreign],
      'a record in company': [writer.genesis().envelope, one],
      'awareness among them': [writer.awareness().envelope],
      none: [],
    })) {
      const code = await closeCodeOf(scene, message(...envelopes.map(({ bytes }) => bytes)))
      expect([name, code]).toEqual([name, 4400])
    }
    const many = new TestWriter(document, alice.device).updates(65).map(({ envelope }) => envelope.bytes)
    expect(await closeCodeOf(scene, message(...many))).toBe(4400)
    await expectUntouched(scene)
  })

  it('T16 [FR1] closes with 4400 on a message of more than 65 536 bytes that is no lone record', async () => {
    const scene = await createScene()
    const writer = new TestWriter(scene.document, scene.alice.device)
    const updates = [writer.update(new Uint8Array(40_000)), writer.update(new Uint8Array(40_000))]
    const bytes = message(...updates.map(({ envelope }) => envelope.bytes))
    expect(bytes.length).toBeGreaterThan(65_536)
    expect(await closeCodeOf(scene, bytes)).toBe(4400)
    await expectUntouched(scene)
  })

  it('[F7] [G6] answers a push for a document that is not open with NOT_OPEN', async () => {
    const scene = await createScene()
    const stranger = createRoomDocument()
    scene.alice.send({ type: 'push', envelopes: [new TestWriter(stranger, scene.alice.device).genesis().envelope] })
    expect(await scene.alice.nextOf('nack')).toMatchObject({ refused: PUSH, code: 40911, document: stranger.id })
    expect(await scene.relay.store.status([stranger.id])).toEqual([null])
    await expectUntouched(scene)
  })

  it('T14 [F9] refuses another device’s envelope, at five strikes each', async () => {
    const scene = await createScene()
    const foreign = new TestWriter(scene.document, createTestDevice())
    for (let i = 0; i < 2; i++) {
      scene.alice.send({ type: 'push', envelopes: [foreign.update().envelope] })
      expect(await scene.alice.nextOf('nack')).toMatchObject({ code: 40300 })
    }
    expect((await scene.alice.ended).code).toBe(4529)
    await expectUntouched(scene)
  })

  it('[F11] acknowledges a repeated push again, and stores and relays it once', async () => {
    const scene = await createScene()
    const { alice, writer, bob } = scene
    const envelopes = writer.updates(2).map(({ envelope }) => envelope)
    for (let i = 0; i < 3; i++) {
      alice.send({ type: 'push', envelopes })
      expect(await alice.nextOf('ack')).toMatchObject({ counter: 3, count: 2, seq: 3 })
    }
    const elsewhere = await again(scene, alice.device)
    elsewhere.send({ type: 'push', envelopes })
    expect(await elsewhere.nextOf('ack')).toMatchObject({ counter: 3, count: 2, seq: 3 })
    await bob.settle()
    expect(bob.frames.filter(({ type }) => type === 'entries')).toHaveLength(2)
    await expectUntouched(scene, 4)
  })

  it('T21 [F12] refuses another envelope at a counter that is taken', async () => {
    const scene = await createScene()
    const { alice, writer } = scene
    const { envelope } = writer.update()
    const twin = spoil(envelope.bytes, HEADER_BYTES, (envelope.bytes[HEADER_BYTES] as number) ^ 1)
    alice.send({ type: 'push', envelopes: [envelope] })
    await alice.nextOf('ack')
    alice.sendBytes(message(twin))
    expect(await alice.nextOf('nack')).toMatchObject({ counter: 3, code: 40901, detail: 3 })
    expect(await scene.bob.nextOf('entries')).toMatchObject({ seq: 3 })
    await expectUntouched(scene, 3)
  })

  it('[F13] refuses a counter that is not the next, and says which is', async () => {
    const scene = await createScene()
    const { alice, writer } = scene
    writer.update()
    alice.send({ type: 'push', envelopes: [writer.update().envelope] })
    expect(await alice.nextOf('nack')).toMatchObject({ counter: 4, code: 40900, detail: 3 })
    const { bytes } = writer.update().envelope
    alice.sendBytes(message(spoil(bytes, OFFSET.counter, 0, 31, 255, 255, 255, 255, 255, 255)))
    expect(await alice.nextOf('nack')).toMatchObject({ counter: 2 ** 53 - 1, code: 40900, detail: 3 })
    for (const counter of [new Uint8Array(8), new Uint8Array(8).fill(255), new Uint8Array([0, 32, 0, 0, 0, 0, 0, 0])]) {
      expect(await closeCodeOf(scene, message(spoil(bytes, OFFSET.counter, ...counter)))).toBe(4400)
    }
    await expectUntouched(scene)
  })

  it('[F14] refuses a prev that is not the last id of the session', async () => {
    const scene = await createScene()
    const { bytes } = scene.writer.update().envelope
    scene.alice.sendBytes(message(spoil(bytes, OFFSET.prev, (bytes[OFFSET.prev] as number) ^ 1)))
    expect(await scene.alice.nextOf('nack')).toMatchObject({ counter: 3, code: 40902, detail: 3 })
    await expectUntouched(scene)
  })

  it('[F15] [FR20] refuses every epoch but the one in force, and sends the record that opened it, once', async () => {
    const scene = await createScene()
    const { alice, writer, relay, document } = scene
    const [genesis] = await relay.store.readRecords(document.id, 0, 0)
    const { bytes } = writer.update().envelope
    const attachments: Bytes[] = []
    for (const epoch of [
      [0, 0, 0, 2],
      [255, 255, 255, 255],
    ]) {
      alice.sendBytes(message(spoil(bytes, OFFSET.epoch, ...epoch)))
      const nack = await alice.nextOf('nack')
      expect(nack).toMatchObject({ code: 40903, detail: 1 })
      attachments.push(nack.attachment)
    }
    const [first, second] = attachments
    expect(first?.slice(0, 8)).toEqual(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]))
    expect(first?.slice(8)).toEqual(genesis?.envelope)
    expect(second).toHaveLength(0)
    await expectUntouched(scene)
  })

  it('T3 [F16] refuses a recorded envelope by another user, and in another document', async () => {
    const scene = await createScene()
    const { relay, document, writer } = scene
    const { envelope } = writer.update()
    const thief = await relay.client({ document: document.id })
    thief.open(document.id)
    await thief.nextOf('opened')
    thief.send({ type: 'push', envelopes: [envelope] })
    expect(await thief.nextOf('nack')).toMatchObject({ code: 40300 })
    const elsewhere = await relay.client({ document: createRoomDocument().id, device: scene.alice.device })
    elsewhere.send({ type: 'push', envelopes: [envelope] })
    expect(await elsewhere.nextOf('nack')).toMatchObject({ code: 40911 })
    await expectUntouched(scene)
  })

  it('[LO3] refuses a seen that is not in the log', async () => {
    const scene = await createScene()
    const { document, alice } = scene
    for (const seen of [
      { seq: 99, transcript: document.start.transcript },
      { seq: 1, transcript: new Uint8Array(32).fill(7) },
    ]) {
      alice.send({ type: 'push', envelopes: [new TestWriter(document, alice.device, seen).update().envelope] })
      expect(await alice.nextOf('nack')).toMatchObject({ counter: 1, code: 40905 })
    }
    await expectUntouched(scene)
  })

  it('T16 [F20] closes with 4400 on a second HELLO, and on anything before the first', async () => {
    const { relay, document } = await createScene()
    const twice = await relay.client({ document: document.id })
    const welcome = twice.frames.find((frame) => frame.type === 'welcome')
    if (welcome?.type !== 'welcome') throw new Error('expected WELCOME')
    twice.send(twice.makeHello(welcome.nonce))
    expect((await twice.ended).code).toBe(4400)
    const device = createTestDevice()
    const early = relay.connect(relay.token(document.id, device), device)
    await early.nextOf('welcome')
    early.open(document.id)
    expect((await early.ended).code).toBe(4400)
  })

  it('T13 [D26] closes with 4401 on a HELLO whose proof is wrong', async () => {
    const relay = await startTestRelay()
    const { id } = createRoomDocument()
    const device = createTestDevice()
    const token = relay.token(id, device)
    const forged = relay.connect(token, device)
    await forged.hello({ signature: new Uint8Array(64).fill(1) })
    expect((await forged.ended).code).toBe(4401)
    // A token is worth nothing without the device that it names. [D25]
    const thief = relay.connect(token)
    await thief.hello()
    expect((await thief.ended).code).toBe(4401)
    const owner = relay.connect(token, device)
    await owner.hello()
    await owner.settle()
  })

  it('[J3] logs no token, no whole id and nothing of an envelope', async () => {
    const scene = await createScene()
    const { relay, document, alice, writer } = scene
    alice.sendBytes(message(spoil(writer.update().envelope.bytes, OFFSET.prev, 1, 2, 3)))
    await alice.nextOf('nack')
    alice.sendBytes(new Uint8Array([99]))
    await alice.ended
    const text = JSON.stringify(relay.log)
    expect(relay.log.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['connection-ready', 'connection-ended']),
    )
    for (const secret of [alice.options.token, hex(document.id), hex(alice.device.id), hex(writer.session.id)]) {
      expect(text).not.toContain(secret)
    }
  })

  it('T16 [0.4] lives through anything: random messages end sockets and nothing else', async () => {
    const scene = await createScene()
    for (let i = 0; i < 40; i++) {
      const bytes = new Uint8Array(1 + ((i * 37) % 300))
      crypto.getRandomValues(bytes)
      bytes[0] = i % 16
      const client = await again(scene, scene.alice.device)
      client.sendBytes(bytes)
      client.sendBytes(encodeClientFrame({ type: 'ping', nonce: i }))
      const outcome = await Promise.race([client.ended, client.nextOf('pong').catch(() => client.ended)])
      expect('code' in outcome ? [1003, 4400].includes(outcome.code) : outcome.type === 'pong').toBe(true)
      client.terminate()
    }
    await expectUntouched(scene)
  })
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
