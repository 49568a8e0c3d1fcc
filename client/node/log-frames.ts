/**
 * What a document's log file holds: bodies `u8 1 ‖ u64 seq ‖ envelope` and `u8 2 ‖ signed head`, and where in the file the envelopes lie.
 *
 * @module
 */
import {
  concatBytes,
  decodeSignedHead,
  encodeSignedHead,
  Writer,
  type Bytes,
  type SignedHead,
} from '@y-sealed/protocol'
import { isRecord, newerHead, type StoredEntry } from '../stores/document-store.ts'

const ENTRY = 1
const HEAD = 2
const ENTRY_HEAD_BYTES = 9

/** Where an entry's envelope lies in the file. */
interface EntryPlace {
  readonly offset: number
  readonly length: number
  readonly isRecord: boolean
}

/** What is known of a log file without its envelopes. */
export class LogIndex {
  /** Entry n + 1 at index n. */
  readonly places: EntryPlace[] = []
  head: SignedHead | null = null

  /** Takes the body at `offset`; false when it is none that can follow. */
  take(body: Bytes, offset: number): boolean {
    if (body[0] === HEAD) {
      const head = decodeSignedHead(body.slice(1))
      if (head !== null) this.head = newerHead(this.head, head)
      return head !== null
    }
    const seq = this.places.length + 1
    const envelope = body.subarray(ENTRY_HEAD_BYTES)
    if (body[0] !== ENTRY || body.length < ENTRY_HEAD_BYTES || readSeq(body) !== seq) return false
    this.places.push({
      offset: offset + ENTRY_HEAD_BYTES,
      length: envelope.length,
      isRecord: isRecord({ seq, envelope }),
    })
    return true
  }
}

/** Bodies of entries and, if it is given, of a head. */
export function encodeBodies(entries: readonly StoredEntry[], head: SignedHead | null): readonly Bytes[] {
  const bodies = entries.map(({ seq, envelope }) =>
    concatBytes(new Writer(ENTRY_HEAD_BYTES).u8(ENTRY).u64(seq).finish(), envelope),
  )
  return head === null ? bodies : [...bodies, concatBytes(new Uint8Array([HEAD]), encodeSignedHead(head))]
}

function readSeq(body: Bytes): number {
  return Number(new DataView(body.buffer, body.byteOffset).getBigUint64(1))
}
