/**
 * The envelope as bytes: where each header field lies, which headers are accepted, and a view that reads fields where they
 * stand without copying the envelope. Knows no key. Rules EN1–EN5.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { isClearKind, KIND, maxSealedBytes, type Kind } from './kind.ts'
import { isPaddedLength } from './padding.ts'

export const HEADER_BYTES = 124
export const TAG_BYTES = 16
export const SIGNATURE_BYTES = 64
export const NONCE_BYTES = 24
/** A header and a signature: what an envelope has beyond its sealed part. */
export const ENVELOPE_BYTES = 188

/** Offsets of the header's fields. [EN1] */
export const OFFSET = {
  version: 0,
  kind: 1,
  suite: 2,
  flags: 3,
  document: 4,
  epoch: 20,
  device: 24,
  session: 40,
  counter: 48,
  prev: 56,
  seenSeq: 72,
  seenTranscript: 80,
  nonce: 96,
  length: 120,
} as const

/** Why bytes are no envelope; stable, for logs and tests. */
export type EnvelopeFault =
  | 'truncated'
  | 'version'
  | 'kind'
  | 'suite'
  | 'flags'
  | 'document'
  | 'epoch'
  | 'device'
  | 'counter'
  | 'prev'
  | 'seen'
  | 'nonce'
  | 'length'
  | 'padding'

export type EnvelopeResult =
  | { readonly ok: true; readonly envelope: Envelope; readonly end: number }
  | { readonly ok: false; readonly fault: EnvelopeFault }

/** The fields of a header, as a sealer gives them. */
export interface HeaderFields {
  readonly kind: Kind
  readonly document: Bytes
  readonly epoch: number
  readonly device: Bytes
  readonly session: Bytes
  readonly counter: number
  readonly prev: Bytes
  readonly seenSeq: number
  readonly seenTranscript: Bytes
  readonly nonce: Bytes
  /** Of the sealed part, tag included. */
  readonly length: number
}

function u32(bytes: Bytes, at: number): number {
  return (
    (bytes[at] as number) * 0x1000000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  )
}

function u64(bytes: Bytes, at: number): number {
  return u32(bytes, at) * 0x100000000 + u32(bytes, at + 4)
}

/** An accepted envelope: getters read its bytes where they stand; fields are views. Made by {@link readEnvelope} alone. */
export class Envelope {
  /** Header, sealed part and signature, exactly as received. */
  readonly bytes: Bytes
  constructor(bytes: Bytes) {
    this.bytes = bytes
  }
  get kind(): Kind {
    return this.bytes[OFFSET.kind] as Kind
  }
  /** 16 bytes. */
  get document(): Bytes {
    return this.bytes.subarray(OFFSET.document, OFFSET.epoch)
  }
  get epoch(): number {
    return u32(this.bytes, OFFSET.epoch)
  }
  /** 16 bytes. */
  get device(): Bytes {
    return this.bytes.subarray(OFFSET.device, OFFSET.session)
  }
  /** 8 bytes. */
  get session(): Bytes {
    return this.bytes.subarray(OFFSET.session, OFFSET.counter)
  }
  get counter(): number {
    return u64(this.bytes, OFFSET.counter)
  }
  /** 16 bytes. */
  get prev(): Bytes {
    return this.bytes.subarray(OFFSET.prev, OFFSET.seenSeq)
  }
  get seenSeq(): number {
    return u64(this.bytes, OFFSET.seenSeq)
  }
  /** 16 bytes. */
  get seenTranscript(): Bytes {
    return this.bytes.subarray(OFFSET.seenTranscript, OFFSET.nonce)
  }
  /** 24 bytes. */
  get nonce(): Bytes {
    return this.bytes.subarray(OFFSET.nonce, OFFSET.length)
  }
  /** The 124 bytes that are the associated data. */
  get header(): Bytes {
    return this.bytes.subarray(0, HEADER_BYTES)
  }
  /** Ciphertext and tag, or the clear body. */
  get sealed(): Bytes {
    return this.bytes.subarray(HEADER_BYTES, this.bytes.length - SIGNATURE_BYTES)
  }
  /** Header and sealed part: what the id covers. [EN6] */
  get unsigned(): Bytes {
    return this.bytes.subarray(0, this.bytes.length - SIGNATURE_BYTES)
  }
  /** 64 bytes. */
  get signature(): Bytes {
    return this.bytes.subarray(this.bytes.length - SIGNATURE_BYTES)
  }
}

const refused = (fault: EnvelopeFault): EnvelopeResult => ({ ok: false, fault })

/** `isZero` of a range, without a view of it: headers are checked once for every entry that anybody reads. */
function isZeroBetween(bytes: Bytes, from: number, to: number): boolean {
  let any = 0
  for (let at = from; at < to; at++) any |= bytes[at] as number
  return any === 0
}

/** Why the 124 bytes from `base` on are no header, or `null`. */
function findHeaderFault(bytes: Bytes, base: number): EnvelopeFault | null {
  if (bytes[base + OFFSET.version] !== 1) return 'version'
  const kind = bytes[base + OFFSET.kind] as number
  if (kind < KIND.update || kind > KIND.awareness) return 'kind'
  if (bytes[base + OFFSET.suite] !== 1) return 'suite'
  if (bytes[base + OFFSET.flags] !== 0) return 'flags'
  if (isZeroBetween(bytes, base + OFFSET.document, base + OFFSET.epoch)) return 'document'
  if (u32(bytes, base + OFFSET.epoch) === 0) return 'epoch'
  if (isZeroBetween(bytes, base + OFFSET.device, base + OFFSET.session)) return 'device'
  const counter = u64(bytes, base + OFFSET.counter)
  if (counter === 0 || counter > Number.MAX_SAFE_INTEGER) return 'counter'
  const chained = kind < KIND.snapshot && counter > 1
  if (!chained && !isZeroBetween(bytes, base + OFFSET.prev, base + OFFSET.seenSeq)) return 'prev'
  if (u64(bytes, base + OFFSET.seenSeq) > Number.MAX_SAFE_INTEGER) return 'seen'
  if (isZeroBetween(bytes, base + OFFSET.nonce, base + OFFSET.length) !== isClearKind(kind)) return 'nonce'
  return findLengthFault(kind, u32(bytes, base + OFFSET.length))
}

function findLengthFault(kind: number, length: number): EnvelopeFault | null {
  if (length > maxSealedBytes(kind)) return 'length'
  if (kind === KIND.record) return length === 0 ? 'length' : null
  if (isClearKind(kind)) return length === maxSealedBytes(kind) ? null : 'length'
  if (length < TAG_BYTES) return 'length'
  return isPaddedLength(length - TAG_BYTES) ? null : 'padding'
}

/**
 * Reads the envelope that begins at `at`. `end` is where the next one may begin. The envelope is a view of `bytes`.
 * Never throws; every accepted envelope satisfies EN1–EN5.
 */
export function readEnvelope(bytes: Bytes, at = 0): EnvelopeResult {
  if (bytes.length - at < ENVELOPE_BYTES) return refused('truncated')
  const fault = findHeaderFault(bytes, at)
  if (fault !== null) return refused(fault)
  const end = at + ENVELOPE_BYTES + u32(bytes, at + OFFSET.length)
  if (bytes.length < end) return refused('truncated')
  return { ok: true, envelope: new Envelope(bytes.subarray(at, end)), end }
}

/** The fields of a header that stands by itself. */
export type Header = Omit<Envelope, 'bytes' | 'sealed' | 'unsigned' | 'signature'>

/** The header at the beginning of `bytes`, which need not hold more of the envelope, and the size of that; a fault else. Never throws. */
export function readHeader(
  bytes: Bytes,
):
  | { readonly ok: true; readonly header: Header; readonly envelopeBytes: number }
  | { readonly ok: false; readonly fault: EnvelopeFault } {
  if (bytes.length < HEADER_BYTES) return { ok: false, fault: 'truncated' }
  const fault = findHeaderFault(bytes, 0)
  if (fault !== null) return { ok: false, fault }
  const header = new Envelope(bytes.subarray(0, HEADER_BYTES))
  return { ok: true, header, envelopeBytes: ENVELOPE_BYTES + u32(bytes, OFFSET.length) }
}

/** The one envelope that `bytes` holds, or `null` when they are anything else, trailing bytes included. */
export function readWholeEnvelope(bytes: Bytes): Envelope | null {
  const result = readEnvelope(bytes)
  return result.ok && result.end === bytes.length ? result.envelope : null
}

/**
 * A fresh buffer with room for a whole envelope, its header written. The caller fills sealed part and signature.
 * Throws `TypeError` or `RangeError` when a field has not its length or range: a fault of the calling code.
 */
export function writeHeader(fields: HeaderFields): Bytes {
  const out = new Uint8Array(ENVELOPE_BYTES + fields.length)
  const view = new DataView(out.buffer)
  out[OFFSET.version] = 1
  out[OFFSET.kind] = fields.kind
  out[OFFSET.suite] = 1
  setFixed(out, OFFSET.document, fields.document, 16)
  view.setUint32(OFFSET.epoch, fields.epoch)
  setFixed(out, OFFSET.device, fields.device, 16)
  setFixed(out, OFFSET.session, fields.session, 8)
  view.setBigUint64(OFFSET.counter, BigInt(fields.counter))
  setFixed(out, OFFSET.prev, fields.prev, 16)
  view.setBigUint64(OFFSET.seenSeq, BigInt(fields.seenSeq))
  setFixed(out, OFFSET.seenTranscript, fields.seenTranscript, 16)
  setFixed(out, OFFSET.nonce, fields.nonce, NONCE_BYTES)
  view.setUint32(OFFSET.length, fields.length)
  const fault = findHeaderFault(out, 0)
  if (fault !== null) throw new RangeError(`not a valid envelope header: ${fault}`)
  return out
}

function setFixed(out: Bytes, at: number, value: Bytes, length: number): void {
  if (!(value instanceof Uint8Array) || value.length !== length) throw new TypeError(`expected ${length} bytes`)
  out.set(value, at)
}
