/**
 * A document in one file: all that the relay has of it and this device has verified, sealed as it is, with the keys under a key of the file's
 * own. It is read from the DocumentStore part by part, whatever its size. Rules EX1–EX4.
 *
 * @module
 */
import {
  ExportWriter,
  readWholeEnvelope,
  sodiumSha512,
  SyncError,
  type Bytes,
  type Envelope,
  type PlacedRecord,
  type SignedHead,
  type SnapshotPiece,
} from '@y-sealed/protocol'
import type { Seen } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import { openSnapshot, type OpenedSnapshot } from '../snapshots/opened-snapshot.ts'
import type { DocumentStore, StoredEntry } from '../stores/document-store.ts'
import { sealExportKeys } from './export-keys.ts'

/** A file in the making. */
export interface DocumentExport {
  /** 28 characters in groups of four: it opens the file where no device is a member of the document. To be kept apart from it. */
  readonly key: string
  /** Edits of this device that are not in the file, since the relay has not taken them: `whenSaved()` before makes it 0. */
  readonly unsaved: number
  /** Its bytes, from the first to the last, to be read once. Rejects with `HISTORY_TRIMMED` where this device trims the log meanwhile: export again. */
  readonly chunks: AsyncIterable<Bytes>
}

export interface ExportSource {
  readonly access: DocumentAccess
  /** Whose keys go with it, as far as this device holds them. */
  readonly epochs: readonly number[]
  /** Of the verified log: the file goes as far. */
  readonly place: Seen
  /** The newest that fits it, and the key that signed it. */
  readonly signed: { readonly head: SignedHead; readonly headKey: Bytes } | null
  readonly store: DocumentStore
  readonly unsaved: number
}

/** With the frames around it below what a part may have. */
const PAGE_BYTES = 786_432

/** Begins a file. Throws `NOT_LOADED` where there is nothing yet. Needs `cryptoReady()`. */
export function exportDocument(source: ExportSource): DocumentExport {
  const { access, epochs, place, unsaved } = source
  if (place.seq === 0) throw new SyncError('NOT_LOADED', 'nothing of the document is on this device yet')
  const epochKeys = epochs.flatMap((epoch) => access.keyOf(epoch) ?? [])
  const { key, sealed } = sealExportKeys(access.genesisHash, epochKeys)
  return { key, unsaved, chunks: writeParts(source, sealed) }
}

async function* writeParts(source: ExportSource, sealed: Bytes): AsyncGenerator<Bytes, void, undefined> {
  const { access, place, signed, store } = source
  const { documentId } = access
  const records = (await store.records(documentId)).filter(({ seq }) => seq <= place.seq).map(decodeStored)
  const genesis = access.genesisBody ?? records[0]?.envelope.sealed
  const { baseSeq } = await store.extent(documentId)
  const base = baseSeq === 0 ? null : await openBase(source, baseSeq)
  if (genesis === undefined || (baseSeq > 0 && base === null)) throw trimmed()
  const writer = new ExportWriter(sodiumSha512, genesis)
  yield writer.header
  yield writer.write({ type: 'keys', sealed })
  if (signed !== null && signed.head.seq >= baseSeq) yield writer.write({ type: 'head', ...signed })
  for (const page of pagesOf(records)) yield writer.write({ type: 'records', records: page })
  if (base !== null) for (const piece of piecesOf(base)) yield writer.write(piece)
  let seq = baseSeq
  while (seq < place.seq) {
    const page = (await store.read(documentId, seq + 1, PAGE_BYTES)).filter((entry) => entry.seq <= place.seq)
    if (page[0]?.seq !== seq + 1) throw trimmed()
    const envelopes: Envelope[] = page.map((entry) => decodeStored(entry).envelope)
    yield writer.write({ type: 'entries', seq: seq + 1, envelopes })
    seq += page.length
  }
  yield writer.write({ type: 'end', seq, transcript: place.transcript })
}

/** The snapshot behind which this device keeps the log; `null` where it does not open. */
async function openBase({ access, store }: ExportSource, baseSeq: number): Promise<OpenedSnapshot | null> {
  const { documentId } = access
  const kept = (await store.snapshots(documentId)).find(({ seq }) => seq === baseSeq)
  if (kept === undefined) return null
  return openSnapshot(kept.envelope, { documentId, id: kept.id, keyOf: (epoch) => access.keyOf(epoch) })
}

function* piecesOf({ seq, context, envelope: { bytes } }: OpenedSnapshot): Generator<SnapshotPiece, void, undefined> {
  const { transcript } = context
  for (let offset = 0; offset < bytes.length; offset += PAGE_BYTES) {
    const piece = bytes.subarray(offset, offset + PAGE_BYTES)
    yield { type: 'snapshot', seq, transcript, total: bytes.length, offset, bytes: piece }
  }
}

function trimmed(): SyncError {
  return new SyncError('HISTORY_TRIMMED', 'this device does not keep the document whole')
}

function decodeStored({ seq, envelope: bytes }: StoredEntry): PlacedRecord {
  const envelope = readWholeEnvelope(bytes)
  if (envelope === null) throw new SyncError('LOG_INVALID', 'what is kept of the log is not what was verified')
  return { seq, envelope }
}

function* pagesOf(records: readonly PlacedRecord[]): Generator<readonly PlacedRecord[], void, undefined> {
  let page: PlacedRecord[] = []
  let bytes = 0
  for (const record of records) {
    const { length } = record.envelope.bytes
    if (page.length > 0 && bytes + length > PAGE_BYTES) {
      yield page
      page = []
      bytes = 0
    }
    page.push(record)
    bytes += length
  }
  if (page.length > 0) yield page
}
