/**
 * The file of one document's log: what is in it, and where. A file is `"ysealog1" ‖ document 16` and then frames, each
 * `u32 length of the body ‖ first 8 bytes of SHA-256 over document and body ‖ body`; a body is `u8 1 ‖ u64 seq ‖ envelope` or
 * `u8 2 ‖ signed head`. Frames are only ever added, so a crash can spoil nothing but the last ones.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import {
  concatBytes,
  decodeSignedHead,
  encodeSignedHead,
  equalBytes,
  type Bytes,
  type SignedHead,
} from '@y-sealed/protocol'
import { isRecord, newerHead, type StoredEntry } from '../stores/document-store.ts'

const MAGIC = new TextEncoder().encode('ysealog1')
const DOCUMENT_BYTES = 16
const LENGTH_BYTES = 4
const CHECK_BYTES = 8
const FRAME_BYTES = LENGTH_BYTES + CHECK_BYTES
const ENTRY = 1
const HEAD = 2
const ENTRY_HEAD_BYTES = 9

/** Where an entry's envelope lies in the file. */
export interface EntryPlace {
  readonly offset: number
  readonly length: number
  readonly isRecord: boolean
}

/** What a file holds, as far as it is whole. */
export interface LogContent {
  /** Entry n + 1 at index n. */
  readonly places: readonly EntryPlace[]
  readonly head: SignedHead | null
  /** Bytes of the file that are whole; what follows is none of it. */
  readonly size: number
  /** What follows is more than an append that a crash cut short: the file was damaged there. */
  readonly isDamaged: boolean
}

/** The file's first bytes. */
export function encodeLogStart(document: Bytes): Bytes {
  return concatBytes(MAGIC, document)
}

/** Frames of entries and, if it is given, of a head. */
export function encodeFrames(document: Bytes, entries: readonly StoredEntry[], head: SignedHead | null): Bytes {
  const bodies = entries.map(({ seq, envelope }) => concatBytes(startEntry(seq), envelope))
  if (head !== null) bodies.push(concatBytes(new Uint8Array([HEAD]), encodeSignedHead(head)))
  return concatBytes(...bodies.flatMap((body) => [u32(body.length), checkOf(document, body), body]))
}

/** Where the entries will lie whose frames are added at `offset`. */
export function placeEntries(entries: readonly StoredEntry[], offset: number): readonly EntryPlace[] {
  let next = offset
  return entries.map((entry) => {
    const { length } = entry.envelope
    const place = { offset: next + FRAME_BYTES + ENTRY_HEAD_BYTES, length, isRecord: isRecord(entry) }
    next = place.offset + length
    return place
  })
}

/** Reads a file as far as it is whole and goes on from entry to entry. Never throws. */
export function scanLog(document: Bytes, file: Bytes): LogContent {
  const start = encodeLogStart(document)
  const places: EntryPlace[] = []
  let head: SignedHead | null = null
  if (!equalBytes(file.subarray(0, start.length), start)) {
    return { places, head, size: 0, isDamaged: file.length >= start.length }
  }
  let at = start.length
  for (let length = 0; at < file.length; at += FRAME_BYTES + length) {
    length = readU32(file, at)
    const body = file.subarray(at + FRAME_BYTES, at + FRAME_BYTES + length)
    // A frame that ends beyond the file's end was not written to its end.
    if (body.length < length || length === 0) break
    const check = file.subarray(at + LENGTH_BYTES, at + FRAME_BYTES)
    if (!equalBytes(check, checkOf(document, body))) break
    if (body[0] === ENTRY) {
      const envelope = body.subarray(ENTRY_HEAD_BYTES)
      if (readU64(body, 1) !== places.length + 1) break
      const offset = at + FRAME_BYTES + ENTRY_HEAD_BYTES
      places.push({ offset, length: envelope.length, isRecord: isRecord({ seq: places.length + 1, envelope }) })
    } else {
      const decoded = decodeSignedHead(body.slice(1))
      if (body[0] !== HEAD || decoded === null) break
      head = newerHead(head, decoded)
    }
  }
  return { places, head, size: at, isDamaged: !isTornTail(file, at) }
}

/** What a crash leaves: nothing, a frame that is cut short, or room that was never filled. */
function isTornTail(file: Bytes, at: number): boolean {
  if (at + FRAME_BYTES > file.length || at + FRAME_BYTES + readU32(file, at) > file.length) return true
  return file.subarray(at).every((byte) => byte === 0)
}

function checkOf(document: Bytes, body: Bytes): Bytes {
  return new Uint8Array(createHash('sha256').update(document).update(body).digest().subarray(0, CHECK_BYTES))
}

function startEntry(seq: number): Bytes {
  const bytes = new Uint8Array(ENTRY_HEAD_BYTES)
  bytes[0] = ENTRY
  new DataView(bytes.buffer).setBigUint64(1, BigInt(seq))
  return bytes
}

function u32(value: number): Bytes {
  const bytes = new Uint8Array(LENGTH_BYTES)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** The number at `at`, or 0 where the file ends before it does. */
function readU32(file: Bytes, at: number): number {
  if (at + LENGTH_BYTES > file.length) return 0
  return new DataView(file.buffer, file.byteOffset).getUint32(at)
}

/** The number at `at`, or 0 where the body ends before it does. */
function readU64(body: Bytes, at: number): number {
  if (at + 8 > body.length) return 0
  return Number(new DataView(body.buffer, body.byteOffset).getBigUint64(at))
}

/** Bytes of a file that has no frames. */
export const LOG_START_BYTES: number = MAGIC.length + DOCUMENT_BYTES
