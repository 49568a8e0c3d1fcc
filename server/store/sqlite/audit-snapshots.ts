/**
 * The tables of snapshots as an audit reads them: what stands in a row is given as it stands.
 *
 * @module
 */
import { toBytes, type Bytes } from '@y-sealed/protocol'
import type { Database } from 'better-sqlite3'

export interface BodyRow {
  readonly snapshot: number
  readonly id: Bytes
  readonly device: Bytes
  readonly bytes: number
  readonly held: number
  readonly state: number
}

export interface PublicationRow {
  readonly published: number
  readonly id: Bytes
  readonly seq: number
  readonly transcript: Bytes
  readonly parent: Bytes
  readonly epoch: number
  readonly bytes: number
  readonly digest: Bytes
  readonly device: Bytes
  readonly attestedFlag: number
  readonly disputed: number
  /** `null` once it is dropped. */
  readonly body: BodyRow | null
}

export interface AttestationRow {
  readonly published: number
  readonly device: Bytes
  readonly verdict: number
  readonly attested: number
}

/** Everything but the bytes, oldest first. */
export interface SnapshotRows {
  readonly publications: readonly PublicationRow[]
  readonly attestations: readonly AttestationRow[]
  readonly writers: readonly Bytes[]
}

export interface AuditSnapshots {
  rows(document: number): SnapshotRows
  /** One row of a snapshot's bytes. */
  bytes(snapshot: number, row: number): Bytes | null
}

interface FlatRow extends Omit<PublicationRow, 'body'> {
  readonly snapshot: number | null
  readonly bodyId: Uint8Array | null
  readonly bodyDevice: Uint8Array | null
  readonly bodyBytes: number | null
  readonly held: number | null
  readonly state: number | null
}

/** Throws when the tables are not those of the present format. */
export function prepareAuditSnapshots(db: Database): AuditSnapshots {
  const publications = db.prepare<[number], FlatRow>(
    'SELECT p.published, p.id, p.seq, p.transcript, p.parent, p.epoch, p.bytes, p.digest, p.device, p.attested AS attestedFlag, p.disputed, ' +
      'p.snapshot, s.id AS bodyId, s.device AS bodyDevice, s.bytes AS bodyBytes, s.held, s.state ' +
      'FROM publications p LEFT JOIN snapshots s ON s.snapshot = p.snapshot AND s.document = p.document WHERE p.document = ? ORDER BY p.published',
  )
  const attestations = db.prepare<[number], AttestationRow>(
    'SELECT published, device, verdict, attested FROM attestations WHERE document = ? ORDER BY attested',
  )
  const writers = db.prepare<[number], Uint8Array>('SELECT device FROM writers WHERE document = ?').pluck()
  const chunk = db
    .prepare<[number, number], Uint8Array>('SELECT bytes FROM chunks WHERE snapshot = ? AND row = ?')
    .pluck()
  return {
    rows: (document) => ({
      publications: publications.all(document).map(toPublication),
      attestations: attestations.all(document).map((row) => ({ ...row, device: toBytes(row.device) })),
      writers: writers.all(document).map(toBytes),
    }),
    bytes(snapshot, row) {
      const bytes = chunk.get(snapshot, row)
      return bytes === undefined ? null : toBytes(bytes)
    },
  }
}

function toPublication({ snapshot, bodyId, bodyDevice, bodyBytes, held, state, ...row }: FlatRow): PublicationRow {
  const body: BodyRow | null =
    snapshot === null
      ? null
      : {
          snapshot,
          id: toBytes(bodyId ?? new Uint8Array(0)),
          device: toBytes(bodyDevice ?? new Uint8Array(0)),
          bytes: bodyBytes ?? 0,
          held: held ?? 0,
          state: state ?? 0,
        }
  return {
    ...row,
    id: toBytes(row.id),
    transcript: toBytes(row.transcript),
    parent: toBytes(row.parent),
    digest: toBytes(row.digest),
    device: toBytes(row.device),
    body,
  }
}
