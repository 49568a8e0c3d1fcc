/**
 * What a device has kept, on its way back to a relay that lost it: the marks that tell what comes, then the entries, verbatim and in order.
 * Rules FR16, LO14.
 *
 * @module
 */
import {
  concatBytes,
  envelopeId,
  KIND,
  MARK_BYTES,
  MAX_PLAIN_MESSAGE_TO_RELAY,
  readWholeEnvelope,
  sodiumSha512,
  type Bytes,
  type ClientFrame,
  type Envelope,
} from '@y-sealed/protocol'
import type { StoredEntry } from '../stores/document-store.ts'

/** Type, seq, and room to spare. */
const MAX_RUN_BYTES = MAX_PLAIN_MESSAGE_TO_RELAY - 64
const MARKS_A_FRAME = Math.floor(MAX_RUN_BYTES / MARK_BYTES)
const PAGE_BYTES = 1_048_576

/** Entries from a seq on, in order; none where nothing is kept. */
export type ReadKept = (fromSeq: number, maxBytes: number) => Promise<readonly StoredEntry[]>

/** The commitment of an epoch that the log has opened. */
export type CommitmentOf = (epoch: number) => Bytes | null

/** Kept entries `fromSeq` to `throughSeq` page by page, as far as they are kept without a gap. */
async function* pagesOf(read: ReadKept, fromSeq: number, throughSeq: number): AsyncGenerator<readonly Envelope[]> {
  for (let next = fromSeq; next <= throughSeq;) {
    const page: Envelope[] = []
    for (const { seq, envelope: bytes } of await read(next, PAGE_BYTES)) {
      const envelope = seq === next + page.length && seq <= throughSeq ? readWholeEnvelope(bytes) : null
      if (envelope === null) break
      page.push(envelope)
    }
    if (page.length === 0) return
    yield page
    next += page.length
  }
}

/** Marks of the entries `fromSeq` to `throughSeq`, one after another; fewer where not all are kept. */
export async function readMarks(
  read: ReadKept,
  commitmentOf: CommitmentOf,
  fromSeq: number,
  throughSeq: number,
): Promise<Bytes[]> {
  const marks: Bytes[] = []
  for await (const page of pagesOf(read, fromSeq, throughSeq)) {
    for (const envelope of page) {
      const commitment = commitmentOf(envelope.epoch)
      if (commitment === null) return marks
      marks.push(concatBytes(envelopeId(sodiumSha512, commitment, envelope), envelope.signature))
    }
  }
  return marks
}

/** SHOW_IDS frames of these marks. */
export function marksToFrames(document: Bytes, fromSeq: number, marks: readonly Bytes[]): ClientFrame[] {
  const frames: ClientFrame[] = []
  for (let at = 0; at < marks.length; at += MARKS_A_FRAME) {
    const ids = concatBytes(...marks.slice(at, at + MARKS_A_FRAME))
    frames.push({ type: 'show-ids', document, seq: fromSeq + at, ids })
  }
  return frames
}

/** RESTORE frames of the kept entries `fromSeq` to `throughSeq`, each as large as may be. */
export async function* restoreFrames(read: ReadKept, fromSeq: number, throughSeq: number): AsyncGenerator<ClientFrame> {
  let seq = fromSeq
  for await (const page of pagesOf(read, fromSeq, throughSeq)) {
    let run: Envelope[] = []
    let bytes = 0
    for (const envelope of page) {
      const { length } = envelope.bytes
      // A record may be longer than all else, and then stands alone. [FR1]
      if (run.length > 0 && (bytes + length > MAX_RUN_BYTES || envelope.kind === KIND.record)) {
        yield { type: 'restore', seq, envelopes: run }
        seq += run.length
        run = []
        bytes = 0
      }
      run.push(envelope)
      bytes += length
      if (envelope.kind !== KIND.record) continue
      yield { type: 'restore', seq, envelopes: run }
      seq += run.length
      run = []
      bytes = 0
    }
    if (run.length > 0) yield { type: 'restore', seq, envelopes: run }
    seq += run.length
  }
}
