/**
 * The store on SQLite: one file, one process, every acknowledged append synced to disk. Appends are committed in groups;
 * reads are answered at once from the same connection, or, where they show what is not yet synced, when it is.
 *
 * SQLite runs in the relay's own thread and writes there; the journal is synced in libuv's pool (`JournalSync`) and carried over into the file
 * by a thread (`Checkpointer`). Measured against a sync in the loop on two cores under some twenty runnable threads, 80 appends a second, a disk
 * that now and then took 0.2 to 0.5 s for one sync; medians of four runs each: the loop's delay at the 99th percentile 11 ms instead of 32, at the 99.9th
 * 49 instead of 136; an ACK's median 4.5 ms instead of 8.3, its 99th percentile, which is the disk's, 300 and 240 ms with ranges that overlap. It costs
 * processor time: a sync wakes two more threads, 0.13 ms, so that a lone append takes 0.33 ms instead of 0.19, and one of 64 in flight 27 µs instead
 * of 23. A whole store behind a worker thread was measured too: it pays for every byte packed besides.
 *
 * @module
 */
import type { Bytes, Sha512 } from '@y-sealed/protocol'

import type { DocumentStatus, Store, StoredEntry } from '../../core/ports.ts'
import { checkUnit } from '../check-unit.ts'
import { createCommitQueue } from '../commit-queue.ts'
import { deletedStatus } from '../deleted-status.ts'
import { nodeSha512 } from '../node-sha512.ts'
import type { StoreError } from '../store-error.ts'
import { createCheckpointThread } from './checkpoint-thread.ts'
import { Checkpointer } from './checkpointer.ts'
import { type DocumentState, findRole, findStored, findTranscript } from './document-state.ts'
import { DurableWork } from './durable-work.ts'
import { SqliteEngine } from './engine.ts'
import { JournalSync } from './journal-sync.ts'
import { readCommitments, readEntries, readMarks, readRecords } from './log-reader.ts'
import { openDatabase, type OpenOptions } from './open-database.ts'
import { snapshotsOf } from './snapshot-rows.ts'
import type { SnapshotStatements } from './snapshot-statements.ts'
import { createSnapshotStore } from './snapshot-store.ts'
import { createStagingQueue, type StagedBeside } from './staging-queue.ts'
import { WriteGate } from './write-gate.ts'

export interface SqliteStoreOptions extends OpenOptions {
  /** Documents whose state is kept in memory; about 1 KiB each. */
  readonly maxCachedDocuments?: number
  /** Pages in the journal at which a checkpoint is made; 4 MiB. */
  readonly checkpointPages?: number
  readonly sha512?: Sha512
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Told of each commit how long it took until it was durable. Must not throw. */
  readonly onCommit?: (tookMs: number) => void
  /** Told once when the disk did not take what was written: from now on everything rejects with this `STORE_UNSYNCED`. Must not throw. */
  readonly onFailure?: (failure: StoreError) => void
}

/**
 * Opens or creates the store at `path`. Throws `StoreError` as `openDatabase` does.
 * Other programs may read the file through SQLite while it is open; nothing in this process may open it by other means.
 */
export function openSqliteStore({
  maxCachedDocuments = 10_000,
  checkpointPages,
  sha512 = nodeSha512,
  now = Date.now,
  onCommit,
  onFailure,
  ...open
}: SqliteStoreOptions): Store {
  const database = openDatabase(open)
  const gate = new WriteGate(() => queue.goOn())
  const journal = new JournalSync(database.journalDescriptor, {
    onSynced() {
      queue.goOn()
      checkpointer.consider()
    },
    ...(onFailure === undefined ? {} : { onFailure }),
  })
  const engine = new SqliteEngine(database.db, { sha512, now, maxCachedDocuments, onWritten: () => journal.note() })
  const { sql } = engine
  const work = new DurableWork(engine.documents, journal, gate)
  const checkpointer = new Checkpointer({
    thread: createCheckpointThread(open.path),
    gate,
    descriptor: database.fileDescriptor,
    countFrames: () => engine.countJournalFrames(),
    onFailure: (cause) => journal.fail(cause),
    ...(checkpointPages === undefined ? {} : { grownFrames: checkpointPages }),
  })
  const staging = createStagingQueue(
    (piece, limits) => engine.snapshots.stage(piece, limits),
    (run) => work.write(() => engine.transaction(run)),
  )
  const queue = createCommitQueue({
    commit(units) {
      const beganAtMs = performance.now()
      const beside = work.attempt(() => staging.next())
      try {
        const results = engine.appendBatch(units, beside?.write)
        void tellDurable(beganAtMs, beside)
        return results
      } catch (error) {
        beside?.settle(error as Error)
        throw error
      }
    },
    whenDurable: () => journal.whenDurable(),
    readiness() {
      if (gate.isClosed) return 'closed'
      return journal.isSyncing ? 'busy' : 'ready'
    },
  })
  let isClosed = false

  /** Tells a piece that went with a batch, and whoever measures. Never rejects. */
  async function tellDurable(beganAtMs: number, beside: StagedBeside | null): Promise<void> {
    try {
      await journal.whenDurable()
      beside?.settle(null)
      onCommit?.(performance.now() - beganAtMs)
    } catch (error) {
      beside?.settle(error as Error)
    }
  }

  return {
    async append(units) {
      for (const unit of units) checkUnit(unit)
      return queue.append(units)
    },
    status: (documents) =>
      work.read(() => documents.map((id) => documentToStatus(engine.snapshots.sql, engine.documents.peek(id)))),
    read: (id, after, max) =>
      work.readDocument<readonly StoredEntry[]>(id, [], ({ key }) => readEntries(sql, key, after, max)),
    readRecords: (id, after, maxBytes) =>
      work.readDocument<readonly StoredEntry[]>(id, [], ({ key }) => readRecords(sql, key, after, maxBytes)),
    readMarks: (id, after, max) =>
      work.readDocument<readonly Bytes[]>(id, [], ({ key }) => readMarks(sql, key, after, max)),
    transcriptAt: (id, seq) => work.readDocument(id, null, (document) => findTranscript(sha512, sql, document, seq)),
    roleOf: (id, device) => work.readDocument(id, 'none', (document) => findRole(sql, document, device)),
    linkOf: (id, link) =>
      work.readDocument(id, null, ({ key }) => {
        const expiresAt = sql.link.get(key, link)
        return expiresAt === undefined ? null : { expiresAt }
      }),
    entryAt: (id, device, session, counter) =>
      work.readDocument(id, null, ({ key }) => {
        const row = sql.session.get(key, device, session) ?? sql.packedSession.get(key, device, session)
        return row === undefined ? null : findStored(sql, key, row.session, counter)
      }),
    noteSigned: (id, head) => work.write(() => engine.noteSigned(id, head)),
    commitments: (id) =>
      work.readDocument<readonly (readonly [number, Bytes])[]>(id, [], ({ key }) => readCommitments(sql, key)),
    snapshots: createSnapshotStore({ engine, queue: staging, work }),
    async remove(id) {
      const outcome = await work.write(() => engine.remove(id))
      if (outcome === 'removed') await checkpointer.empty()
      return outcome !== 'unknown'
    },
    async close() {
      if (isClosed) return
      isClosed = true
      await queue.close()
      staging.close()
      work.close()
      await checkpointer.close()
      await journal.whenIdle()
      database.close()
    },
  }
}

function documentToStatus(
  snapshotSql: SnapshotStatements,
  document: DocumentState | 'deleted' | null,
): DocumentStatus | null {
  if (document === null) return null
  if (document === 'deleted') return deletedStatus()
  const { head, genesisHash, mode, roomKey, epoch, commitment, isEpochClosed, recordHead, recordSeq, lost } = document
  const { newest, attested, usable, sumBytes } = snapshotsOf(snapshotSql, document)
  const entriesSince = head.seq - (newest?.seq ?? 0)
  return {
    head,
    genesisHash,
    mode,
    roomKey,
    epoch,
    commitment,
    isEpochClosed,
    recordHead,
    recordSeq,
    lost,
    logBytes: document.sumBytes - document.trimmedBytes,
    base: document.base,
    snapshots: { newest, attested, usable, entriesSince, bytesSince: document.sumBytes - sumBytes },
    deleted: false,
  }
}
