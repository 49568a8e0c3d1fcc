/**
 * Group commit: what is asked for while the last batch is on its way to the disk is the next batch, so that one sync is paid per batch and not
 * per entry. There is no timer and no waiting for company: a lone append is committed at the end of the event-loop turn in which it came, or
 * when the sync that is under way is over. Only a full batch is committed beside a sync, to be covered by the next. [I3]
 *
 * @module
 */
import type { AppendResult, AppendUnit } from '../core/ports.ts'
import { StoreError } from './store-error.ts'

/** One batch of units goes to `commit` as a whole and is committed when it returns; it throws when nothing was stored. */
export interface CommitQueueOptions {
  readonly commit: (units: readonly AppendUnit[]) => readonly AppendResult[]
  /** Resolves when what was committed is durable, and rejects when that is uncertain; `null` when it is durable. */
  readonly whenDurable: () => Promise<void> | null
  /**
   * `busy`: a sync is under way, and only a full batch is to be committed; `closed`: nothing is. {@link CommitQueue.goOn} is called when
   * that is over.
   */
  readonly readiness: () => 'ready' | 'busy' | 'closed'
  readonly maxEntries?: number
  readonly maxBytes?: number
  /** When to commit what has gathered; by default once the sockets of this turn have been read. */
  readonly defer?: (run: () => void) => void
}

/** Gathers appends into bounded batches. */
export interface CommitQueue {
  /** Resolves when the last of these units is durable. Rejects when one of their batches failed. */
  append(units: readonly AppendUnit[]): Promise<readonly AppendResult[]>
  /** What waits may be committed again: one turn from now, so that what was stored is told first. */
  goOn(): void
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
  whenDurable,
  readiness,
  maxEntries = 256,
  maxBytes = 1 << 20,
  defer = setImmediate,
}: CommitQueueOptions): CommitQueue {
  /** Calls of which a unit is not yet committed. */
  let calls: Call[] = []
  /** What waits in them. */
  let entriesWaiting = 0
  let bytesWaiting = 0
  /** Batches that are committed and not yet durable. */
  let batchesInFlight = 0
  let isScheduled = false
  let closing: (() => void) | null = null
  let isClosed = false

  function schedule(when: (run: () => void) => void): void {
    if (isScheduled || calls.length === 0) return
    isScheduled = true
    when(flush)
  }

  function flush(): void {
    isScheduled = false
    const now = readiness()
    if (now === 'closed' || (now === 'busy' && entriesWaiting < maxEntries && bytesWaiting < maxBytes)) return
    commitBatch()
    goOn()
  }

  /** Commits one batch: the oldest units, as many as fit; a unit that fits nowhere goes alone. */
  function commitBatch(): void {
    const batch: AppendUnit[] = []
    const shares: { call: Call; count: number }[] = []
    let entries = 0
    let bytes = 0
    gather: for (const call of calls) {
      const share = { call, count: 0 }
      shares.push(share)
      for (let i = call.results.length; i < call.units.length; i++) {
        const unit = call.units[i] as AppendUnit
        const unitBytes = bytesOf(unit)
        if (batch.length > 0 && (entries + unit.entries.length > maxEntries || bytes + unitBytes > maxBytes)) {
          break gather
        }
        entries += unit.entries.length
        bytes += unitBytes
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
      for (const call of failed) {
        for (const unit of call.units.slice(call.results.length)) forget(unit)
        call.reject(error as Error)
      }
      endIfDone()
      return
    }
    for (const unit of batch) forget(unit)
    let at = 0
    for (const { call, count } of shares) {
      for (let i = 0; i < count; i++) call.results.push(results[at++] as AppendResult)
    }
    const done = calls.findIndex((call) => call.results.length < call.units.length)
    void settle(calls.splice(0, done === -1 ? calls.length : done))
  }

  function forget(unit: AppendUnit): void {
    entriesWaiting -= unit.entries.length
    bytesWaiting -= bytesOf(unit)
  }

  /** Tells calls that are committed, once that is durable. */
  async function settle(finished: readonly Call[]): Promise<void> {
    batchesInFlight++
    try {
      const durable = whenDurable()
      if (durable !== null) await durable
      for (const call of finished) call.resolve(call.results)
    } catch (error) {
      for (const call of finished) call.reject(error as Error)
    }
    batchesInFlight--
    endIfDone()
  }

  /** What was stored is told before the next commit holds up the loop: the answers leave one turn from now. */
  function goOn(): void {
    schedule((run) => defer(() => defer(run)))
  }

  function endIfDone(): void {
    if (calls.length === 0 && batchesInFlight === 0) closing?.()
  }

  return {
    async append(units) {
      if (isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed')
      if (units.length === 0) return []
      return new Promise((resolve, reject) => {
        for (const unit of units) {
          entriesWaiting += unit.entries.length
          bytesWaiting += bytesOf(unit)
        }
        calls.push({ units, results: [], resolve, reject })
        schedule(defer)
      })
    },
    goOn,
    async close() {
      isClosed = true
      if (calls.length === 0 && batchesInFlight === 0) return
      await new Promise<void>((resolve) => {
        closing = resolve
      })
    },
  }
}

function bytesOf({ entries }: AppendUnit): number {
  let bytes = 0
  for (const { envelope } of entries) bytes += envelope.length
  return bytes
}
