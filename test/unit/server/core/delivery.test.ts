import { describe, expect, it } from 'vitest'

import { Delivery } from '../../../../server/core/delivery.ts'
import type { LiveEntry } from '../../../../server/core/entry-frames.ts'
import type { Subscription } from '../../../../server/core/subscription.ts'

const alice = { name: 'alice' } as unknown as Subscription
const bob = { name: 'bob' } as unknown as Subscription

function entry(seq: number, author: Subscription | null = null): LiveEntry {
  return { seq, envelope: new Uint8Array([seq]), author }
}

function started(seq = 0): Delivery {
  const delivery = new Delivery()
  delivery.start({ seq, transcript: new Uint8Array(32) })
  return delivery
}

const seqsOf = (delivery: Delivery): number[] | undefined => delivery.take()?.entries.map(({ seq }) => seq)
const ack = (subscription: Subscription, through: number) => ({
  subscription,
  through,
  frame: new Uint8Array([through]),
})

describe('delivery', () => {
  it('[FR8] gives entries once and in the order of the log, however they come', () => {
    const delivery = started()
    for (const seq of [2, 1, 1, 4, 2, 3, 6]) delivery.offer(entry(seq))
    expect(seqsOf(delivery)).toEqual([1, 2, 3, 4])
    expect(delivery.isBehind).toBe(true)
    delivery.offer(entry(5))
    expect(seqsOf(delivery)).toEqual([5, 6])
    expect(delivery.isBehind).toBe(false)
    expect(delivery.take()).toBeNull()
  })

  it('[BU2] keeps what comes before it is started and forgets what the row has covered', () => {
    const delivery = new Delivery()
    for (const seq of [3, 4, 5, 6]) delivery.offer(entry(seq))
    expect(delivery.take()).toBeNull()
    delivery.start({ seq: 4, transcript: new Uint8Array(32) })
    expect(seqsOf(delivery)).toEqual([5, 6])
    expect(delivery.isBehind).toBe(false)
  })

  it('[FR8] holds an ACK back until everything before it is out', () => {
    const delivery = started()
    delivery.offer(entry(2, alice))
    delivery.acknowledge(ack(alice, 2))
    expect(delivery.take()).toBeNull()
    expect(delivery.isBehind).toBe(true)
    delivery.offer(entry(1))
    const batch = delivery.take()
    expect(batch?.entries.map(({ seq }) => seq)).toEqual([1, 2])
    expect(batch?.acks.get(alice)?.map(({ through }) => through)).toEqual([2])
  })

  it('[FR9] gives the ACK of an entry that was there before at once', () => {
    const delivery = started(7)
    delivery.acknowledge(ack(alice, 3))
    expect(delivery.isBehind).toBe(false)
    expect(delivery.take()?.acks.get(alice)).toHaveLength(1)
  })

  it('names every local author of a batch, and sorts each one’s ACKs', () => {
    const delivery = started()
    delivery.offer(entry(1, alice))
    delivery.offer(entry(2, bob))
    delivery.offer(entry(3, alice))
    delivery.acknowledge(ack(alice, 3))
    delivery.acknowledge(ack(alice, 1))
    const acks = delivery.take()?.acks
    expect(acks?.get(alice)?.map(({ through }) => through)).toEqual([1, 3])
    expect(acks?.get(bob)).toEqual([])
  })

  it('remembers who pushed an entry that came by the bus as well', () => {
    const delivery = started()
    delivery.offer(entry(2, alice))
    delivery.offer(entry(2))
    delivery.offer(entry(1))
    expect(delivery.take()?.entries.map(({ author }) => author)).toEqual([null, alice])
    delivery.offer(entry(4))
    delivery.offer(entry(4, bob))
    delivery.offer(entry(3))
    expect(delivery.take()?.entries.map(({ author }) => author)).toEqual([null, bob])
  })

  it('knows the transcript only at the head that the store told of', () => {
    const delivery = started(1)
    expect(delivery.transcript).not.toBeNull()
    delivery.offer(entry(2))
    expect(delivery.transcript).toBeNull()
    delivery.noteHead({ seq: 9, transcript: new Uint8Array(32) })
    expect(delivery.transcript).toBeNull()
    delivery.noteHead({ seq: 2, transcript: new Uint8Array(32) })
    expect(delivery.transcript).not.toBeNull()
  })

  it('keeps a bounded number of entries beyond a gap', () => {
    const delivery = started()
    for (let seq = 2; seq < 3000; seq++) delivery.offer(entry(seq))
    delivery.offer(entry(1))
    expect(seqsOf(delivery)).toHaveLength(1025)
  })
})
