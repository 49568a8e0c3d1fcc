/**
 * A page of marks as the file has it: of each entry its id, its signature and the size that its envelope had, and whose it was. A tenth of a row
 * of its own is what a row costs in SQLite beside what stands in it, and a mark has no envelope to bear that. Rules LO2, LO15.
 *
 * @module
 */
import { concatBytes, HASH_BYTES, MARK_BYTES, type Bytes } from '@y-sealed/protocol'

/** Three overflow pages of SQLite, filled to the last bytes, and a cell of the smallest size. */
export const MARKS_A_PAGE = 128

/** T stands beside every so many marks: from there to any other it is a few hashes, however often somebody asks. */
const TRANSCRIPT_EVERY = 16

/** Mark, and the size of the envelope. */
const SLOT_BYTES = MARK_BYTES + 4
const ID_BYTES = 32
/** Session, counter of the first, kind, how many. */
const RUN_BYTES = 18

/** Whose entry it was: the key of a session's row, and the place in it. */
export interface PackedPlace {
  readonly session: number
  readonly counter: number
  readonly kind: number
}

/** An entry without its body. */
export interface PackedEntry extends PackedPlace {
  readonly seq: number
  readonly id: Bytes
  readonly signature: Bytes
  /** Of its envelope. */
  readonly bytes: number
}

/** The marks of entries that follow each other, for one column. */
export function encodeMarks(entries: readonly PackedEntry[]): Bytes {
  const out = new Uint8Array(entries.length * SLOT_BYTES)
  const view = new DataView(out.buffer)
  for (const [index, { id, signature, bytes }] of entries.entries()) {
    const at = index * SLOT_BYTES
    out.set(id, at)
    out.set(signature, at + ID_BYTES)
    view.setUint32(at + MARK_BYTES, bytes)
  }
  return out
}

export function countMarks(marks: Bytes): number {
  return marks.length / SLOT_BYTES
}

/** The one at an index, as it goes over the wire. [LO2] */
export function markAt(marks: Bytes, index: number): Bytes {
  return marks.slice(index * SLOT_BYTES, index * SLOT_BYTES + MARK_BYTES)
}

/** The size that the envelope had. */
export function sizeAt(marks: Bytes, index: number): number {
  return new DataView(marks.buffer, marks.byteOffset).getUint32(index * SLOT_BYTES + MARK_BYTES)
}

/** T at those of these entries beside which it is to stand, the first of them at an index of its page. */
export function encodeTranscripts(entries: readonly { readonly transcript: Bytes }[], from: number): Bytes {
  return concatBytes(
    ...entries.filter((_, i) => (from + i) % TRANSCRIPT_EVERY === 0).map(({ transcript }) => transcript),
  )
}

/** T that stands at an index or before it, and at which. */
export function transcriptBefore(
  transcripts: Bytes,
  index: number,
): { readonly transcript: Bytes; readonly at: number } {
  const place = Math.floor(index / TRANSCRIPT_EVERY)
  return {
    transcript: transcripts.slice(place * HASH_BYTES, (place + 1) * HASH_BYTES),
    at: place * TRANSCRIPT_EVERY,
  }
}

/** Whose they are, for the other column: as runs, since somebody who types alone makes one of many. */
export function encodePlaces(entries: readonly PackedPlace[]): Bytes {
  const runs: { first: PackedPlace; count: number }[] = []
  for (const entry of entries) {
    const last = runs.at(-1)
    if (last !== undefined && continues(last.first, last.count, entry)) last.count++
    else runs.push({ first: entry, count: 1 })
  }
  const out = new Uint8Array(runs.length * RUN_BYTES)
  const view = new DataView(out.buffer)
  for (const [index, { first, count }] of runs.entries()) {
    const at = index * RUN_BYTES
    view.setBigUint64(at, BigInt(first.session))
    view.setBigUint64(at + 8, BigInt(first.counter))
    view.setUint8(at + 16, first.kind)
    view.setUint8(at + 17, count)
  }
  return out
}

/** One for each mark, in order. */
export function decodePlaces(places: Bytes): PackedPlace[] {
  const view = new DataView(places.buffer, places.byteOffset)
  const decoded: PackedPlace[] = []
  for (let at = 0; at + RUN_BYTES <= places.length; at += RUN_BYTES) {
    const session = Number(view.getBigUint64(at))
    const counter = Number(view.getBigUint64(at + 8))
    const kind = view.getUint8(at + 16)
    const count = view.getUint8(at + 17)
    for (let i = 0; i < count; i++) decoded.push({ session, counter: counter + i, kind })
  }
  return decoded
}

function continues(first: PackedPlace, count: number, { session, counter, kind }: PackedPlace): boolean {
  return session === first.session && counter === first.counter + count && kind === first.kind
}
