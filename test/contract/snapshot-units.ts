/**
 * Snapshots for the store contract: bytes that nobody sealed, put into force by units that nobody signed. A store judges neither.
 *
 * @module
 */
import { ENVELOPE_BYTES, type Bytes } from '@y-sealed/protocol'

import type { AppendResult, AppendUnit, Store } from '../../server/core/ports.ts'
import type {
  AttestationEffect,
  PublicationEffect,
  PublishedSnapshot,
  StagedRef,
  StageResult,
} from '../../server/core/snapshot-ports.ts'
import { random, Writer } from './append-units.ts'
import { appendOne } from './store-case.ts'

const KIND_PUBLICATION = 5
const KIND_ATTESTATION = 6
const PIECE_BYTES = 57_344
const ROOM = { maxBytes: 1e9, maxSnapshots: 16 } as const

export interface TestUpload extends StagedRef {
  readonly bytes: Bytes
}

export function makeUpload(document: Bytes, device: Bytes, size = 1_000): TestUpload {
  return { document, device, snapshotId: random(32), bytes: random(ENVELOPE_BYTES + size) }
}

/** Stages the piece at an offset. */
export function stage(
  store: Store,
  { bytes, document, device, snapshotId }: TestUpload,
  offset = 0,
  limits: { readonly maxBytes: number; readonly maxSnapshots: number } = ROOM,
  pieceBytes: number = PIECE_BYTES,
): Promise<StageResult> {
  const piece = bytes.subarray(offset, offset + pieceBytes)
  return store.snapshots.stage({ document, device, snapshotId, total: bytes.length, offset, bytes: piece }, limits)
}

/** Stages all of it. */
export async function stageWhole(store: Store, upload: TestUpload, pieceBytes?: number): Promise<void> {
  for (let offset = 0; offset < upload.bytes.length;) {
    const result = await stage(store, upload, offset, ROOM, pieceBytes)
    if (result.status !== 'taken' || result.held <= offset) throw new Error(`not staged: ${result.status}`)
    offset = result.held
  }
}

/** Stages all of it and says that it was found good: the log up to `seq`. */
export async function stageVerified(store: Store, upload: TestUpload, seq: number): Promise<void> {
  await stageWhole(store, upload)
  const transcript = ((await store.transcriptAt(upload.document, seq)) ?? random(32)).slice(0, 16)
  await store.snapshots.accept(upload, { epoch: 1, seq, transcript })
}

/** Publishes what is staged as the log up to `seq`, upon the newest published, under a session of its own. */
export async function publish(
  store: Store,
  { document, snapshotId, device, bytes }: TestUpload,
  seq: number,
  changes: Partial<PublicationEffect> = {},
  restored?: AppendUnit['restored'],
): Promise<AppendResult> {
  const [newest] = await store.snapshots.published(document)
  const transcript = (await store.transcriptAt(document, seq)) ?? random(32)
  const publication: PublicationEffect = {
    snapshotId,
    seq,
    transcript,
    parentId: newest?.id ?? new Uint8Array(32),
    epoch: 1,
    bytes: bytes.length,
    contentDigest: random(32),
    member: device,
    ...changes,
  }
  const unit = await ownUnit(store, document, device, KIND_PUBLICATION)
  return appendOne(store, { ...unit, publication, ...(restored !== undefined && { restored }) })
}

/** A snapshot in force. */
export async function mustPublish(
  store: Store,
  document: Bytes,
  device: Bytes,
  seq: number,
  size?: number,
): Promise<PublishedSnapshot> {
  const upload = makeUpload(document, device, size)
  await stageVerified(store, upload, seq)
  const result = await publish(store, upload, seq)
  if (result.status !== 'stored') throw new Error(`not published: ${result.status}`)
  const [newest] = await store.snapshots.published(document)
  return newest as PublishedSnapshot
}

/** Says of a snapshot that it is right, or wrong. */
export async function attest(
  store: Store,
  document: Bytes,
  device: Bytes,
  { id, seq, contentDigest }: PublishedSnapshot,
  changes: Partial<AttestationEffect> = {},
): Promise<AppendResult> {
  const said = { snapshotId: id, seq, isSame: true, contentDigest, member: device, memberDevices: [device] }
  const attestation = { ...said, ...changes }
  return appendOne(store, { ...(await ownUnit(store, document, device, KIND_ATTESTATION)), attestation })
}

async function ownUnit(store: Store, document: Bytes, device: Bytes, kind: number): Promise<AppendUnit> {
  const [status] = await store.status([document])
  const { head } = status as NonNullable<typeof status>
  return new Writer(document, head, device).unit({ entry: { kind } })
}
