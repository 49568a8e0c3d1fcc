/**
 * Snapshots in the tables, synchronously: pieces, publications, what may go. Whoever writes calls it within a transaction of the engine.
 * Rules LO10, LO11, LO13, LO15.
 *
 * @module
 */
import type { Database } from 'better-sqlite3'
import { HEADER_BYTES, SESSION_SILENCE_SEQS, SIGNATURE_BYTES, toBytes, type Bytes } from '@y-sealed/protocol'

import type { Role } from '../../core/ports.ts'
import type {
  AttestationEffect,
  PublicationEffect,
  SnapshotPiece,
  StagedRef,
  StageResult,
  StagingLimits,
  TrimBounds,
  TrimStep,
  VerifiedSnapshot,
} from '../../core/snapshot-ports.ts'
import { findForgettable } from '../forget-publications.ts'
import { isCounted } from '../judge-snapshot.ts'
import { ROW_BYTES } from '../snapshot-rows.ts'
import type { DocumentCache } from './document-cache.ts'
import type { DocumentState } from './document-state.ts'
import { dropOldestPage, packedBytes, packMarks, type MarkStatements, type TrimmedEntry } from './mark-pages.ts'
import { findPublished, rowToPublished } from './snapshot-rows.ts'
import {
  prepareSnapshotStatements,
  type SnapshotStatements,
  type TrimRow,
  type UploadRow,
} from './snapshot-statements.ts'

/** Whole and unverified, verified, published, on its way out: as `state` has it. */
const STATE = { staged: 0, verified: 1, published: 2, going: 3 } as const

export class SnapshotTables {
  readonly sql: SnapshotStatements
  readonly #marks: MarkStatements
  readonly #documents: DocumentCache
  readonly #now: () => number

  constructor(db: Database, marks: MarkStatements, documents: DocumentCache, now: () => number) {
    this.#marks = marks
    this.sql = prepareSnapshotStatements(db)
    this.#documents = documents
    this.#now = now
  }

  /** Takes a piece, if it is the next one. */
  stage(piece: SnapshotPiece, limits: StagingLimits): StageResult {
    const { device, snapshotId, total, offset, bytes } = piece
    const document = this.#documents.use(piece.document)
    if (document === null || document === 'deleted') return { status: document === null ? 'unknown' : 'deleted' }
    if (this.sql.isPublished.get(document.key, snapshotId) !== undefined) {
      return { status: 'taken', held: total, isVerified: true }
    }
    const known = this.sql.upload.get(document.key, snapshotId, device)
    if (known !== undefined && known.bytes !== total) return { status: 'mismatch' }
    if (known === undefined) {
      if (offset !== 0) return { status: 'taken', held: 0, isVerified: false }
      // A device uploads one at a time: what it began before has lost its race, or was given up.
      for (const other of this.sql.stagedBy.all(document.key, device)) this.sql.discard.run(other)
      const { count, bytes: staged } = this.sql.stagedSums.get(document.key) ?? { count: 0, bytes: 0 }
      const left = limits.maxBytes - staged
      if (count >= limits.maxSnapshots || total > left) return { status: 'no-room', bytes: Math.max(0, left) }
    }
    const held = known?.held ?? 0
    const isVerified = known?.state === STATE.verified
    if (offset !== held) return { status: 'taken', held, isVerified }
    const snapshot = known?.snapshot ?? this.#begin(document, piece)
    this.#write(snapshot, offset, bytes)
    this.sql.growUpload.run(offset + bytes.length, this.#now(), snapshot)
    return { status: 'taken', held: offset + bytes.length, isVerified }
  }

  #begin({ key }: DocumentState, { snapshotId, device, total }: SnapshotPiece): number {
    return Number(this.sql.insertUpload.run(key, snapshotId, device, total, this.#now()).lastInsertRowid)
  }

  /** Rows are of one size, whatever the pieces are. */
  #write(snapshot: number, offset: number, bytes: Bytes): void {
    for (let at = 0; at < bytes.length;) {
      const row = Math.floor((offset + at) / ROW_BYTES)
      const begin = offset + at - row * ROW_BYTES
      const piece = bytes.subarray(at, at + ROW_BYTES - begin)
      if (begin === 0) this.sql.insertChunk.run(snapshot, row, piece)
      else {
        const grown = new Uint8Array(begin + piece.length)
        grown.set(this.sql.chunk.get(snapshot, row) as Uint8Array)
        grown.set(piece, begin)
        this.sql.replaceChunk.run(grown, snapshot, row)
      }
      at += piece.length
    }
  }

  /** One that is whole and not published. */
  findWhole({ document: id, device, snapshotId }: StagedRef): UploadRow | null {
    const document = this.#documents.peek(id)
    if (document === null || document === 'deleted') return null
    const row = this.sql.upload.get(document.key, snapshotId, device)
    return row !== undefined && row.state < STATE.published && row.held === row.bytes ? row : null
  }

  readEnds({ snapshot, bytes }: UploadRow): { readonly header: Bytes; readonly signature: Bytes } | null {
    if (bytes < HEADER_BYTES + SIGNATURE_BYTES) return null
    const begin = bytes - SIGNATURE_BYTES
    return {
      header: this.#read(snapshot, 0, HEADER_BYTES),
      signature: this.#read(snapshot, begin, bytes),
    }
  }

  #read(snapshot: number, from: number, to: number): Bytes {
    const out = new Uint8Array(to - from)
    for (let at = from; at < to;) {
      const piece = this.readRow(snapshot, at)
      out.set(piece.subarray(0, to - at), at - from)
      at += piece.length
    }
    return out
  }

  /** From an offset to the end of its row. */
  readRow(snapshot: number, offset: number): Bytes {
    const row = Math.floor(offset / ROW_BYTES)
    return toBytes(this.sql.chunk.get(snapshot, row) as Uint8Array).subarray(offset - row * ROW_BYTES)
  }

  accept(staged: StagedRef, { epoch, seq, transcript }: VerifiedSnapshot): void {
    const row = this.findWhole(staged)
    if (row !== null) this.sql.accept.run(epoch, seq, transcript, row.snapshot)
  }

  discard({ document: id, device, snapshotId }: StagedRef): void {
    const document = this.#documents.peek(id)
    if (document === null || document === 'deleted') return
    const row = this.sql.upload.get(document.key, snapshotId, device)
    if (row !== undefined && row.state < STATE.published) this.sql.discard.run(row.snapshot)
  }

  /** Puts into force what was judged; without its bytes, where those are not there. */
  publish(document: DocumentState, device: Bytes, publication: PublicationEffect, published: number, role: Role): void {
    const { snapshotId, seq, transcript, parentId, epoch, bytes, contentDigest, member } = publication
    const upload = this.sql.upload.get(document.key, snapshotId, device)
    const snapshot = upload?.state === STATE.verified && upload.bytes === bytes ? upload.snapshot : null
    if (snapshot !== null) this.sql.publishUpload.run(snapshot)
    const isAdmins = document.mode === 'shared-key' || role === 'admin'
    const place = [document.key, published, snapshotId, seq, transcript, parentId, epoch, bytes] as const
    this.sql.publish.run(...place, contentDigest, device, member, isAdmins ? 1 : 0, this.#now(), snapshot)
    document.snapshots = null
  }

  /** Takes note of what was judged. */
  attestBy(document: DocumentState, device: Bytes, attestation: AttestationEffect, seq: number): void {
    const target = findPublished(this.sql, document, attestation.snapshotId)
    if (target === null) return
    const { member, isSame } = attestation
    this.sql.insertAttestation.run(document.key, target.publishedAt, device, isSame ? 1 : 2, member, seq)
    const newestFirst = this.sql.publications.all(document.key).map(rowToPublished)
    if (!isCounted(attestation, device, target, newestFirst, () => this.writers(document))) return
    document.snapshots = null
    if (isSame) this.sql.setAttested.run(document.key, target.publishedAt)
    else this.sql.setDisputed.run(seq, document.key, target.publishedAt)
  }

  writers({ key }: DocumentState): readonly Bytes[] {
    return this.sql.writers.all(key).map(toBytes)
  }

  attest(document: DocumentState, snapshotId: Bytes): void {
    const target = findPublished(this.sql, document, snapshotId)
    if (target === null) return
    this.sql.setAged.run(document.key, target.publishedAt)
    document.snapshots = null
  }

  /** Bodies of the oldest go, but for records and the newest of all, and their marks into pages. */
  trim(document: DocumentState, { through, beforeS, maxEntries, maxBytes }: TrimBounds): TrimStep {
    const moved: TrimmedEntry[] = []
    let entries = 0
    let bytes = 0
    const last = Math.min(through, document.head.seq - 1)
    let before = packedBytes(this.#marks, document.key, document.packed)
    for (const row of this.sql.trimmable.all(document.key, document.packed, last, maxEntries)) {
      if (row.at >= beforeS || bytes >= maxBytes) break
      moved.push(rowToTrimmed(row, before))
      before = row.logBytes
      if (row.record === 1) continue
      this.sql.trimEntry.run(document.key, row.seq)
      if (row.bytes === null) continue
      entries++
      bytes += row.bytes
    }
    const newest = moved.at(-1)
    if (newest === undefined) return { entries, bytes, base: document.base, moved: 0 }
    packMarks(this.#marks, document.key, moved)
    // Of each session the newest that has no row of its own any more.
    const heads = new Map(moved.map((entry) => [entry.session, entry] as const))
    for (const { session, counter, seq, id } of heads.values()) this.#marks.setSession.run(counter, seq, id, session)
    const base = Math.max(document.base, newest.seq)
    this.sql.setBase.run(base, document.trimmedBytes + bytes, newest.seq, document.key)
    document.base = base
    document.packed = newest.seq
    document.trimmedBytes += bytes
    return { entries, bytes, base, moved: moved.length }
  }

  /** Whole pages of the oldest marks go; and sessions that are over, and publications, when nothing is kept of them or may come of them any more. */
  forgetMarks(document: DocumentState, beforeS: number, maxEntries: number): number {
    let forgotten = 0
    while (forgotten < maxEntries) {
      const dropped = dropOldestPage(this.#marks, document.key, document.base, beforeS)
      if (dropped === 0) break
      forgotten += dropped
    }
    this.#forgetPublications(document)
    const { changes } = this.#marks.dropSilent.run(document.key, document.head.seq - SESSION_SILENCE_SEQS)
    // Sessions are remembered by keys that may be another's now.
    if (changes > 0) document.sessions.clear()
    return forgotten
  }

  #forgetPublications({ key }: DocumentState): void {
    const through = this.#marks.forgottenThrough.get(key, key) ?? 0
    for (const { publishedAt } of findForgettable(this.sql.publications.all(key).map(rowToPublished), through)) {
      this.sql.forgetAttestations.run(key, publishedAt)
      this.sql.forgetPublication.run(key, publishedAt)
    }
  }

  keepOnly(document: DocumentState, isKept: (snapshotId: Bytes) => boolean): number {
    let dropped = 0
    for (const { id, published, snapshot } of this.sql.publications.all(document.key)) {
      if (snapshot === null || isKept(toBytes(id))) continue
      this.sql.dropBody.run(document.key, published)
      this.sql.discard.run(snapshot)
      dropped++
    }
    document.snapshots = null
    return dropped
  }

  /** Some rows of the one that has waited longest; how many went, its own among them. */
  reap(beforeMs: number, maxRows: number): number {
    const oldest = this.sql.toGo.get(beforeMs)
    if (oldest === undefined) return 0
    if (oldest.state !== STATE.going) this.sql.discard.run(oldest.snapshot)
    const { changes } = this.sql.deleteChunks.run(oldest.snapshot, maxRows)
    if (changes >= maxRows) return changes
    this.sql.deleteUpload.run(oldest.snapshot)
    return changes + 1
  }

  /** Everything of a document that is removed. [I9] */
  remove(document: number): void {
    this.sql.deleteAttestations.run(document)
    this.sql.deletePublications.run(document)
    this.sql.deleteAllChunks.run(document)
    this.sql.deleteUploads.run(document)
  }
}

/** With the size that its envelope had, by the sum of all where it is gone: `before` is that before it, where that is known. */
function rowToTrimmed(row: TrimRow, before: number | null): TrimmedEntry {
  const bytes = row.bytes ?? (before === null ? 0 : row.logBytes - before)
  return {
    ...row,
    id: toBytes(row.id),
    transcript: toBytes(row.transcript),
    signature: toBytes(row.signature),
    bytes,
  }
}
