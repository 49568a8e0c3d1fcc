/**
 * The port for snapshots over the tables. What takes long is cut into pieces between which everybody else has a turn.
 *
 * @module
 */
import { equalBytes, SIGNATURE_BYTES, toBytes, type Bytes } from '@y-sealed/protocol'
import { createHash } from 'node:crypto'

import type { SnapshotStore } from '../../core/snapshot-ports.ts'
import { checkPiece } from '../check-unit.ts'
import type { DocumentState } from './document-state.ts'
import type { SqliteEngine } from './engine.ts'
import { rowToPublished } from './snapshot-rows.ts'
import type { StagingQueue } from './staging-queue.ts'

/** Rows that are hashed in one turn: half a megabyte, a millisecond. */
const ROWS_A_TURN = 8
const ID_BYTES = 32

export interface SnapshotStoreOptions {
  readonly engine: SqliteEngine
  readonly queue: StagingQueue
  /** Runs something with the store's errors; throws when it is closed. */
  readonly attempt: <Result>(run: () => Result) => Result
  readonly defer?: (run: () => void) => void
}

export function createSnapshotStore({
  engine,
  queue,
  attempt,
  defer = setImmediate,
}: SnapshotStoreOptions): SnapshotStore {
  const { snapshots: tables, documents } = engine

  /** Reads of a document. */
  function withDocument<Result>(id: Bytes, otherwise: Result, run: (document: DocumentState) => Result): Result {
    return attempt(() => {
      const document = documents.peek(id)
      return document === null || document === 'deleted' ? otherwise : run(document)
    })
  }

  /** A small transaction on a document. */
  function change<Result>(id: Bytes, otherwise: Result, run: (document: DocumentState) => Result): Result {
    return attempt(() =>
      engine.transaction(() => {
        const document = documents.use(id)
        return document === null || document === 'deleted' ? otherwise : run(document)
      }),
    )
  }

  return {
    async stage(piece, limits) {
      checkPiece(piece)
      return queue.add(piece, limits)
    },
    async ends(staged) {
      return attempt(() => {
        const row = tables.findWhole(staged)
        return row === null ? null : tables.readEnds(row)
      })
    },
    async hash(staged, prefix) {
      const hash = createHash('sha512').update(prefix)
      const row = attempt(() => tables.findWhole(staged))
      if (row === null) return null
      const end = row.bytes - SIGNATURE_BYTES
      for (let at = 0, rows = 0; at < end;) {
        // Gone meanwhile: its document was deleted, or its time was over.
        if (rows % ROWS_A_TURN === 0 && attempt(() => tables.findWhole(staged)) === null) return null
        const piece = attempt(() => tables.readRow(row.snapshot, at))
        hash.update(piece.subarray(0, end - at))
        at += piece.length
        if (++rows % ROWS_A_TURN === 0) await new Promise<void>((resolve) => defer(resolve))
      }
      return toBytes(hash.digest()).slice(0, ID_BYTES)
    },
    async accept(staged, verified) {
      attempt(() => engine.transaction(() => tables.accept(staged, verified)))
    },
    async discard(staged) {
      attempt(() => engine.transaction(() => tables.discard(staged)))
    },
    async read(id, snapshotId, offset) {
      return withDocument(id, null, ({ key }) => {
        const body = tables.sql.body.get(key, snapshotId)
        if (body === undefined || offset >= body.bytes) return null
        return { total: body.bytes, bytes: tables.readRow(body.snapshot, offset) }
      })
    },
    async published(id) {
      return withDocument(id, [], ({ key }) => tables.sql.publications.all(key).map(rowToPublished))
    },
    async writers(id) {
      return withDocument<readonly Bytes[]>(id, [], (document) => tables.writers(document))
    },
    async documents(after, max) {
      return attempt(() => tables.sql.documents.all(after, max).map(({ key, id }) => ({ key, id: toBytes(id) })))
    },
    async attest(id, snapshotId) {
      change(id, undefined, (document) => tables.attest(document, snapshotId))
    },
    async trim(id, bounds) {
      return change(id, { entries: 0, bytes: 0, base: 0, moved: 0 }, (document) => tables.trim(document, bounds))
    },
    async forgetMarks(id, beforeS, maxEntries) {
      return change(id, 0, (document) => tables.forgetMarks(document, beforeS, maxEntries))
    },
    async keepOnly(id, snapshotIds) {
      return change(id, 0, (document) =>
        tables.keepOnly(document, (each) => snapshotIds.some((kept) => equalBytes(kept, each))),
      )
    },
    async reap(beforeMs, maxRows) {
      return attempt(() => engine.transaction(() => tables.reap(beforeMs, maxRows)))
    },
    async shrink(maxPages) {
      return attempt(() => engine.shrink(maxPages))
    },
  }
}
