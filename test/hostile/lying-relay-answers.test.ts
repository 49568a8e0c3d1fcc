/**
 * A relay that lies about what it has, says what is no frame, or too much. "Saved" is what the log shows, not what an ACK says.
 */
import { encodeRelayFrame, type AckFrame, type Bytes, type RelayFrame } from '@y-sealed/protocol'
import { describe, expect, it, vi } from 'vitest'

import { audienceOf } from '../../client/connection/socket.ts'
import type { Link, Trick } from '../support/lying-relay.ts'
import { expectSound, setStage, whenHealed, type Stage, type Witness } from '../support/stage.ts'

/** Alice has a line saved by the relay that is about to lie: her session stands at counter 2. */
async function begin(): Promise<{ stage: Stage; alice: Witness }> {
  const stage = await setStage()
  const alice = await stage.watch()
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'first ')
  await alice.peer.provider.whenSaved()
  return { stage, alice }
}

/** Every ACK becomes what `lie` makes of it. */
function answer(lie: (ack: AckFrame) => readonly AckFrame[]): Trick<RelayFrame> {
  return (frame) => (frame?.type === 'ack' ? lie(frame).map(encodeRelayFrame) : undefined)
}

/** What a newcomer reads at the honest relay. */
async function expectStored(stage: Stage, text: string): Promise<void> {
  const carol = await stage.watchHonestly()
  await carol.peer.provider.whenSynced()
  expect(carol.text).toBe(text)
  expect(carol.reports).toEqual([])
}

describe('a relay that lies about what it has stored', () => {
  it('T4 [K14] [CL6] never acknowledges: nothing is called saved, and it is sent again and stored once', async () => {
    const { stage, alice } = await begin()
    const saved = vi.fn()
    alice.peer.provider.on('saved', saved)
    const withheld = vi.fn(() => [])
    stage.lying.toClient = answer(withheld)
    alice.peer.text.insert(6, 'second')
    await vi.waitFor(() => expect(withheld).toHaveBeenCalled())
    expect(alice.peer.provider.unsyncedChanges).toBe(1)
    expect(saved).not.toHaveBeenCalled()
    stage.lying.repent()
    stage.lying.cut()
    await alice.peer.provider.whenSaved()
    await expectStored(stage, 'first second')
    expectSound(alice)
  })

  it.each([
    ['a seq far ahead', (ack: AckFrame) => [{ ...ack, seq: ack.seq + 1000 }]],
    ['a later counter alone', (ack: AckFrame) => [{ ...ack, counter: ack.counter + 1, seq: ack.seq + 1 }]],
    ['a counter that was never sent', (ack: AckFrame) => [{ ...ack, counter: ack.counter + 50 }]],
    ['another session', (ack: AckFrame) => [{ ...ack, session: new Uint8Array(8).fill(7) }]],
  ])('T4 [K14] [CL6] acknowledges %s: nothing is called saved, and nothing is lost', async (_, lie) => {
    const { stage, alice } = await begin()
    stage.lying.toRelay = (frame) => (frame?.type === 'push' ? [] : undefined)
    alice.peer.text.insert(6, 'second')
    const push = await nextPush(stage)
    alice.peer.text.insert(12, ' third')
    await nextPush(stage, push + 1)
    const [link] = stage.lying.links
    const { seq } = alice.peer.provider.head
    for (const ack of lie({ ...ackOf(stage, alice), counter: 3, count: 1, seq: seq + 1 }))
      link?.toClient(encodeRelayFrame(ack))
    await new Promise<void>((resolve) => link?.ping(resolve))
    expect(alice.peer.provider.unsyncedChanges).toBe(2)
    stage.lying.repent()
    stage.lying.cut()
    await alice.peer.provider.whenSaved()
    await expectStored(stage, 'first second third')
    expectSound(alice)
  })

  it('T4 [K14] acknowledges twice: it counts once', async () => {
    const { stage, alice } = await begin()
    stage.lying.toClient = answer((ack) => [ack, ack])
    alice.peer.text.insert(6, 'second')
    await alice.peer.provider.whenSaved()
    alice.peer.text.insert(12, ' third')
    await alice.peer.provider.whenSaved()
    await expectStored(stage, 'first second third')
    expect(alice.reports).toEqual([])
  })

  it('T5 [K14] [LO6] [CL30] acknowledges what it throws away: it is found out when it shows its head, and gets it again', async () => {
    const { stage, alice } = await begin()
    stage.lying.toRelay = (frame, _message, link) => {
      if (frame?.type !== 'push') return undefined
      const { seq } = alice.peer.provider.head
      const ack = { ...ackOf(stage, alice), counter: frame.envelopes[0]?.counter as number, count: 1, seq: seq + 1 }
      link.toClient(encodeRelayFrame(ack))
      return []
    }
    alice.peer.text.insert(6, 'second')
    await alice.peer.provider.whenSaved()
    stage.lying.repent()
    stage.lying.cut()
    await whenHealed(alice)
    await alice.peer.provider.whenSaved()
    const bob = await stage.watchHonestly()
    await bob.peer.provider.whenSynced()
    expect(bob.text).toBe('first second')
  })
})

/** The last ACK that the relay gave. */
function ackOf(stage: Stage, alice: Witness): AckFrame {
  const session = stage.lying.captured.findLast(({ place, bytes }) => place === 'from-relay' && bytes[0] === 0x87)
  const bytes = session?.bytes as Bytes
  return {
    type: 'ack',
    document: alice.peer.provider.documentId,
    session: bytes.slice(17, 25),
    counter: 1,
    count: 1,
    seq: 1,
    compaction: 'none',
  }
}

/** Waits for more PUSHes than `known`, and counts them. */
async function nextPush(stage: Stage, known?: number): Promise<number> {
  const count = (): number =>
    stage.lying.captured.filter(({ place, bytes }) => place === 'from-client' && bytes[0] === 0x06).length
  const before = known ?? 3
  await vi.waitFor(() => expect(count()).toBeGreaterThan(before))
  return before
}

describe('a relay that says what is no frame', () => {
  it.each([
    ['nothing', new Uint8Array(0)],
    ['an unknown type', new Uint8Array([0xff, 1, 2])],
    ['half a frame', new Uint8Array([0x82, 1, 2])],
    ['a byte too many', new Uint8Array([0x92, 0, 0, 0, 1, 0])],
    ['text', 'hello'],
    ["a client's frame", new Uint8Array([0x0e, 0, 0, 0, 1])],
  ])('T2 [K13] [WI3] %s: the socket is left and dialled again, and nothing is lost', async (_, message) => {
    const { stage, alice } = await begin()
    // At once: a push that comes back before the relay repents would be swallowed again.
    const left = vi.fn(() => stage.lying.repent())
    alice.peer.connection.on('connection-close', left)
    stage.lying.toRelay = (frame) => (frame?.type === 'push' ? [] : undefined)
    alice.peer.text.insert(6, 'second')
    stage.lying.links.at(-1)?.toClient(message)
    await vi.waitFor(() => expect(left).toHaveBeenCalledWith(expect.objectContaining({ code: 'RELAY_MALFORMED' })))
    await alice.peer.provider.whenSaved()
    await expectStored(stage, 'first second')
    expectSound(alice)
  })

  it('T2 [K13] [FR1] a message beyond 1 MiB is not taken in', async () => {
    const { stage, alice } = await begin()
    const left = vi.fn()
    alice.peer.connection.on('connection-close', left)
    stage.lying.links.at(-1)?.toClient(new Uint8Array(8 * 1_048_576))
    await vi.waitFor(() => expect(left).toHaveBeenCalled())
    expect(alice.text).toBe('first ')
    expectSound(alice)
  })

  it('T2 [K13] a hundred thousand small frames change nothing', async () => {
    const { stage, alice } = await begin()
    const link = stage.lying.links.at(-1) as Link
    const pong = encodeRelayFrame({ type: 'pong', nonce: 1 })
    for (let i = 0; i < 100_000; i++) link.toClient(pong)
    alice.peer.text.insert(6, 'second')
    await alice.peer.provider.whenSaved()
    await expectStored(stage, 'first second')
    expect(alice.reports).toEqual([])
  })
})

describe('a relay that asks for less than TLS', () => {
  it.each([
    'ws://localhost/sync',
    'http://localhost/sync',
    'https://localhost/sync',
    'wss://localhost/other',
    'wss://a:b@localhost/sync',
  ])('T8 [K16] [AU5] %s is not dialled', (url) => {
    expect(() => audienceOf(url)).toThrow(TypeError)
  })
})
