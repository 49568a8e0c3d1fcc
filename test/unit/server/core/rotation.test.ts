/** What becomes of entries when the epoch under which they were sealed is over. */
import { cryptoReady, encodeClientFrame, KIND, OFFSET, type Bytes, type Envelope } from '@y-sealed/protocol'
import { seal, type Device, type EpochKey, type Seen } from '@y-sealed/protocol/sealing'
import { describe, expect, it, onTestFinished } from 'vitest'

import type { Store } from '../../../../server/core/ports.ts'
import { createMemoryStore } from '../../../../server/store/memory.ts'
import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { makeStorePath } from '../../../contract/store-directory.ts'
import { ALL, type CorePeer } from '../../../support/core-world.ts'
import { MemberWorld, namesOf } from '../../../support/members/member-world.ts'
import { createTestDevice } from '../../../support/raw-client.ts'

await cryptoReady()

const push = (...envelopes: readonly Envelope[]): Bytes => encodeClientFrame({ type: 'push', envelopes })

function attachmentsOf(peer: CorePeer): readonly (Bytes | null)[] {
  return peer.all('nack').map(({ attachment }) => (attachment.length === 0 ? null : attachment))
}

describe('[F15] [LO7] after a rotation', () => {
  it('acknowledges what was stored before it and is sent again, and refuses the rest with its record, once', async () => {
    const scene = await MemberWorld.start()
    const { document } = scene
    const bob = await scene.member('writer')
    const bobs = await scene.socket(bob)
    const writer = document.writer(bob)
    const [bind, one, two, three] = [writer.bind(), ...writer.updates(3)].map(({ envelope }) => envelope)
    await bobs.say({ type: 'push', envelopes: [bind as Envelope, one as Envelope] })
    await scene.must(document.rotate())
    bobs.take()
    await bobs.say({ type: 'push', envelopes: [bind as Envelope, one as Envelope] })
    expect(bobs.take()).toMatchObject([{ type: 'ack', counter: 1, count: 2, seq: 3 }])
    // A flight of pushes: the first answer is EPOCH_STALE, though its record had to be read.
    bobs.connection?.receive(push(two as Envelope))
    await bobs.say(push(three as Envelope))
    expect(bobs.frames).toMatchObject([
      { type: 'nack', code: 40903, detail: 2, counter: 3 },
      { type: 'nack', code: 40900, detail: 3, counter: 4 },
    ])
    const record = document.log.taken.at(-1)?.envelope.bytes as Bytes
    expect(attachmentsOf(bobs)[0]?.subarray(8)).toEqual(record)
    expect(attachmentsOf(bobs)[0]?.subarray(0, 8)).toEqual(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 5]))
    bobs.take()
    // What stands in one unit with what was stored is refused whole, and nothing of it is stored.
    await bobs.say({ type: 'push', envelopes: [one as Envelope, two as Envelope] })
    expect(bobs.frames).toMatchObject([{ type: 'nack', code: 40903, detail: 2, counter: 2 }])
    expect(attachmentsOf(bobs)).toEqual([null])
    expect(await scene.headSeq()).toBe(5)
    // Another socket has not been told.
    const again = await scene.socket(bob)
    await again.say(push(document.writer(bob, 1).bind().envelope))
    expect(attachmentsOf(again)[0]?.subarray(8)).toEqual(record)
  })

  it.each([1, 3, 2 ** 32 - 1])('refuses epoch %i when 2 is in force, entries and presence', async (epoch) => {
    const scene = await MemberWorld.start()
    const { document, alice } = scene
    await scene.must(document.rotate())
    const writer = document.writer(document.creator)
    const key = { ...keyLike(document.keys[0] as EpochKey), epoch } as EpochKey
    const bind = writer.session.sealEntry(KIND.bind, new Uint8Array(9), key, writer.seen)
    const shown = writer.session.sealAwareness(new Uint8Array(9), key, writer.seen)
    await alice.say(push(bind.envelope))
    await alice.say({ type: 'awareness', envelope: shown.envelope })
    expect(alice.take()).toMatchObject([
      { type: 'nack', refused: 6, code: 40903, detail: 2 },
      { type: 'nack', refused: 8, code: 40903, detail: 2 },
    ])
    expect(await scene.headSeq()).toBe(2)
  })

  it('[LO9] holds for a group of parts as a whole', async () => {
    const scene = await MemberWorld.start()
    const { document, alice } = scene
    const { creator } = document
    const group = (key: EpochKey): Envelope[] => partsOf(scene, key)
    const stored = group(document.keys[0] as EpochKey)
    const halfway = group(document.keys[0] as EpochKey)
    const send = async (parts: readonly Envelope[], from = 0): Promise<void> => {
      for (const [i, envelope] of parts.entries()) {
        await alice.say({ type: 'push-part', index: from + i, count: 3, envelope })
      }
    }
    await send(stored)
    expect(alice.take()).toMatchObject([{ type: 'ack', seq: 2, count: 3 }])
    await send(halfway.slice(0, 2))
    await scene.must(document.rotate(creator))
    await send(halfway.slice(2), 2)
    expect(alice.take()).toMatchObject([{ type: 'nack', refused: 7, code: 40903, counter: 1, detail: 2 }])
    await send(stored)
    expect(alice.take()).toMatchObject([{ type: 'ack', seq: 2, count: 3 }])
    await send(partsOf(scene, { ...keyLike(document.keys[0] as EpochKey), epoch: 9 } as EpochKey))
    expect(alice.take()).toMatchObject([{ type: 'nack', refused: 7, code: 40903, counter: 1, detail: 2 }])
    expect(await scene.headSeq()).toBe(5)
  })
})

/** An epoch key that can be given another number. */
function keyLike(key: EpochKey): Pick<EpochKey, 'commitment' | 'subkey'> {
  return { commitment: key.commitment, subkey: (purpose) => key.subkey(purpose) }
}

function partsOf({ document }: MemberWorld, key: EpochKey): Envelope[] {
  const { id, creator } = document
  const session = crypto.getRandomValues(new Uint8Array(8))
  const { seq: seenSeq, transcript }: Seen = document.log.start
  const parts: Envelope[] = []
  let prev: Bytes = new Uint8Array(16)
  for (let counter = 1; counter <= 3; counter++) {
    const seenTranscript = transcript.slice(0, 16)
    const fields = { kind: KIND.part, document: id, session, counter, prev, seenSeq, seenTranscript }
    const sealed = seal({ ...fields, content: new Uint8Array(9) }, key, creator)
    parts.push(sealed.envelope)
    prev = sealed.id.slice(0, 16)
  }
  return parts
}

describe('[G11] a removal and an edit in one turn', () => {
  it.each<[string, number, () => Store, boolean]>([
    ['memory', 1_000, createMemoryStore, false],
    ['SQLite', 200, () => openSqliteStore({ path: makeStorePath() }), true],
  ])(
    'stores no edit behind the removal (%s, %i times)',
    async (_, rounds, openStore, isOnDisk) => {
      const store = openStore()
      onTestFinished(() => store.close())
      const unbound = { perSecond: 1e9, burst: 1e9 }
      const limits = {
        writerPushes: unbound,
        writerBytes: unbound,
        writerRecords: unbound,
        socketPushes: unbound,
        socketBytes: unbound,
      }
      const scene = await MemberWorld.start({ store, limits, isOnDisk })
      const { document } = scene
      const removedAt = new Map<string, number>()
      const outcomes = new Map<string, number>()
      for (let round = 0; round < rounds; round++) {
        const bob = createTestDevice()
        await scene.must(document.add(bob, 'writer'))
        const { seq, outcome } = await race(scene, bob, round % 8)
        removedAt.set(String(bob.id), seq)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
      const edits = await readEdits(store, document.id)
      for (const { device, seq } of edits) expect(seq).toBeLessThan(removedAt.get(device) ?? 0)
      // Whoever came first was first: both ways happened, and nobody was left without an answer.
      const stored = outcomes.get('ack') ?? 0
      expect(edits).toHaveLength(stored)
      expect([...outcomes.keys()].every((outcome) => /^(ack|nack 40(300|903|911))$/.test(outcome))).toBe(true)
      expect(stored).toBeGreaterThan(rounds / 10)
      expect(stored).toBeLessThan((rounds * 9) / 10)
    },
    300_000,
  )
})

/** Bob edits so many microtasks after his removal was sent. Where the removal stands, and what his edit was answered. */
async function race(scene: MemberWorld, bob: Device, delay: number): Promise<{ seq: number; outcome: string }> {
  const { document, alice, world } = scene
  const bobs = await world.opened(document.id, ALL, bob)
  const edit = push(document.writer(bob).bind().envelope)
  const removal = document.remove([bob])
  alice.connection?.receive(push(removal))
  for (let i = 0; i < delay; i++) await Promise.resolve()
  bobs.connection?.receive(edit)
  const isAnswered = (): boolean => bobs.frames.some(({ type }) => type === 'ack' || type === 'nack')
  for (let i = 0; i < 1_000 && (bobs.all('closed').length === 0 || !isAnswered()); i++) await world.flush()
  const [ack] = alice.all('ack')
  document.stored(removal, ack?.seq ?? 0)
  alice.take()
  const answers = namesOf(bobs.take())
  bobs.leave()
  return { seq: ack?.seq ?? 0, outcome: answers.find((answer) => /^n?ack/.test(answer)) ?? 'none' }
}

async function readEdits(store: Store, document: Bytes): Promise<{ device: string; seq: number }[]> {
  const entries = await store.read(document, 0, { entries: 10_000, bytes: 1e9 })
  const edits = entries.filter(({ envelope }) => envelope[OFFSET.kind] === KIND.bind)
  return edits.map(({ envelope, seq }) => ({
    seq,
    device: String(envelope.slice(OFFSET.device, OFFSET.session)),
  }))
}
