import { describe, expect, it } from 'vitest'

import { KeyedBuckets } from '../../../../server/core/keyed-buckets.ts'
import { ReadTurns } from '../../../../server/core/read-turns.ts'
import { Throttle } from '../../../../server/core/throttle.ts'
import { TokenBucket } from '../../../../server/core/token-bucket.ts'

describe('a bucket', () => {
  it('gives its burst at once, then its rate, and says how long to wait', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0)
    expect([1, 2, 3, 4].map(() => bucket.tryTake(1, 0))).toEqual([true, true, true, false])
    expect(bucket.waitMs(1, 0)).toBe(100)
    expect(bucket.tryTake(1, 99)).toBe(false)
    expect(bucket.tryTake(1, 100)).toBe(true)
    expect(bucket.waitMs(3, 100)).toBe(300)
  })

  it('lets pass what costs more than it holds once it is full, and is in debt then', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0)
    expect(bucket.tryTake(20, 0)).toBe(true)
    expect(bucket.waitMs(1, 0)).toBe(1_600)
  })

  it('takes back no more than it holds, and knows no time that goes back', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, 1_000)
    bucket.give(100)
    bucket.take(2, 1_000)
    expect(bucket.waitMs(1, 0)).toBe(1_000)
    expect(bucket.isFull(2_999)).toBe(false)
    expect(bucket.isFull(3_000)).toBe(true)
  })
})

describe('buckets by key', () => {
  it('[H6] forgets full ones, and the oldest beyond its bound', () => {
    const buckets = new KeyedBuckets({ perSecond: 1, burst: 10 }, 100)
    for (let i = 0; i < 10_000; i++) buckets.of(`made-up-${i}`, 0).take(1, 0)
    expect(buckets.size).toBe(100)
    buckets.of('busy', 0).take(10, 19_000)
    buckets.tick(20_000)
    expect(buckets.size).toBe(1)
    expect(buckets.of('busy', 20_000).waitMs(10, 20_000)).toBe(9_000)
  })
})

describe('turns at reading', () => {
  it('[H9] gives two at once to one person, the next in line soon after one ends, and none when too many wait', async () => {
    const later: (() => void)[] = []
    const turns = new ReadTurns(2, 2, (run) => void later.push(run))
    const order: string[] = []
    expect([turns.begin('alice'), turns.begin('alice'), turns.begin('bob')]).toEqual([true, true, true])
    const third = Promise.resolve(turns.begin('alice')).then(() => order.push('third'))
    const fourth = Promise.resolve(turns.begin('alice')).then(() => order.push('fourth'))
    expect(turns.begin('alice')).toBe(false)
    await Promise.resolve()
    expect(order).toEqual([])
    turns.end('alice')
    turns.end('alice')
    await Promise.resolve()
    // Not in the turn in which the one before has read.
    expect(order).toEqual([])
    later.shift()?.()
    await third
    expect(order).toEqual(['third'])
    later.shift()?.()
    await fourth
    for (let i = 0; i < 2; i++) turns.end('alice')
    turns.end('bob')
    expect(turns.size).toBe(0)
  })
})

describe('a wait', () => {
  it('[H1] forgives what was on its way, and nothing beyond that', () => {
    const throttle = new Throttle(3)
    expect(throttle.waitMs(0)).toBe(0)
    expect(throttle.begin(17, 0)).toBe(250)
    expect(throttle.waitMs(100)).toBe(150)
    expect([1, 2, 3, 4].map(() => throttle.weigh())).toEqual([0, 0, 0, 1])
    expect(throttle.waitMs(250)).toBe(0)
    expect(throttle.begin(16_000, 300)).toBe(16_000)
    expect(throttle.weigh()).toBe(0)
  })
})
