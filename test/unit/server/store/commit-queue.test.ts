import { describe, expect, it } from 'vitest'

import type { AppendResult, AppendUnit } from '../../../../server/core/ports.ts'
import { createCommitQueue, type CommitQueueOptions } from '../../../../server/store/commit-queue.ts'
import { StoreError } from '../../../../server/store/store-error.ts'
import { random, Writer } from '../../../contract/append-units.ts'

interface Harness {
  readonly queue: ReturnType<typeof createCommitQueue>
  /** Sizes of the batches committed. */
  readonly batches: number[]
  /** Runs the turns that were asked for, one by one, until none is left. */
  readonly turn: () => void
  failNext: Error | null
  readiness: 'ready' | 'busy' | 'closed'
  /** What is committed is durable once this is, and at once without it. */
  durable: Promise<void> | null
}

function createHarness(options: Partial<CommitQueueOptions> = {}): Harness {
  const turns: (() => void)[] = []
  const batches: number[] = []
  const harness: Harness = {
    batches,
    failNext: null,
    readiness: 'ready',
    durable: null,
    turn: () => turns.shift()?.(),
    queue: createCommitQueue({
      commit(units) {
        const { failNext } = harness
        harness.failNext = null
        if (failNext !== null) throw failNext
        batches.push(units.length)
        return units.map((unit): AppendResult => ({ status: 'counter-gap', expected: unit.entries[0].counter }))
      },
      whenDurable: () => harness.durable,
      readiness: () => harness.readiness,
      defer: (run) => turns.push(run),
      ...options,
    }),
  }
  return harness
}

const writer = new Writer(random(16), { seq: 0, transcript: random(32) })

function makeUnits(count: number, size = 1): AppendUnit[] {
  return Array.from({ length: count }, () => writer.unit({ size }))
}

/** A sync that takes until it is told to end. */
function createSync(): { readonly promise: Promise<void>; readonly end: () => void } {
  let end = (): void => {}
  const promise = new Promise<void>((resolve) => (end = resolve))
  return { promise, end: () => end() }
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), Promise.resolve(false)])
}

describe('group commit', () => {
  it('[I3] resolves nothing before its batch is committed', async () => {
    const { queue, turn, batches } = createHarness()
    const append = queue.append(makeUnits(1))
    await Promise.resolve()
    expect(await settled(append)).toBe(false)
    turn()
    await append
    expect(batches).toEqual([1])
  })

  it('[I3] commits what gathered in one turn as one batch and answers each call with its own', async () => {
    const { queue, turn, batches } = createHarness()
    const calls = [makeUnits(2), makeUnits(1), makeUnits(3)]
    const answers = Promise.all(calls.map((units) => queue.append(units)))
    turn()
    expect(await answers).toEqual(
      calls.map((units) => units.map((unit) => ({ status: 'counter-gap', expected: unit.entries[0].counter }))),
    )
    expect(batches).toEqual([6])
  })

  it('[I3] [H9] lets the answers of a batch leave before it commits the next', async () => {
    const order: string[] = []
    const queue = createCommitQueue({
      maxEntries: 1,
      whenDurable: () => null,
      readiness: () => 'ready',
      commit(units) {
        order.push('commit')
        return units.map((unit): AppendResult => ({ status: 'counter-gap', expected: unit.entries[0].counter }))
      },
    })
    // As what is sent: gathered when the verdict is there, written at the end of a turn.
    const told = Array.from({ length: 3 }, async () => {
      await queue.append(makeUnits(1))
      await Promise.resolve()
      await new Promise<void>((resolve) => setImmediate(resolve))
      order.push('told')
    })
    await Promise.all(told)
    expect(order).toEqual(['commit', 'told', 'commit', 'told', 'commit', 'told'])
  })

  it('bounds a batch by entries and goes on in the next turn', async () => {
    const { queue, turn, batches } = createHarness({ maxEntries: 4 })
    const answers = Promise.all([queue.append(makeUnits(3)), queue.append(makeUnits(6))])
    for (let i = 0; i < 5; i++) turn()
    expect((await answers).map((results) => results.length)).toEqual([3, 6])
    expect(batches).toEqual([4, 4, 1])
  })

  it('bounds a batch by bytes, and lets a unit that fits nowhere go alone', async () => {
    const { queue, turn, batches } = createHarness({ maxBytes: 100 })
    const answers = queue.append([...makeUnits(3, 40), ...makeUnits(1, 500), ...makeUnits(1, 1)])
    for (let i = 0; i < 7; i++) turn()
    await answers
    expect(batches).toEqual([2, 1, 1, 1])
  })

  it('[H16] rejects every call of a failed batch and none beside it', async () => {
    const harness = createHarness({ maxEntries: 2 })
    const { queue, turn, batches } = harness
    const failure = new StoreError('STORE_FULL', 'full')
    const calls = [makeUnits(1), makeUnits(2), makeUnits(1), makeUnits(1)].map((units) => queue.append(units))
    harness.failNext = failure
    const outcomes = Promise.allSettled(calls)
    for (let i = 0; i < 3; i++) turn()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled'])
    expect(batches).toEqual([2])
  })

  it('[I3] answers nothing before what it has committed is durable, in the order of the calls', async () => {
    const harness = createHarness({ maxEntries: 1 })
    const { queue, turn, batches } = harness
    const syncs = [createSync(), createSync()] as const
    harness.durable = syncs[0].promise
    const calls = [queue.append(makeUnits(1)), queue.append(makeUnits(1))] as const
    turn()
    harness.durable = syncs[1].promise
    turn()
    turn()
    expect(batches).toEqual([1, 1])
    expect(await settled(calls[0])).toBe(false)
    syncs[0].end()
    await calls[0]
    expect(await settled(calls[1])).toBe(false)
    syncs[1].end()
    await calls[1]
  })

  it('[I3] commits nothing but full batches beside a sync, and the rest together when it is over', async () => {
    const harness = createHarness({ maxEntries: 4 })
    const { queue, turn, batches } = harness
    harness.readiness = 'busy'
    const answers = [queue.append(makeUnits(3))]
    turn()
    expect(batches).toEqual([])
    answers.push(queue.append(makeUnits(2)))
    turn()
    expect(batches).toEqual([4])
    answers.push(queue.append(makeUnits(1)))
    for (let i = 0; i < 4; i++) turn()
    expect(batches).toEqual([4])
    harness.readiness = 'ready'
    queue.goOn()
    turn()
    expect(batches).toEqual([4])
    turn()
    expect(batches).toEqual([4, 2])
    await Promise.all(answers)
  })

  it('[I3] commits a large unit beside a sync', async () => {
    const harness = createHarness({ maxBytes: 100 })
    harness.readiness = 'busy'
    const answer = harness.queue.append(makeUnits(1, 200))
    harness.turn()
    await answer
    expect(harness.batches).toEqual([1])
  })

  it('commits nothing at all while it is told to wait', async () => {
    const harness = createHarness({ maxEntries: 2 })
    harness.readiness = 'closed'
    const answer = harness.queue.append(makeUnits(4))
    harness.turn()
    expect(harness.batches).toEqual([])
    harness.readiness = 'ready'
    harness.queue.goOn()
    for (let i = 0; i < 4; i++) harness.turn()
    await answer
    expect(harness.batches).toEqual([2, 2])
  })

  it('[H16] rejects what was committed when its sync fails, and closes nevertheless', async () => {
    const harness = createHarness()
    const failure = new StoreError('STORE_UNSYNCED', 'unsynced')
    harness.durable = Promise.reject(failure)
    const answer = harness.queue.append(makeUnits(1))
    const closed = harness.queue.close()
    harness.turn()
    await expect(answer).rejects.toBe(failure)
    await closed
  })

  it('closes when the last batch has failed', async () => {
    const harness = createHarness()
    harness.failNext = new StoreError('STORE_FULL', 'full')
    const answer = harness.queue.append(makeUnits(1))
    const closed = harness.queue.close()
    harness.turn()
    await expect(answer).rejects.toMatchObject({ code: 'STORE_FULL' })
    await closed
  })

  it('takes nothing more once it closes, and closes when the rest is decided', async () => {
    const { queue, turn } = createHarness()
    const append = queue.append(makeUnits(1))
    const close = queue.close()
    await expect(queue.append(makeUnits(1))).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    expect(await settled(close)).toBe(false)
    turn()
    await append
    await close
  })
})
