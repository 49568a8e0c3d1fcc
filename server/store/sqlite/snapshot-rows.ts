/**
 * Rows about snapshots as the core knows them.
 *
 * @module
 */
import { toBytes, type Bytes } from '@y-sealed/protocol'

import type { PublishedSnapshot } from '../../core/snapshot-ports.ts'
import type { StagedState } from '../judge-snapshot.ts'
import type { DocumentSnapshots, DocumentState } from './document-state.ts'
import type { PublicationRow, SnapshotStatements } from './snapshot-statements.ts'

/** As a document's row has them: read when first asked for. */
export function snapshotsOf(sql: SnapshotStatements, document: DocumentState): DocumentSnapshots {
  return (document.snapshots ??= readSnapshots(sql, document.key))
}

function readSnapshots(sql: SnapshotStatements, document: number): DocumentSnapshots {
  const newest = sql.newest.get(document)
  if (newest === undefined) return { newest: null, attested: null, usable: null, sumBytes: 0 }
  const attested = sql.attested.get(document)
  const usable = sql.usable.get(document)
  return {
    newest: rowToPublished(newest),
    attested: attested === undefined ? null : rowToPublished(attested),
    usable: usable === undefined ? null : rowToPublished(usable),
    sumBytes: sql.sumBytes.get(document, newest.seq) ?? 0,
  }
}

export function findPublished(
  sql: SnapshotStatements,
  { key }: DocumentState,
  snapshotId: Bytes,
): PublishedSnapshot | null {
  const row = sql.publication.get(key, snapshotId)
  return row === undefined ? null : rowToPublished(row)
}

export function findStaged(
  sql: SnapshotStatements,
  { key }: DocumentState,
  snapshotId: Bytes,
  device: Bytes,
): StagedState | null {
  const row = sql.upload.get(key, snapshotId, device)
  if (row === undefined) return null
  const { held, bytes: total, epoch, seq, transcript } = row
  const isVerified = epoch !== null && seq !== null && transcript !== null
  return { held, total, verified: isVerified ? { epoch, seq, transcript: toBytes(transcript) } : null }
}

export function rowToPublished(row: PublicationRow): PublishedSnapshot {
  return {
    id: toBytes(row.id),
    seq: row.seq,
    bytes: row.bytes,
    contentDigest: toBytes(row.digest),
    device: toBytes(row.device),
    member: toBytes(row.member),
    isAdmins: row.admin === 1,
    publishedAt: row.published,
    publishedAtMs: row.at,
    isAttested: row.attested > 0,
    isByAge: row.attested === 2,
    disputedAt: row.disputed,
    isHeld: row.snapshot !== null,
  }
}
