/**
 * What a document's log file holds: bodies `u8 1 ‖ u64 seq ‖ envelope` and `u8 2 ‖ signed head`, and where in the file the envelopes lie. One
 * that begins behind a snapshot says so first, by `u8 3 ‖ u64 seq`, and then has the records up to there, as `u8 4 ‖ u64 seq ‖ envelope`.
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
const BASE = 3
const BASE_RECORD = 4
const ENTRY_HEAD_BYTES = 9

/** Where an entry's envelope lies in the file. */
interface EntryPlace {
  readonly offset: number
  readonly length: number
  readonly isRecord: boolean
}

/** What is known of a log file without its envelopes. */
export class LogIndex {
  baseSeq = 0
  /** Entry `baseSeq` + n + 1 at index n. */
  readonly places: EntryPlace[] = []
  /** Of the records up to `baseSeq`, in order. */
  readonly baseRecords: (EntryPlace & { readonly seq: number })[] = []
  head: SignedHead | null = null

  /** Seq of the last entry. */
  get lastSeq(): number {
    return this.baseSeq + this.places.length
  }

  /** Takes the body at `offset`; false when it is none that can follow. */
  take(body: Bytes, offset: number): boolean {
    if (body[0] === HEAD) {
      const head = decodeSignedHead(body.slice(1))
      if (head !== null) this.head = newerHead(this.head, head)
      return head !== null
    }
    if (body[0] === BASE) {
      if (body.length !== ENTRY_HEAD_BYTES || this.lastSeq > 0) return false
      this.baseSeq = readSeq(body)
      return true
    }
    if (body[0] === BASE_RECORD) return this.#takeBaseRecord(body, offset)
    const seq = this.lastSeq + 1
    const envelope = body.subarray(ENTRY_HEAD_BYTES)
    if (body[0] !== ENTRY || body.length < ENTRY_HEAD_BYTES || readSeq(body) !== seq) return false
    this.places.push({
      offset: offset + ENTRY_HEAD_BYTES,
      length: envelope.length,
      isRecord: isRecord({ seq, envelope }),
    })
    return true
  }

  #takeBaseRecord(body: Bytes, offset: number): boolean {
    const seq = body.length < ENTRY_HEAD_BYTES ? 0 : readSeq(body)
    if (this.places.length > 0 || seq <= (this.baseRecords.at(-1)?.seq ?? 0) || seq > this.baseSeq) return false
    const length = body.length - ENTRY_HEAD_BYTES
    this.baseRecords.push({ seq, offset: offset + ENTRY_HEAD_BYTES, length, isRecord: true })
    return true
  }
}

/** Bodies by which a log begins behind a snapshot; none for one that begins with entry 1. */
export function encodeBase(baseSeq: number, records: readonly StoredEntry[]): readonly Bytes[] {
  if (baseSeq === 0) return []
  return [encodeBody(BASE, baseSeq), ...records.map(({ seq, envelope }) => encodeBody(BASE_RECORD, seq, envelope))]
}

/** Bodies of entries and, if it is given, of a head. */
export function encodeBodies(entries: readonly StoredEntry[], head: SignedHead | null): readonly Bytes[] {
  const bodies = entries.map(({ seq, envelope }) => encodeBody(ENTRY, seq, envelope))
  return head === null ? bodies : [...bodies, concatBytes(new Uint8Array([HEAD]), encodeSignedHead(head))]
}

function encodeBody(type: number, seq: number, envelope: Bytes = new Uint8Array(0)): Bytes {
  return concatBytes(new Writer(ENTRY_HEAD_BYTES).u8(type).u64(seq).finish(), envelope)
}

function readSeq(body: Bytes): number {
  return Number(new DataView(body.buffer, body.byteOffset).getBigUint64(1))
}
