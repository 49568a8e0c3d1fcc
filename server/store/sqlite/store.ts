/**
 * The store on SQLite: one file, one process, every acknowledged append synced to disk. Appends are committed in groups;
 * reads are answered at once from the same connection.
 *
 * SQLite runs in the relay's own thread. Measured against the same engine behind a worker thread (336-byte envelopes, two
 * contended cores; appends a second, CPU an append, 99th percentile of the event loop's delay): one in flight 2 300–2 800
 * against 1 300–2 200; 64 in flight 36 000–40 000, 21–25 µs, 8–10 ms against 33 000, 27–32 µs, 3–6 ms; 1024 in flight
 * 42 000–48 000, 20–22 µs, 21–44 ms against 38 000–46 000, 22–25 µs, 9 ms. A worker leaves the loop free while a commit
 * is synced, and pays for it with every byte packed, one more hop in each acknowledgement, and a tenth to a quarter more
 * processor time; the bounds of a batch limit the delay instead.
 *
 * Measured too, and left: `synchronous = NORMAL`, commits synced by `fdatasync` in libuv's pool and checkpoints in a thread, against this. The loop
 * was freer (80 appends a second on a busy machine: p99 of its delay 11 ms against 32); nobody was acknowledged sooner (ten typists beside ten
 * abusers on a quiet machine: p99 34.5 ms against 35.2), one append in flight was a tenth to a third slower, and I1 asks for FULL.
 *
 * Looked at, and not built: that entries of a flood wait for a slower beat. Beside ten typists ten abusers have two entries stored for each of
 * theirs, and nearly all ride along: of 69 commits a second 3 held nothing else, for under 2 % of the time.
 *
 * @module
 */
import type { Bytes, Sha512 } from '@y-sealed/protocol'

import type { DocumentStatus, Store, StoredEntry } from '../../core/ports.ts'
import { checkUnit } from '../check-unit.ts'
import { createCommitQueue } from '../commit-queue.ts'
import { deletedStatus } from '../deleted-status.ts'
import { nodeSha512 } from '../node-sha512.ts'
import { StoreError } from '../store-error.ts'
import type { DocumentState } from './document-state.ts'
import { findRole, findStored, findTranscript } from './document-state.ts'
import { SqliteEngine } from './engine.ts'
import { readCommitments, readEntries, readMarks, readRecords } from './log-reader.ts'
import { openDatabase, type OpenOptions } from './open-database.ts'
import { snapshotsOf } from './snapshot-rows.ts'
import type { SnapshotStatements } from './snapshot-statements.ts'
import { createSnapshotStore } from './snapshot-store.ts'
import { createStagingQueue } from './staging-queue.ts'
import { sqliteToStoreError } from './sqlite-error.ts'

export interface SqliteStoreOptions extends OpenOptions {
  /** Documents whose state is kept in memory; about 1 KiB each. */
  readonly maxCachedDocuments?: number
  readonly sha512?: Sha512
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Told after each commit how long it took. Must not throw. */
  readonly onCommit?: (tookMs: number) => void
}

/**
 * Opens or creates the store at `path`. Throws `StoreError` as `openDatabase` does.
 * Other programs may read the file through SQLite while it is open; nothing in this process may open it by other means.
 */
export function openSqliteStore({
  maxCachedDocuments = 10_000,
  sha512 = nodeSha512,
  now = Date.now,
  onCommit,
  ...open
}: SqliteStoreOptions): Store {
  const database = openDatabase(open)
  const engine = new SqliteEngine(database.db, { sha512, now, maxCachedDocuments })
  const staging = createStagingQueue(
    (piece, limits) => engine.snapshots.stage(piece, limits),
    (run) => engine.transaction(run),
  )
  const queue = createCommitQueue({
    commit(units) {
      const beganAtMs = performance.now()
      const beside = staging.next()
      try {
        const results = engine.appendBatch(units, beside?.write)
        beside?.settle(null)
        onCommit?.(performance.now() - beganAtMs)
        return results
      } catch (error) {
        beside?.settle(error as Error)
        throw error
      }
    },
  })
  let isClosed = false

  /** Runs a read or a removal with the store's errors. */
  function attempt<Result>(run: () => Result): Result {
    if (isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed')
    try {
      return run()
    } catch (error) {
      throw sqliteToStoreError(error)
    }
  }

  function withDocument<Result>(id: Bytes, otherwise: Result, run: (document: DocumentState) => Result): Result {
    return attempt(() => {
      const document = engine.documents.peek(id)
      return document === null || document === 'deleted' ? otherwise : run(document)
    })
  }

  const { sql } = engine
  return {
    async append(units) {
      for (const unit of units) checkUnit(unit)
      return queue.append(units)
    },
    async status(documents) {
      return attempt(() => documents.map((id) => documentToStatus(engine.snapshots.sql, engine.documents.peek(id))))
    },
    async read(id, after, max) {
      return withDocument<readonly StoredEntry[]>(id, [], ({ key }) => readEntries(sql, key, after, max))
    },
    async readRecords(id, after, maxBytes) {
      return withDocument<readonly StoredEntry[]>(id, [], ({ key }) => readRecords(sql, key, after, maxBytes))
    },
    async readMarks(id, after, max) {
      return withDocument<readonly Bytes[]>(id, [], ({ key }) => readMarks(sql, key, after, max))
    },
    async transcriptAt(id, seq) {
      return withDocument(id, null, (document) => findTranscript(sha512, sql, document, seq))
    },
    async roleOf(id, device) {
      return withDocument(id, 'none', (document) => findRole(sql, document, device))
    },
    async linkOf(id, link) {
      return withDocument(id, null, ({ key }) => {
        const expiresAt = sql.link.get(key, link)
        return expiresAt === undefined ? null : { expiresAt }
      })
    },
    async entryAt(id, device, session, counter) {
      return withDocument(id, null, ({ key }) => {
        const row = sql.session.get(key, device, session) ?? sql.packedSession.get(key, device, session)
        return row === undefined ? null : findStored(sql, key, row.session, counter)
      })
    },
    async noteSigned(id, head) {
      return attempt(() => engine.noteSigned(id, head))
    },
    async commitments(id) {
      return withDocument<readonly (readonly [number, Bytes])[]>(id, [], ({ key }) => readCommitments(sql, key))
    },
    snapshots: createSnapshotStore({ engine, queue: staging, attempt }),
    async remove(id) {
      return attempt(() => engine.remove(id))
    },
    async close() {
      if (isClosed) return
      await queue.close()
      staging.close()
      isClosed = true
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
