/**
 * What leaves on one socket. Frames of one event-loop turn leave in one write, unless somebody asks for it sooner, and a frame that many
 * sockets get is put into its WebSocket frame once: with TLS a write costs far more than the copying that it saves. What is
 * long is not copied. Rules FR8, FR21; row 0.7.
 *
 * @module
 */
import type { Bytes, CloseCode } from '@y-sealed/protocol'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

import { LONG_BYTES, type Outbound } from '../core/ports.ts'

/** What may wait for a peer that reads slowly. */
export interface OutletLimits {
  /** Beyond this a peer that has taken nothing for `stallMs` is cut off. */
  readonly maxBytes: number
  /** Beyond this it is cut off at once. */
  readonly hardBytes: number
  readonly stallMs: number
}

const NOTHING: Bytes = new Uint8Array(0)
/** FIN and opcode 2 (RFC 6455 §5.2). */
const BINARY = 0x82

/** Length of the frame header of an unmasked payload (RFC 6455 §5.2). */
function headerLength(length: number): number {
  if (length < 126) return 2
  return length < 65_536 ? 4 : 10
}

/** Writes header and payload, which is `first ‖ rest`, at `at`; gives where the next frame begins. */
function writeFrame(out: Buffer, at: number, first: Bytes, rest: Bytes): number {
  const length = first.length + rest.length
  const begin = writeHead(out, at, length)
  out.set(first, begin)
  out.set(rest, begin + first.length)
  return begin + length
}

function frameHead(length: number): Bytes {
  const head = new Uint8Array(headerLength(length))
  writeHead(head, 0, length)
  return head
}

/** Writes the header of a payload of `length` bytes; gives where that begins. */
function writeHead(out: Uint8Array, at: number, length: number): number {
  out[at] = BINARY
  let begin = at + 2
  if (length < 126) out[at + 1] = length
  else if (length < 65_536) {
    out[at + 1] = 126
    out[at + 2] = length >>> 8
    out[at + 3] = length
    begin = at + 4
  } else {
    out[at + 1] = 127
    const view = new DataView(out.buffer, out.byteOffset + at + 2, 8)
    view.setBigUint64(0, BigInt(length))
    begin = at + 10
  }
  return begin
}

/** Flushes all outlets of one server that have something to send, once a turn. */
export class Outlets {
  #dirty: Outlet[] = []
  #lastPayload: Bytes | null = null
  #lastFrame: Buffer | null = null
  readonly limits: OutletLimits
  readonly monotonic: () => number
  readonly onCutOff: () => void

  constructor(limits: OutletLimits, monotonic: () => number, onCutOff: () => void) {
    this.limits = limits
    this.monotonic = monotonic
    this.onCutOff = onCutOff
  }

  /** `outlet` has something to send at the end of this turn. */
  plan(outlet: Outlet): void {
    this.#dirty.push(outlet)
    if (this.#dirty.length === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    const outlets = this.#dirty
    this.#dirty = []
    for (const outlet of outlets) outlet.flush()
    this.#lastPayload = null
    this.#lastFrame = null
  }

  /** One payload in its frame. The same payload again, as for the next subscriber, gives the same bytes. */
  frame(payload: Bytes): Buffer {
    if (payload === this.#lastPayload && this.#lastFrame !== null) return this.#lastFrame
    const out = Buffer.allocUnsafe(headerLength(payload.length) + payload.length)
    writeFrame(out, 0, payload, NOTHING)
    this.#lastPayload = payload
    this.#lastFrame = out
    return out
  }
}

export class Outlet implements Outbound {
  readonly #outlets: Outlets
  readonly #webSocket: WebSocket
  readonly #socket: Duplex
  /** Payloads in pairs: each one's beginning, and its rest or {@link NOTHING}. */
  #queue: Bytes[] = []
  #queuedBytes = 0
  /** What the socket has ever been given, and what the network had taken of it when that was last more than before. */
  #writtenBytes = 0
  #takenBytes = 0
  #tookAtMs: number
  #isClosed = false

  constructor(outlets: Outlets, webSocket: WebSocket, socket: Duplex) {
    this.#outlets = outlets
    this.#webSocket = webSocket
    this.#socket = socket
    this.#tookAtMs = outlets.monotonic()
  }

  get bufferedBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength
  }

  send(frame: Bytes, rest: Bytes = NOTHING): void {
    if (this.#isClosed) return
    this.#queue.push(frame, rest)
    this.#queuedBytes += frame.length + rest.length
    if (this.#queue.length === 2) this.#outlets.plan(this)
  }

  close(code: CloseCode, reason: string): void {
    if (this.#isClosed) return
    this.flush()
    this.#isClosed = true
    this.#webSocket.close(code, reason)
  }

  /** Hands everything queued to the socket in one write. */
  flush(): void {
    const queue = this.#queue
    if (queue.length === 0) return
    const bytes = this.#queuedBytes
    this.#queue = []
    this.#queuedBytes = 0
    // ws answers a peer's close frame by itself: nothing may follow that.
    if (this.#isClosed || this.#webSocket.readyState !== this.#webSocket.OPEN) return
    if (this.#isStalled(bytes)) {
      this.#cutOff()
      return
    }
    const isOne = queue.length === 2 && queue[1] === NOTHING
    if (isOne) this.#write(this.#outlets.frame(queue[0] as Bytes))
    else if (bytes < LONG_BYTES) this.#write(joinFrames(queue))
    else {
      this.#socket.cork()
      for (const part of layOutFrames(queue)) this.#write(part)
      this.#socket.uncork()
    }
  }

  #write(out: Buffer): void {
    this.#writtenBytes += out.length
    this.#socket.write(out)
  }

  /** To be asked now and then: a queue that nobody reads may have nothing more to come. True when the peer was cut off. */
  cutOffIfStalled(): boolean {
    if (this.#isClosed || !this.#isStalled(0)) return false
    this.#cutOff()
    return true
  }

  #cutOff(): void {
    this.#isClosed = true
    this.#outlets.onCutOff()
    this.#webSocket.terminate()
  }

  #isStalled(bytes: number): boolean {
    const waiting = this.#socket.writableLength
    const { limits, monotonic } = this.#outlets
    const taken = this.#writtenBytes - waiting
    if (waiting === 0 || taken > this.#takenBytes) {
      this.#takenBytes = taken
      this.#tookAtMs = monotonic()
    }
    if (waiting === 0) return false
    const total = waiting + bytes
    if (total <= limits.maxBytes) return false
    return total > limits.hardBytes || monotonic() - this.#tookAtMs > limits.stallMs
  }
}

/** The frames of payloads in pairs, one after another. */
function joinFrames(pairs: readonly Bytes[]): Buffer {
  let length = 0
  for (let i = 0; i < pairs.length; i += 2) {
    const payload = (pairs[i] as Bytes).length + (pairs[i + 1] as Bytes).length
    length += headerLength(payload) + payload
  }
  const out = Buffer.allocUnsafe(length)
  let at = 0
  for (let i = 0; i < pairs.length; i += 2) at = writeFrame(out, at, pairs[i] as Bytes, pairs[i + 1] as Bytes)
  return out
}

/** The same without a copy of long pieces: what is short between them is copied together. */
function layOutFrames(pairs: readonly Bytes[]): readonly Buffer[] {
  const parts: Buffer[] = []
  let short: Bytes[] = []
  const settle = (): void => {
    if (short.length > 0) parts.push(Buffer.concat(short))
    short = []
  }
  for (let i = 0; i < pairs.length; i += 2) {
    const pair = [pairs[i] as Bytes, pairs[i + 1] as Bytes] as const
    short.push(frameHead(pair[0].length + pair[1].length))
    for (const piece of pair) {
      if (piece.length < LONG_BYTES) {
        if (piece.length > 0) short.push(piece)
        continue
      }
      settle()
      parts.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length))
    }
  }
  settle()
  return parts
}
