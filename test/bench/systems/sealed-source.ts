/**
 * Envelopes for load: as the relay must see them (header, chain, what was seen), over a ciphertext and a signature of random bytes,
 * which only clients could tell from real ones. So the load generator does not spend its time on sealing.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  Envelope,
  ENVELOPE_BYTES,
  concatBytes,
  envelopeId,
  extendByMark,
  KIND,
  OFFSET,
  prevOf,
  TAG_BYTES,
  toBytes,
  writeHeader,
  type Bytes,
  type Kind,
} from '@y-sealed/protocol'
import { randomBytes } from 'node:crypto'

import { nodeSha512 } from '../../../server/ops/sha512.ts'

/** A single key's update, padded to 64 bytes. [EN9] */
const KEYSTROKE_BYTES = 64
export const KEYSTROKE_ENVELOPE_BYTES: number = ENVELOPE_BYTES + TAG_BYTES + KEYSTROKE_BYTES

/** Where the log stands, as the clients of one document have followed it. */
export class LogPosition {
  seq: number
  transcript: Bytes

  constructor(seq: number, transcript: Bytes) {
    this.seq = seq
    this.transcript = transcript
  }

  /** The entry of this mark is the next one. */
  extend(mark: Bytes): void {
    this.seq++
    this.transcript = extendByMark(nodeSha512, this.transcript, mark)
  }
}

export interface SourceOptions {
  readonly document: Bytes
  readonly device: Bytes
  /** 8 bytes, the last four of which are the participant's number. */
  readonly session: Bytes
  readonly commitment: Bytes
  readonly seen: LogPosition
}

/** Makes PUSH and AWARENESS frames of one session. */
export class SealedSource {
  readonly #options: SourceOptions
  readonly #template: Bytes
  #counter = 0
  #shown = 0
  #lastId: Bytes = new Uint8Array(32)
  /** Marks by counter, of what was pushed and not yet seen in the log. */
  readonly marksByCounter = new Map<number, Bytes>()

  constructor(options: SourceOptions) {
    this.#options = options
    const { document, device, session, seen } = options
    this.#template = writeHeader({
      kind: KIND.update,
      document,
      epoch: 1,
      device,
      session,
      counter: 1,
      prev: new Uint8Array(16),
      seenSeq: seen.seq,
      seenTranscript: seen.transcript.subarray(0, 16),
      nonce: toBytes(randomBytes(24)),
      length: KEYSTROKE_BYTES + TAG_BYTES,
    })
    this.#template.set(randomBytes(this.#template.length - 124), 124)
  }

  /** A PUSH frame of the next update. */
  push(): Bytes {
    const frame = this.#frame(CLIENT_FRAME.push, KIND.update, ++this.#counter)
    if (this.#counter > 1) frame.set(prevOf(this.#lastId), 1 + OFFSET.prev)
    const envelope = new Envelope(frame.subarray(1))
    this.#lastId = envelopeId(nodeSha512, this.#options.commitment, envelope)
    this.marksByCounter.set(this.#counter, concatBytes(this.#lastId, envelope.signature))
    return frame
  }

  /** An AWARENESS frame. */
  show(): Bytes {
    return this.#frame(CLIENT_FRAME.awareness, KIND.awareness, ++this.#shown)
  }

  #frame(type: number, kind: Kind, counter: number): Bytes {
    const { seen } = this.#options
    const frame = new Uint8Array(1 + this.#template.length)
    frame[0] = type
    frame.set(this.#template, 1)
    frame[1 + OFFSET.kind] = kind
    const view = new DataView(frame.buffer)
    view.setUint32(1 + OFFSET.counter + 4, counter)
    view.setUint32(1 + OFFSET.seenSeq + 4, seen.seq)
    frame.set(seen.transcript.subarray(0, 16), 1 + OFFSET.seenTranscript)
    return frame
  }
}
