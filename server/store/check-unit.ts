/**
 * What a store asks of its caller before anything is judged. A batch shares one transaction, so a malformed unit must
 * be refused to its caller alone and never reach the tables' own constraints, where it would take the batch with it.
 *
 * @module
 */
import { MAX_CHUNK_BYTES, MAX_SNAPSHOT_ENVELOPE_BYTES, type Bytes } from '@y-sealed/protocol'

import type { AppendUnit } from '../core/ports.ts'
import type { SnapshotPiece } from '../core/snapshot-ports.ts'

/** The largest envelope that any store takes: far above what the protocol allows, a bound for the tables. */
export const MAX_STORED_ENVELOPE_BYTES: number = 1 << 24

/** Throws `RangeError` when a field has not the size or range that the port states. */
export function checkUnit(unit: AppendUnit): void {
  checkSize('document', unit.document, 16)
  checkSize('device', unit.device, 16)
  checkSize('session', unit.session, 8)
  let next = unit.entries[0].counter
  const { epoch } = unit.entries[0]
  for (const entry of unit.entries) {
    checkSize('id', entry.id, 32)
    checkSize('prev', entry.prev, 16)
    checkSize('seen transcript', entry.seenTranscript, 16)
    checkInteger('kind', entry.kind, 255)
    checkInteger('seen seq', entry.seenSeq, Number.MAX_SAFE_INTEGER)
    if (entry.counter !== next) throw new RangeError('the counters of a unit are consecutive')
    if (entry.epoch !== epoch) throw new RangeError('a unit is of one epoch')
    if (entry.envelope.length < 1 || entry.envelope.length > MAX_STORED_ENVELOPE_BYTES) {
      throw new RangeError('an envelope has a size out of range')
    }
    next++
  }
  if (unit.restored !== undefined) checkInteger('place', unit.restored.at, Number.MAX_SAFE_INTEGER)
  if (unit.creation !== undefined) checkCreation(unit.creation, unit)
  if (unit.record !== undefined) checkRecord(unit.record, unit)
  if (unit.publication !== undefined || unit.attestation !== undefined) checkSnapshot(unit)
}

function checkCreation(creation: NonNullable<AppendUnit['creation']>, unit: AppendUnit): void {
  if (unit.entries.length !== 1 || unit.record !== undefined) throw new RangeError('a genesis stands alone')
  checkSize('genesis hash', creation.genesisHash, 32)
  for (let i = 0; i < 16; i++) {
    if (creation.genesisHash[i] !== unit.document[i]) throw new RangeError('the document is named by its genesis')
  }
  checkSize('commitment', creation.commitment, 32)
  if ((creation.mode === 'shared-key') !== (creation.roomKey !== undefined)) {
    throw new RangeError('a room key belongs to the shared-key mode')
  }
  if (creation.roomKey !== undefined) checkSize('room key', creation.roomKey, 32)
  for (const { device } of creation.roles) checkSize('device', device, 16)
}

function checkRecord(record: NonNullable<AppendUnit['record']>, unit: AppendUnit): void {
  if (unit.entries.length !== 1) throw new RangeError('a record stands alone')
  checkSize('record prev', record.recordPrev, 32)
  for (const { device } of record.roles) checkSize('device', device, 16)
  for (const { link, expiresAt } of record.links ?? []) {
    checkSize('link', link, 16)
    if (expiresAt !== null) checkInteger('expiry', expiresAt, Number.MAX_SAFE_INTEGER)
  }
  for (const head of record.restart === undefined ? [] : [record.restart.lost, record.restart.kept]) {
    checkInteger('seq', head.seq, Number.MAX_SAFE_INTEGER)
    checkSize('transcript', head.transcript, 32)
  }
  if (record.rotation === undefined) return
  if (record.closesEpoch === true) throw new RangeError('a record opens an epoch or closes one')
  checkInteger('epoch', record.rotation.epoch, 0xffff_ffff)
  checkSize('commitment', record.rotation.commitment, 32)
}

function checkSnapshot({ entries, creation, record, publication, attestation }: AppendUnit): void {
  const isAlone = entries.length === 1 && creation === undefined && record === undefined
  if (!isAlone || (publication !== undefined && attestation !== undefined)) {
    throw new RangeError('a publication stands alone, as does an attestation')
  }
  const said = publication ?? attestation
  if (said === undefined) return
  checkSize('snapshot id', said.snapshotId, 32)
  checkSize('content digest', said.contentDigest, 32)
  checkSize('member', said.member, 16)
  checkInteger('snapshot seq', said.seq, Number.MAX_SAFE_INTEGER)
  if (publication === undefined) return
  checkSize('transcript', publication.transcript, 32)
  checkSize('parent', publication.parentId, 32)
  checkInteger('epoch', publication.epoch, 0xffff_ffff)
  checkInteger('snapshot bytes', publication.bytes, MAX_SNAPSHOT_ENVELOPE_BYTES)
}

/** Throws `RangeError` for what is no piece of a snapshot. */
export function checkPiece({ document, device, snapshotId, total, offset, bytes }: SnapshotPiece): void {
  checkSize('document', document, 16)
  checkSize('device', device, 16)
  checkSize('snapshot id', snapshotId, 32)
  checkInteger('total', total, MAX_SNAPSHOT_ENVELOPE_BYTES)
  checkInteger('offset', offset, total)
  if (bytes.length < 1 || bytes.length > MAX_CHUNK_BYTES || offset + bytes.length > total) {
    throw new RangeError('a piece has a size out of range')
  }
}

function checkSize(what: string, bytes: Bytes, size: number): void {
  if (bytes.length !== size) throw new RangeError(`a ${what} has ${size} bytes, not ${bytes.length}`)
}

function checkInteger(what: string, value: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) throw new RangeError(`${what} out of range`)
}
