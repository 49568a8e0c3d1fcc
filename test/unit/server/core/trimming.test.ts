import { extendByMark, startTranscript, sodiumSha512, type Bytes } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { createMemoryStore } from '../../../../server/store/memory.ts'
import type { CorePeer, CoreWorldOptions } from '../../../support/core-world.ts'
import { MemberWorld } from '../../../support/members/member-world.ts'
import { createTestDevice } from '../../../support/raw-client.ts'
import { TestWriter } from '../../../support/room-document.ts'
import { piecesOf, sealPublication, sealSnapshot } from '../../../support/snapshot-author.ts'
import { SnapshotWorld } from '../../../support/snapshot-world.ts'
import { createTestClock } from '../../../support/tokens.ts'

const DAY_MS = 86_400_000

/** A scene whose store and relay share a clock, and whose sockets are let in for years. */
async function start(updates: number, options: CoreWorldOptions = {}): Promise<SnapshotWorld> {
  const clock = createTestClock()
  const store = createMemoryStore({ now: () => clock.now() })
  return SnapshotWorld.start(updates, { clock, store, ...options })
}

/** Lets time pass at once, and everything be looked at. */
async function trim({ world }: SnapshotWorld, passMs: number): Promise<void> {
  world.clock.advance(passMs)
  const trimmed = world.room.trim()
  await world.pass(2_000, 20)
  await trimmed
}

async function reopen({ world, document }: SnapshotWorld, cursorSeq = 0): Promise<CorePeer> {
  const transcript = (await world.store.transcriptAt(document.id, cursorSeq)) ?? new Uint8Array(32)
  const peer = await world.peer(document.id, undefined, createTestDevice())
  await peer.open(document.id, cursorSeq === 0 ? {} : { cursorSeq, cursorTranscript: transcript })
  return peer
}

describe('trimming', () => {
  it('[LO15] drops bodies that two attested snapshots stand for, when they are a week old', async () => {
    const scene = await start(9)
    const { world, document } = scene
    await scene.mustAttested(scene.alice, { seq: 5 })
    await scene.write(5)
    await scene.mustAttested(scene.alice)
    await trim(scene, 6 * DAY_MS)
    const [young] = await world.store.status([document.id])
    expect(young?.base).toBe(0)
    await trim(scene, 2 * DAY_MS)
    const [old] = await world.store.status([document.id])
    expect(old?.base).toBe(5)
    expect(old?.logBytes).toBeLessThan(young?.logBytes ?? 0)
    expect(world.metrics.read().counts.get('entries_trimmed')).toBe(4)
  })

  it('[FR7] answers READ below what is held with TRIMMED, and READ_IDS with marks that recompute', async () => {
    const scene = await start(9)
    const { document } = scene
    await scene.mustAttested(scene.alice, { seq: 5 })
    await scene.mustAttested(scene.alice)
    await trim(scene, 8 * DAY_MS)
    const peer = await reopen(scene)
    expect(peer.frames[0]).toMatchObject({ type: 'opened', oldestSeq: 6 })
    peer.take()
    await peer.say({ type: 'read', document: document.id, after: 1, maxBytes: 1e6 })
    expect(peer.take()).toMatchObject([{ type: 'nack', code: 41001, detail: 6 }])
    await peer.say({ type: 'read', document: document.id, after: 5, maxBytes: 1e6 })
    expect(peer.take()).toMatchObject([{ type: 'entries', seq: 6 }, { type: 'read-done' }])
    await peer.say({ type: 'read-ids', document: document.id, after: 0, through: 10 })
    const [ids] = peer.take()
    if (ids?.type !== 'ids') throw new Error('no marks')
    let transcript = startTranscript(sodiumSha512, document.genesisHash)
    for (let at = 0; at < ids.ids.length; at += 96) {
      transcript = extendByMark(sodiumSha512, transcript, ids.ids.subarray(at, at + 96))
    }
    expect(transcript).toEqual(await scene.world.store.transcriptAt(document.id, 10))
  })

  it('[LO13] stops for good when a member calls a snapshot wrong', async () => {
    const scene = await start(9)
    await scene.mustAttested(scene.alice, { seq: 5 })
    const second = await scene.mustAttested(scene.alice)
    const carol = await scene.other()
    await scene.attest(carol, second, 'different')
    carol.leave()
    await trim(scene, 30 * DAY_MS)
    expect((await scene.world.store.status([scene.document.id]))[0]?.base).toBe(0)
    expect(await scene.world.store.snapshots.published(scene.document.id)).toMatchObject([
      { isHeld: true },
      { isHeld: true },
    ])
    const bob = await reopen(scene)
    expect(bob.frames[0]).toMatchObject({ snapshotSeq: 5 })
  })

  it('[LO13] lets a week vouch for a snapshot where nobody but its author ever wrote', async () => {
    const scene = await start(9)
    await scene.must(scene.alice, { seq: 5 })
    await trim(scene, 6 * DAY_MS)
    expect(await scene.world.store.snapshots.published(scene.document.id)).toMatchObject([{ isAttested: false }])
    await trim(scene, 2 * DAY_MS)
    expect(await scene.world.store.snapshots.published(scene.document.id)).toMatchObject([
      { isAttested: true, isByAge: true },
    ])
    // Enough to trim by; others start from it once there is nothing else.
    const bob = await reopen(scene)
    expect(bob.frames[0]).toMatchObject({ snapshotSeq: 0, oldestSeq: 1 })
    bob.leave()
    const alice = await scene.world.opened(scene.document.id, undefined, scene.alice.device)
    await scene.must(alice)
    await trim(scene, 8 * DAY_MS)
    const carol = await reopen(scene)
    expect(carol.frames[0]).toMatchObject({ snapshotSeq: 11, oldestSeq: 6 })
  })

  it('[LO13] lets no time vouch for a snapshot where somebody else wrote too, in members mode by their member', async () => {
    const clock = createTestClock()
    const members = await MemberWorld.start({ clock, store: createMemoryStore({ now: () => clock.now() }) })
    const { world, document, alice } = members
    const [own, other] = [createTestDevice(), await members.member('writer')]
    await members.must(document.add(own, 'admin', document.creator, true))
    const check = async (): Promise<unknown> => {
      world.clock.advance(8 * DAY_MS)
      const trimmed = world.room.trim()
      await world.pass(1_000, 20)
      await trimmed
      return (await world.store.snapshots.published(document.id))[0]?.isAttested
    }
    const publishAs = async (peer: CorePeer): Promise<void> => {
      const [status] = await world.store.status([document.id])
      const [newest] = await world.store.snapshots.published(document.id)
      const head = (status as NonNullable<typeof status>).head
      const snapshot = sealSnapshot(document.document(), peer.device, head, {
        ...(newest !== undefined && { parentId: newest.id }),
      })
      for (const piece of piecesOf(snapshot)) await peer.say(piece)
      await peer.say({ type: 'push', envelopes: [sealPublication(document.document(), peer.device, snapshot.body)] })
      expect(peer.take().some(({ type }) => type === 'ack')).toBe(true)
    }
    await publishAs(alice)
    // Alice's other device has written too: it is the same member.
    const second = await members.socket(own)
    await second.say({ type: 'push', envelopes: [document.writer(own).update().envelope] })
    expect(await check()).toBe(true)
    const again = await members.socket(document.creator)
    await publishAs(again)
    const bob = await members.socket(other)
    await bob.say({ type: 'push', envelopes: [document.writer(other).update().envelope] })
    expect(await check()).toBe(false)
  })

  it('[F18] takes away what was staged and not published within an hour', async () => {
    const scene = await start(9)
    const snapshot = await scene.seal(scene.alice, { size: 120_000 })
    const [first] = piecesOf(snapshot)
    if (first === undefined) throw new Error('no piece')
    await scene.alice.say(first)
    const heldAfter = async (ms: number): Promise<unknown> => {
      await trim(scene, ms)
      const again = await scene.world.opened(scene.document.id, undefined, scene.alice.device)
      // Beyond what is there: it changes nothing, and is answered by what is.
      await again.say({ ...first, offset: snapshot.envelope.bytes.length - first.bytes.length })
      const [answer] = again.take()
      again.leave()
      return answer?.type === 'snapshot-taken' ? answer.nextOffset : answer
    }
    expect(await heldAfter(59 * 60_000)).toBe(57_344)
    expect(await heldAfter(2 * 60_000)).toBe(0)
  })

  it('[LO15] gives the room of what was trimmed back to the document', async () => {
    const scene = await start(9, { limits: { documentBytes: 12_000 } })
    await scene.mustAttested(scene.alice, { seq: 9 })
    await scene.mustAttested(scene.alice)
    const push = async (): Promise<unknown> => {
      await scene.alice.say({ type: 'push', envelopes: [scene.writer.update().envelope] })
      return scene.alice.take()[0]
    }
    for (;;) {
      const answer = (await push()) as { readonly type: string }
      if (answer.type === 'nack') break
    }
    const before = (await scene.world.store.status([scene.document.id]))[0]?.logBytes ?? 0
    await trim(scene, 8 * DAY_MS)
    const after = (await scene.world.store.status([scene.document.id]))[0]?.logBytes ?? 0
    expect(after).toBeLessThan(before - 2_000)
    const again = await scene.other()
    const writer = new TestWriter(scene.document, again.device, await scene.head())
    await again.say({ type: 'push', envelopes: [writer.update().envelope] })
    expect(again.take()[0]).toMatchObject({ type: 'ack' })
  })

  it('runs by itself, now and then', async () => {
    const scene = await start(9, { limits: { trimAgeMs: 1_000, trimIntervalMs: 60_000 } })
    await scene.mustAttested(scene.alice, { seq: 5 })
    await scene.mustAttested(scene.alice)
    await scene.world.pass(65_000)
    expect((await scene.world.store.status([scene.document.id]))[0]?.base).toBe(5)
  })
})

describe('[FR5] opening', () => {
  it('sends the log where it fits a page, whatever snapshots there are', async () => {
    const scene = await start(9)
    await scene.mustAttested(scene.alice)
    const peer = await reopen(scene)
    expect(peer.frames.map(({ type }) => type)).toEqual(['opened', 'records', 'entries'])
    expect(peer.frames[0]).toMatchObject({ snapshotSeq: 10, through: 12, oldestSeq: 1 })
  })

  it('sends a small snapshot whole, and what follows it, where the log does not fit', async () => {
    const scene = await start(30, { limits: { pageBytes: 8_000 } })
    const { body, envelope } = await scene.mustAttested(scene.alice, { size: 2_000 })
    await scene.write(3)
    const peer = await reopen(scene)
    expect(peer.frames.map(({ type }) => type)).toEqual(['opened', 'records', 'snapshot-chunk', 'entries'])
    expect(peer.frames[0]).toMatchObject({ snapshotSeq: body.seq, through: body.seq + 5 })
    expect(peer.all('snapshot-chunk')[0]?.bytes).toEqual(envelope.bytes)
    expect(peer.seqs[0]).toBe(body.seq + 1)
  })

  it('sends as much of what follows a small snapshot as fits beside it', async () => {
    const scene = await start(5, { limits: { pageBytes: 4_000 } })
    const { body } = await scene.mustAttested(scene.alice, { size: 2_000 })
    await scene.write(30)
    const peer = await reopen(scene)
    const [opened] = peer.all('opened')
    expect(opened?.through).toBeGreaterThan(body.seq)
    expect(opened?.through).toBeLessThan(body.seq + 30)
    expect(peer.seqs.at(-1)).toBe(opened?.through)
  })

  it('leaves the choice to the client where the snapshot is large', async () => {
    const scene = await start(60, { limits: { pageBytes: 8_000 } })
    await scene.mustAttested(scene.alice, { size: 9_000 })
    const peer = await reopen(scene)
    expect(peer.frames.map(({ type }) => type)).toEqual(['opened', 'records'])
    expect(peer.frames[0]).toMatchObject({ through: 0, snapshotSeq: 61 })
  })

  it('sends what follows the cursor of somebody who is further than the snapshot', async () => {
    const scene = await start(60, { limits: { pageBytes: 4_000 } })
    await scene.mustAttested(scene.alice, { seq: 20, size: 9_000 })
    const peer = await reopen(scene, 40)
    expect(peer.seqs[0]).toBe(41)
  })

  it('[LO13] names a disputed snapshot to nobody, not even to its author', async () => {
    const scene = await start(9)
    const snapshot = await scene.must(scene.alice)
    const opened = async (): Promise<unknown> => {
      const peer = await scene.world.peer(scene.document.id, undefined, scene.alice.device)
      await peer.open(scene.document.id)
      return peer.all('opened')[0]?.snapshotSeq
    }
    expect(await opened()).toBe(snapshot.body.seq)
    await scene.attest(await scene.other(), snapshot, 'different')
    expect(await opened()).toBe(0)
  })

  it('[FR6] lets a cursor pass that is older than the marks', async () => {
    const scene = await start(9)
    await scene.mustAttested(scene.alice, { seq: 5 })
    await scene.mustAttested(scene.alice)
    await trim(scene, 8 * DAY_MS)
    const { store } = scene.world
    const { document } = scene
    const peer = await scene.world.peer(document.id)
    const transcriptAt = store.transcriptAt.bind(store)
    Object.assign(store, {
      transcriptAt: async (id: Bytes, seq: number) => (seq <= 3 ? null : transcriptAt(id, seq)),
    })
    await peer.open(document.id, { cursorSeq: 3, cursorTranscript: new Uint8Array(32).fill(3) })
    expect(peer.frames[0]).toMatchObject({ type: 'opened', through: 14, snapshotSeq: 12, oldestSeq: 6 })
    expect(peer.frames.map(({ type }) => type)).toEqual(['opened', 'records', 'snapshot-chunk', 'entries'])
  })
})
