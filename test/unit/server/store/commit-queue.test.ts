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
}

function createHarness(options: Partial<CommitQueueOptions> = {}): Harness {
  const turns: (() => void)[] = []
  const batches: number[] = []
  const harness: Harness = {
    batches,
    failNext: null,
    turn: () => turns.shift()?.(),
    queue: createCommitQueue({
      commit(units) {
        const { failNext } = harness
        harness.failNext = null
        if (failNext !== null) throw failNext
        batches.push(units.length)
        return units.map((unit): AppendResult => ({ status: 'counter-gap', expected: unit.entries[0].counter }))
      },
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
