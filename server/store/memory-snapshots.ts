/**
 * Snapshots in the store in memory: pieces, publications, trimming. Rules LO10, LO11, LO13, LO15.
 *
 * @module
 */
import {
  bytesToHex,
  concatBytes,
  equalBytes,
  HEADER_BYTES,
  SESSION_SILENCE_SEQS,
  SIGNATURE_BYTES,
  type Bytes,
  type Sha512,
} from '@y-sealed/protocol'

import type { AppendUnit } from '../core/ports.ts'
import type { SnapshotStore, StagedRef } from '../core/snapshot-ports.ts'
import { checkPiece } from './check-unit.ts'
import { findForgettable } from './forget-publications.ts'
import { isCounted, refusePlace, type SnapshotView } from './judge-snapshot.ts'
import { toPublished, uploadKey, type MemoryDocument, type MemoryUpload } from './memory-document.ts'
import { ROW_BYTES } from './snapshot-rows.ts'

export interface MemorySnapshotOptions {
  readonly find: (id: Bytes) => MemoryDocument | null
  readonly isDeleted: (id: Bytes) => boolean
  readonly all: () => readonly MemoryDocument[]
  readonly sha512: Sha512
  readonly now: () => number
}

export function createMemorySnapshots({ find, isDeleted, all, sha512, now }: MemorySnapshotOptions): SnapshotStore {
  const uploadOf = ({ document, device, snapshotId }: StagedRef): MemoryUpload | null =>
    find(document)?.uploads.get(uploadKey(device, snapshotId)) ?? null
  const wholeOf = (staged: StagedRef): MemoryUpload | null => {
    const upload = uploadOf(staged)
    return upload !== null && upload.held === upload.total ? upload : null
  }

  return {
    async stage(piece, limits) {
      checkPiece(piece)
      const { device, snapshotId, total, offset, bytes } = piece
      const document = find(piece.document)
      if (document === null) return { status: isDeleted(piece.document) ? 'deleted' : 'unknown' }
      const published = document.published.find(({ id }) => equalBytes(id, snapshotId))
      if (published !== undefined) return { status: 'taken', held: total, isVerified: true }
      const key = uploadKey(device, snapshotId)
      let upload = document.uploads.get(key)
      if (upload === undefined) {
        if (offset !== 0) return { status: 'taken', held: 0, isVerified: false }
        for (const other of document.uploads.keys()) {
          if (other.startsWith(bytesToHex(device))) document.uploads.delete(other)
        }
        const others = [...document.uploads.values()]
        const left = limits.maxBytes - others.reduce((sum, each) => sum + each.total, 0)
        if (others.length >= limits.maxSnapshots || total > left) return { status: 'no-room', bytes: Math.max(0, left) }
        const id = snapshotId.slice()
        upload = { id, total, bytes: new Uint8Array(total), held: 0, touchedAtMs: now(), verified: null }
        document.uploads.set(key, upload)
      }
      if (upload.total !== total) return { status: 'mismatch' }
      if (offset === upload.held) {
        upload.bytes.set(bytes, offset)
        upload.held += bytes.length
        upload.touchedAtMs = now()
      }
      return { status: 'taken', held: upload.held, isVerified: upload.verified !== null }
    },
    async ends(staged) {
      const upload = wholeOf(staged)
      if (upload === null || upload.total < HEADER_BYTES + SIGNATURE_BYTES) return null
      const { bytes, total } = upload
      return { header: bytes.slice(0, HEADER_BYTES), signature: bytes.slice(total - SIGNATURE_BYTES) }
    },
    async hash(staged, prefix) {
      const upload = wholeOf(staged)
      if (upload === null) return null
      return sha512(concatBytes(prefix, upload.bytes.subarray(0, upload.total - SIGNATURE_BYTES))).slice(0, 32)
    },
    async accept(staged, verified) {
      const upload = wholeOf(staged)
      if (upload !== null) upload.verified = { ...verified, transcript: verified.transcript.slice() }
    },
    async discard({ document, device, snapshotId }) {
      find(document)?.uploads.delete(uploadKey(device, snapshotId))
    },
    async read(id, snapshotId, offset) {
      const body = find(id)?.published.find((each) => equalBytes(each.id, snapshotId))?.body ?? null
      if (body === null || offset >= body.length) return null
      const end = (Math.floor(offset / ROW_BYTES) + 1) * ROW_BYTES
      return { total: body.length, bytes: body.subarray(offset, end) }
    },
    async published(id) {
      return (find(id)?.published ?? []).map(toPublished)
    },
    async writers(id) {
      return [...(find(id)?.writersByHex.values() ?? [])]
    },
    async documents(after, max) {
      const found = all().filter(({ key, published }) => key > after && published.length > 0)
      return found.slice(0, max).map(({ key, id }) => ({ key, id }))
    },
    async attest(id, snapshotId) {
      const target = find(id)?.published.find((each) => equalBytes(each.id, snapshotId))
      if (target === undefined || target.isAttested) return
      target.isAttested = true
      target.isByAge = true
    },
    async trim(id, { through, beforeS, maxEntries, maxBytes }) {
      const document = find(id)
      if (document === null) return { entries: 0, bytes: 0, base: 0, moved: 0 }
      const last = Math.min(through, document.head.seq - 1)
      const { base: from } = document
      let entries = 0
      let bytes = 0
      while (document.base < last && entries < maxEntries && bytes < maxBytes) {
        const entry = document.entries[document.base] ?? null
        if (entry !== null && entry.atS >= beforeS) break
        document.base++
        if (entry === null || entry.isRecord || entry.envelope === null) continue
        entries++
        bytes += entry.envelope.length
        entry.envelope = null
      }
      document.trimmedBytes += bytes
      return { entries, bytes, base: document.base, moved: document.base - from }
    },
    async forgetMarks(id, beforeS, maxEntries) {
      const document = find(id)
      if (document === null) return 0
      let forgotten = 0
      for (let seq = 1; seq <= document.base && forgotten < maxEntries; seq++) {
        const entry = document.entries[seq - 1]
        if (entry === null || entry === undefined || entry.isRecord) continue
        if (entry.atS >= beforeS) break
        document.entries[seq - 1] = null
        document.sessionsByKey.get(entry.session)?.entriesByCounter.delete(entry.counter)
        forgotten++
      }
      for (const each of findForgettable(document.published, forgottenThrough(document))) {
        document.published.splice(document.published.indexOf(each), 1)
      }
      for (const [key, { last, entriesByCounter }] of document.sessionsByKey) {
        const isOver = last.seq < document.head.seq - SESSION_SILENCE_SEQS
        if (isOver && entriesByCounter.size === 0) document.sessionsByKey.delete(key)
      }
      return forgotten
    },
    async keepOnly(id, snapshotIds) {
      let dropped = 0
      for (const each of find(id)?.published ?? []) {
        if (each.body === null || snapshotIds.some((kept) => equalBytes(kept, each.id))) continue
        each.body = null
        each.isHeld = false
        dropped++
      }
      return dropped
    },
    async reap(beforeMs, maxRows) {
      let reaped = 0
      for (const { uploads } of all()) {
        for (const [key, { touchedAtMs }] of uploads) {
          if (touchedAtMs >= beforeMs || reaped >= maxRows) continue
          uploads.delete(key)
          reaped++
        }
      }
      return reaped
    },
    async shrink() {
      return 0
    },
  }
}

/** Up to here only records are known. */
function forgottenThrough({ entries, base }: MemoryDocument): number {
  const oldest = entries.findIndex((entry) => entry !== null && !entry.isRecord)
  return oldest === -1 ? base : Math.min(oldest, base)
}

/** What a publication or an attestation does, once its entry stands at `seq`. */
export function applySnapshotEffects(
  document: MemoryDocument,
  unit: AppendUnit,
  seq: number,
  nowMs: number,
  view: SnapshotView,
): void {
  const { device, publication, attestation, restored } = unit
  // One that is given back may be anything.
  const isInForce =
    publication !== undefined && (restored === undefined || refusePlace(publication, document, view) === null)
  if (isInForce) {
    const key = uploadKey(device, publication.snapshotId)
    const upload = document.uploads.get(key)
    const body = upload?.verified === null ? null : (upload?.bytes ?? null)
    document.uploads.delete(key)
    document.published.unshift({
      id: publication.snapshotId.slice(),
      seq: publication.seq,
      bytes: publication.bytes,
      contentDigest: publication.contentDigest.slice(),
      device: device.slice(),
      member: publication.member.slice(),
      isAdmins: document.mode === 'shared-key' || document.rolesByDevice.get(bytesToHex(device)) === 'admin',
      publishedAt: seq,
      publishedAtMs: nowMs,
      isAttested: false,
      isByAge: false,
      disputedAt: 0,
      isHeld: body !== null,
      body,
    })
  }
  const target = document.published.find(
    ({ id }) => attestation !== undefined && equalBytes(id, attestation.snapshotId),
  )
  if (attestation === undefined || target === undefined) return
  const writers = (): readonly Bytes[] => [...document.writersByHex.values()]
  if (!isCounted(attestation, device, target, document.published, writers)) return
  if (!attestation.isSame) target.disputedAt = seq
  else {
    target.isAttested = true
    target.isByAge = false
  }
}
