/**
 * Group commit: what was asked for while the last batch was being committed is the next batch, so that one sync to disk
 * is paid per batch and not per entry. There is no timer and no waiting for company: a lone append commits at the end of
 * the event-loop turn in which it came. [I3]
 *
 * @module
 */
import type { AppendResult, AppendUnit } from '../core/ports.ts'
import { StoreError } from './store-error.ts'

/** One batch of units goes to `commit` as a whole and is durable when it returns; it throws when nothing was stored. */
export interface CommitQueueOptions {
  readonly commit: (units: readonly AppendUnit[]) => readonly AppendResult[]
  readonly maxEntries?: number
  readonly maxBytes?: number
  /** When to commit what has gathered; by default once the sockets of this turn have been read. */
  readonly defer?: (run: () => void) => void
}

/** Gathers appends into bounded batches. */
export interface CommitQueue {
  /** Resolves after the commit of the last of these units. Rejects when one of their batches failed. */
  append(units: readonly AppendUnit[]): Promise<readonly AppendResult[]>
  /** Resolves when everything asked for so far is decided; what is asked for later is refused. */
  close(): Promise<void>
}

interface Call {
  readonly units: readonly AppendUnit[]
  readonly results: AppendResult[]
  readonly resolve: (results: readonly AppendResult[]) => void
  readonly reject: (reason: Error) => void
}

export function createCommitQueue({
  commit,
  maxEntries = 256,
  maxBytes = 1 << 20,
  defer = setImmediate,
}: CommitQueueOptions): CommitQueue {
  let calls: Call[] = []
  let isScheduled = false
  let closing: (() => void) | null = null
  let isClosed = false

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    defer(flush)
  }

  /** Commits one batch: the oldest units, as many as fit; a unit that fits nowhere goes alone. */
  function flush(): void {
    isScheduled = false
    const batch: AppendUnit[] = []
    const shares: { call: Call; count: number }[] = []
    let entries = 0
    let bytes = 0
    gather: for (const call of calls) {
      const share = { call, count: 0 }
      shares.push(share)
      for (let i = call.results.length; i < call.units.length; i++) {
        const unit = call.units[i] as AppendUnit
        let unitBytes = 0
        for (const entry of unit.entries) unitBytes += entry.envelope.length
        entries += unit.entries.length
        bytes += unitBytes
        if (batch.length > 0 && (entries > maxEntries || bytes > maxBytes)) break gather
        batch.push(unit)
        share.count++
      }
    }

    let results: readonly AppendResult[]
    try {
      results = commit(batch)
    } catch (error) {
      // Nothing of the batch is stored. A call of which an earlier batch is stored is repeated whole: that is idempotent.
      const failed = new Set(shares.filter(({ count }) => count > 0).map(({ call }) => call))
      calls = calls.filter((call) => !failed.has(call))
      for (const call of failed) call.reject(error as Error)
      goOn()
      return
    }
    let at = 0
    for (const { call, count } of shares) {
      for (let i = 0; i < count; i++) call.results.push(results[at++] as AppendResult)
    }
    const done = calls.findIndex((call) => call.results.length < call.units.length)
    const finished = calls.splice(0, done === -1 ? calls.length : done)
    for (const call of finished) call.resolve(call.results)
    goOn()
  }

  /** What was stored is told before the next commit holds up the loop: the answers leave one turn from now. */
  function goOn(): void {
    if (calls.length === 0) return closing?.()
    isScheduled = true
    defer(() => defer(flush))
  }

  return {
    async append(units) {
      if (isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed')
      if (units.length === 0) return []
      return new Promise((resolve, reject) => {
        calls.push({ units, results: [], resolve, reject })
        schedule()
      })
    },
    async close() {
      isClosed = true
      if (calls.length === 0) return
      await new Promise<void>((resolve) => {
        closing = resolve
      })
    },
  }
}
