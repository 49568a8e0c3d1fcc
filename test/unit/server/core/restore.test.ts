/**
 * A relay that lost entries takes them back from whoever has them, and nothing else meanwhile. Rules FR16, LO14, FR6.
 */
import {
  encodeClientFrame,
  encodeRecord,
  Envelope,
  KIND,
  REFUSALS,
  type Bytes,
  type RelayFrame,
} from '@y-sealed/protocol'
import { Session, type Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import type { CorePeer } from '../../../support/core-world.ts'
import { FallenWorld } from '../../../support/members/fallen-world.ts'
import { namesOf, type MemberWorld } from '../../../support/members/member-world.ts'
import { createTestDevice } from '../../../support/raw-client.ts'

const bob = createTestDevice()
const carol = createTestDevice()

/** Pushes updates of a session one by one. */
async function write(world: MemberWorld, device: Device, count: number): Promise<void> {
  const peer = await world.socket(device)
  const [status] = await world.world.store.status([world.document.id])
  const writer = world.document.writer(device, undefined, status!.head)
  for (let i = 0; i < count; i++) {
    await peer.say({ type: 'push', envelopes: [writer.update().envelope] })
    if (peer.take()[0]?.type !== 'ack') throw new Error('not stored')
  }
  peer.leave()
}

/** 1 genesis, 2 Bob, 3–5 Alice, 6–7 Bob, 8 Carol in, 9 Bob out with a new key, 10–11 Carol under it. */
async function live(world: MemberWorld): Promise<void> {
  const { document } = world
  await world.member('writer', bob)
  await write(world, document.creator, 3)
  await write(world, bob, 2)
  await world.member('writer', carol)
  await world.must(document.remove([bob]))
  await write(world, carol, 2)
}

const LAST = 11

function fall(held: number): Promise<FallenWorld> {
  return FallenWorld.start(live, { held, devices: [bob, carol] })
}

function codeOf(frames: readonly RelayFrame[]): string | undefined {
  const nack = frames.find((frame) => frame.type === 'nack')
  return Object.entries(REFUSALS).find(([, { number }]) => number === nack?.code)?.[0]
}

function told(frames: readonly RelayFrame[]): readonly [head: number, lost: number] | undefined {
  const frame = frames.findLast((each) => each.type === 'restored')
  return frame && [frame.head.seq, frame.lost.seq]
}

async function pushUpdate(fallen: FallenWorld, device: Device): Promise<readonly RelayFrame[]> {
  const peer = await fallen.socket(device)
  const [status] = await fallen.world.store.status([fallen.id])
  const writer = fallen.before.document.writer(device, status!.epoch, status!.head)
  await peer.say({ type: 'push', envelopes: [writer.update().envelope] })
  const answers = peer.take()
  peer.leave()
  return answers
}

describe('a relay that has fallen back', () => {
  it('[LO14] [FR16] takes back what it has signed, from 5 to 11, with members and epochs, and goes on', async () => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    const other = await fallen.socket(bob)
    expect(told(await fallen.show(alice))).toEqual([5, LAST])
    expect(codeOf(await pushUpdate(fallen, bob))).toBe('NEEDS_RESTORE')
    expect(told(await fallen.showIds(alice, 5))).toEqual([5, LAST])
    expect(told(await fallen.restore(alice, 5))).toEqual([LAST, 0])
    expect(await fallen.holds(LAST)).toBe(true)
    // Bob hears of it until he is out, and that he is.
    expect(namesOf(other.take())).toEqual(['entries 6', 'entries 8', 'entries 9', 'closed 40300'])
    const [status] = await fallen.world.store.status([fallen.id])
    expect([status?.epoch, status?.recordSeq, status?.lost]).toEqual([2, 9, null])
    expect(await fallen.world.store.roleOf(fallen.id, bob.id)).toBe('none')
    expect(await fallen.world.store.roleOf(fallen.id, carol.id)).toBe('writer')
    expect(codeOf(await pushUpdate(fallen, carol))).toBeUndefined()
    expect(await fallen.headSeq()).toBe(LAST + 1)
  })

  it('[LO14] tells everybody who waits, and whoever opens meanwhile, and answers what it held already', async () => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    await fallen.show(alice)
    const peer = await fallen.world.peer(fallen.id, undefined, bob)
    await peer.open(fallen.id)
    expect(told(peer.take())).toEqual([5, LAST])
    // An entry that stands in the log is acknowledged, sent again.
    const again = await fallen.socket(fallen.before.document.creator)
    await again.say({ type: 'push', envelopes: [fallen.log.entries[3]!] })
    expect(namesOf(again.take())).toContain('ack')
    const watcher = await fallen.socket()
    await fallen.showIds(alice, 5)
    await fallen.restore(alice, 5)
    expect(told(watcher.take())).toEqual([LAST, 0])
  })

  it('[LO14] [KM3] a document that it does not know at all comes back from its genesis on', async () => {
    const fallen = await fall(0)
    const alice = await fallen.socket()
    expect(told(await fallen.show(alice))).toEqual([0, LAST])
    // Nobody makes it anew meanwhile, be it by the same genesis.
    const maker = await fallen.socket()
    await maker.say({ type: 'push', envelopes: [fallen.log.entries[0]!] })
    expect(codeOf(maker.take())).toBe('NEEDS_RESTORE')
    await fallen.showIds(alice, 0)
    expect(told(await fallen.restore(alice, 0))).toEqual([LAST, 0])
    expect(await fallen.holds(LAST)).toBe(true)
  })

  it('[LO14] several give back at once, each a part or all: every entry stands once', async () => {
    const fallen = await fall(3)
    const [one, two, three] = [await fallen.socket(), await fallen.socket(), await fallen.socket(bob)]
    await fallen.show(three, 7)
    await fallen.showIds(three, 3, 7)
    for (const peer of [one, two]) {
      await fallen.show(peer)
      await fallen.showIds(peer, 3)
    }
    // Three has no more than the first four of them; the others bring all, not knowing of each other.
    three.connection!.receive(restoreBytes(fallen, 3, 7))
    one.connection!.receive(restoreBytes(fallen, 3, LAST))
    two.connection!.receive(restoreBytes(fallen, 3, LAST))
    await fallen.world.flush()
    await fallen.world.flush()
    expect([one, two].map((peer) => told(peer.frames))).toEqual([
      [LAST, 0],
      [LAST, 0],
    ])
    expect(await fallen.headSeq()).toBe(LAST)
    expect(await fallen.holds(LAST)).toBe(true)
  })

  it('[LO14] a restore that breaks off leaves what is right, still takes nothing else, and is finished by another', async () => {
    const fallen = await fall(3)
    const first = await fallen.socket()
    await fallen.show(first)
    await fallen.showIds(first, 3)
    expect(told(await fallen.restore(first, 3, 6))).toEqual([6, LAST])
    first.leave()
    expect(codeOf(await pushUpdate(fallen, bob))).toBe('NEEDS_RESTORE')
    const second = await fallen.socket()
    await fallen.show(second)
    await fallen.showIds(second, 6)
    expect(told(await fallen.restore(second, 4))).toEqual([LAST, 0])
    expect(await fallen.holds(LAST)).toBe(true)
  })
})

function restoreBytes(fallen: FallenWorld, after: number, through: number): Bytes {
  return encodeClientFrame({ type: 'restore', seq: after + 1, envelopes: fallen.log.entries.slice(after, through) })
}

describe('what is not what it was', () => {
  it('[LO14] [LO4] a head that it has not signed is refused with five strikes, and stops nothing', async () => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    const head = await fallen.log.headAt(LAST)
    const { hash } = fallen.before.document.log
    const forged = [
      { ...head, seq: LAST + 1 },
      { ...head, transcript: head.transcript.with(0, head.transcript[0]! ^ 1) },
      { ...head, signature: new Uint8Array(64) },
    ]
    for (const each of forged) {
      await alice.say({ type: 'show-head', genesisHash: hash, head: each })
      expect(codeOf(alice.take())).toBe('BAD_ENVELOPE')
    }
    expect(codeOf(await pushUpdate(fallen, bob))).toBeUndefined()
    await alice.say({ type: 'show-head', genesisHash: hash, head: forged[0]! })
    expect(alice.closed?.code).toBe(4529)
  })

  it('[LO14] a head under another genesis hash is refused', async () => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    const { hash } = fallen.before.document.log
    const head = await fallen.log.headAt(LAST)
    await alice.say({ type: 'show-head', genesisHash: hash.with(31, hash[31]! ^ 1), head })
    expect(codeOf(alice.take())).toBe('BAD_ENVELOPE')
  })

  it.each([
    ['a bit of an id', 0],
    ['a bit of a signature', 40],
  ])('[LO14] marks with %s turned are refused, and nothing can be given back by them', async (_, at) => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    await fallen.show(alice)
    const ids = new Uint8Array(Buffer.concat(fallen.log.marks.slice(5)))
    await alice.say({ type: 'show-ids', document: fallen.id, seq: 6, ids: ids.with(at, ids[at]! ^ 1) })
    expect(codeOf(alice.take())).toBe('BAD_ENVELOPE')
    expect(codeOf(await fallen.restore(alice, 5))).toBe('NEEDS_RESTORE')
    expect(await fallen.headSeq()).toBe(5)
  })

  it('[LO14] marks beyond the head, or that follow no place of the log, are refused', async () => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    await fallen.show(alice, 9)
    expect(codeOf(await fallen.showIds(alice, 5))).toBe('BAD_ENVELOPE')
    expect(codeOf(await fallen.showIds(alice, 6))).toBe('COUNTER_GAP')
  })

  it.each([0, 130, 250, -1])('[LO14] an entry with a bit turned at %d changes nothing', async (at) => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    await fallen.show(alice)
    await fallen.showIds(alice, 5)
    const bytes = fallen.log.entries[6]!.bytes.slice()
    const place = at < 0 ? bytes.length + at : at
    // The first byte is the version: that one is no envelope at all.
    bytes[place === 0 ? 48 + 7 : place]! ^= 1
    const envelopes = [...fallen.log.entries.slice(5, 6), new Envelope(bytes), ...fallen.log.entries.slice(7)]
    await alice.say({ type: 'restore', seq: 6, envelopes })
    expect(codeOf(alice.take())).toBe('BAD_ENVELOPE')
    expect(await fallen.headSeq()).toBe(5)
  })

  it('[LO14] entries in another order, and with one left out, change nothing', async () => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    await fallen.show(alice)
    await fallen.showIds(alice, 5)
    const [sixth, seventh, eighth] = fallen.log.entries.slice(5)
    for (const envelopes of [
      [seventh!, sixth!],
      [sixth!, eighth!],
    ]) {
      await alice.say({ type: 'restore', seq: 6, envelopes })
      expect(codeOf(alice.take())).toBe('BAD_ENVELOPE')
    }
    expect(await fallen.headSeq()).toBe(5)
  })
})

describe('what nobody has signed', () => {
  it('[LO14] is taken from any member by its author’s signature, once nothing is lacking, and not before', async () => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    await fallen.show(alice, 8)
    await fallen.showIds(alice, 5, 8)
    expect(codeOf(await fallen.restore(alice, 5, LAST))).toBe('NEEDS_RESTORE')
    expect(told(await fallen.restore(alice, 5, 8))).toEqual([8, 0])
    expect(told(await fallen.restore(alice, 8))).toEqual([LAST, 0])
    expect(await fallen.holds(LAST)).toBe(true)
  })

  it('[LO14] is not taken with a signature that does not hold, nor where it does not follow', async () => {
    const fallen = await fall(9)
    const alice = await fallen.socket()
    const bytes = fallen.log.entries[9]!.bytes.slice()
    bytes[bytes.length - 1]! ^= 1
    await alice.say({ type: 'restore', seq: 10, envelopes: [new Envelope(bytes)] })
    expect(told(alice.take())).toEqual([9, 0])
    await alice.say({ type: 'restore', seq: 10, envelopes: [fallen.log.entries[10]!] })
    expect(told(alice.take())).toEqual([9, 0])
    expect(told(await fallen.restore(alice, 9))).toEqual([LAST, 0])
  })
})

describe('a device whose cursor is ahead', () => {
  it('[FR6] is told the records, and no entries', async () => {
    const fallen = await fall(5)
    const peer = await fallen.world.peer(fallen.id, undefined, fallen.before.document.creator)
    const { transcript } = await fallen.log.headAt(LAST)
    await peer.open(fallen.id, { cursorSeq: LAST, cursorTranscript: transcript })
    expect(namesOf(peer.take())).toEqual(['opened admin', 'records 2'])
  })
})

describe('a restart', () => {
  it('[LO14] [KM17] [AU6] by an admin who names both heads ends the waiting, is told to all, and by nobody else', async () => {
    const fallen = await fall(5)
    const alice = await fallen.socket()
    const watcher = await fallen.socket(bob)
    const restored = (await fallen.show(alice)).find((frame) => frame.type === 'restored')!
    const [status] = await fallen.world.store.status([fallen.id])
    const restart = (device: Device, lostHead = restored.lost): Envelope => {
      const body = encodeRecord({
        type: 'restart',
        recordPrev: status!.recordHead,
        lostHead,
        keptHead: restored.head,
        introduction: null,
      })
      const session = new Session(fallen.id, device)
      return session.sealEntry(KIND.record, body, { epoch: 1, commitment: status!.commitment }, status!.head).envelope
    }
    const say = async (peer: CorePeer, envelope: Envelope): Promise<readonly RelayFrame[]> => {
      await peer.say({ type: 'push', envelopes: [envelope] })
      return peer.take()
    }
    expect(codeOf(await say(watcher, restart(bob)))).toBe('FORBIDDEN')
    const creator = fallen.before.document.creator
    expect(codeOf(await say(alice, restart(creator, restored.head)))).toBe('RECORD_STALE')
    expect(codeOf(await pushUpdate(fallen, bob))).toBe('NEEDS_RESTORE')
    expect(namesOf(await say(alice, restart(creator)))).toContain('ack')
    expect(told(watcher.take())).toEqual([6, 0])
    expect(codeOf(await pushUpdate(fallen, bob))).toBeUndefined()
    // Who shows the given up head again stops nobody.
    expect(told(await fallen.show(watcher))).toEqual([7, 0])
  })
})
