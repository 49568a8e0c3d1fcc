/**
 * Pieces of snapshots on their way into the file, one at a time: beside a batch of appends where there is one, so that nobody pays for a
 * sync of its own, else in a transaction of its own. An append never waits for more than one piece. [I3]
 *
 * @module
 */
import type { SnapshotPiece, StageResult, StagingLimits } from '../../core/snapshot-ports.ts'
import { StoreError } from '../store-error.ts'

interface Waiting {
  readonly piece: SnapshotPiece
  readonly limits: StagingLimits
  readonly resolve: (result: StageResult) => void
  readonly reject: (reason: Error) => void
}

/** Writes a piece within a transaction that is under way. */
type Write = (piece: SnapshotPiece, limits: StagingLimits) => StageResult

export interface StagingQueue {
  add(piece: SnapshotPiece, limits: StagingLimits): Promise<StageResult>
  /** The next piece, for a transaction that is about to begin; `null` when none waits. */
  next(): StagedBeside | null
  close(): void
}

/** A piece that goes with a transaction. */
export interface StagedBeside {
  readonly write: () => void
  /** The transaction is durable, or failed and nothing was written. */
  readonly settle: (error: Error | null) => void
}

/** `transact` runs something in a transaction of its own; `defer` lets a turn of the loop pass. */
export function createStagingQueue(
  write: Write,
  transact: (run: () => void) => void,
  defer: (run: () => void) => void = setImmediate,
): StagingQueue {
  const waiting: Waiting[] = []
  let isScheduled = false
  let isClosed = false

  /** A turn is left to the sockets and to a batch that may take the piece along. */
  function schedule(): void {
    if (isScheduled || waiting.length === 0) return
    isScheduled = true
    defer(() => defer(flush))
  }

  function flush(): void {
    isScheduled = false
    const own = take()
    if (own === null) return
    try {
      transact(own.write)
      own.settle(null)
    } catch (error) {
      own.settle(error as Error)
    }
    schedule()
  }

  function take(): StagedBeside | null {
    const next = waiting.shift()
    if (next === undefined) return null
    let result: StageResult | null = null
    return {
      write() {
        result = write(next.piece, next.limits)
      },
      settle(error) {
        if (result !== null && error === null) next.resolve(result)
        else next.reject(error ?? new StoreError('STORE_FAILED', 'the piece was not written'))
      },
    }
  }

  return {
    async add(piece, limits) {
      if (isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed')
      return new Promise((resolve, reject) => {
        waiting.push({ piece, limits, resolve, reject })
        schedule()
      })
    },
    next: take,
    close() {
      isClosed = true
      for (const { reject } of waiting.splice(0)) reject(new StoreError('STORE_CLOSED', 'the store is closed'))
    },
  }
}
