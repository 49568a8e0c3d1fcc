/**
 * Snapshots for tests of the relay: what a client would seal, cut and publish, without a client. What is in them is of no matter to the
 * relay, and so not here either.
 *
 * @module
 */
import {
  encodeAttestation,
  encodePublication,
  equalBytes,
  KIND,
  MAX_CHUNK_BYTES,
  type Bytes,
  type Envelope,
  type PublicationBody,
  type PutSnapshotFrame,
  type Verdict,
} from '@y-sealed/protocol'
import { randomBytes, seal, type Device, type Seen } from '@y-sealed/protocol/sealing'

import { TestWriter, type TestDocument } from './room-document.ts'

/** A sealed snapshot: its envelope, its name, and the publication that is to name it. */
export interface TestSnapshot {
  readonly id: Bytes
  readonly envelope: Envelope
  readonly body: PublicationBody
}

export interface SnapshotChoices {
  /** Content bytes. */
  readonly size?: number
  readonly parentId?: Bytes
  readonly contentDigest?: Bytes
}

/** A snapshot of the log up to `at`, whose transcript is whole. */
export function sealSnapshot(
  document: TestDocument,
  device: Device,
  at: Seen,
  { size = 1_000, parentId = new Uint8Array(32), contentDigest = randomBytes(32) }: SnapshotChoices = {},
): TestSnapshot {
  const content = new Uint8Array(size).fill(7)
  const { envelope, id } = seal(
    {
      kind: KIND.snapshot,
      document: document.id,
      session: randomBytes(8),
      counter: 1,
      prev: new Uint8Array(16),
      seenSeq: at.seq,
      seenTranscript: at.transcript.slice(0, 16),
      content,
    },
    document.key,
    device,
  )
  const body: PublicationBody = {
    snapshotId: id,
    seq: at.seq,
    transcript: at.transcript,
    parentId,
    snapshotEpoch: document.key.epoch,
    snapshotBytes: envelope.bytes.length,
    contentDigest,
  }
  return { id, envelope, body }
}

/** Its pieces, in order. */
export function piecesOf({ id, envelope }: TestSnapshot, chunkBytes: number = MAX_CHUNK_BYTES): PutSnapshotFrame[] {
  const { bytes } = envelope
  const frames: PutSnapshotFrame[] = []
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    const piece = bytes.slice(offset, offset + chunkBytes)
    frames.push({
      type: 'put-snapshot',
      document: envelope.document,
      snapshotId: id,
      total: bytes.length,
      offset,
      bytes: piece,
    })
  }
  return frames
}

/** The entry that publishes it, under a session of its own. */
export function sealPublication(
  document: TestDocument,
  device: Device,
  body: PublicationBody,
  seen: Seen = { seq: body.seq, transcript: body.transcript },
): Envelope {
  const writer = new TestWriter(document, device, seen)
  return writer.session.sealEntry(KIND.publication, encodePublication(body), document.key, seen).envelope
}

/** Somebody's word on it, under a session of its own. */
export function sealAttestation(
  document: TestDocument,
  device: Device,
  { snapshotId, seq, transcript, contentDigest }: PublicationBody,
  verdict: Verdict = 'same',
): Envelope {
  const seen = { seq, transcript }
  const digest = verdict === 'same' ? contentDigest : randomBytes(32)
  if (verdict === 'different' && equalBytes(digest, contentDigest)) throw new Error('one in 2^256')
  const content = encodeAttestation({ snapshotId, seq, verdict, contentDigest: digest })
  const writer = new TestWriter(document, device, seen)
  return writer.session.sealEntry(KIND.attestation, content, document.key, seen).envelope
}
