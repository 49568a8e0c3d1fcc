/**
 * Where a peer's bytes stand in WebSocket frames: `ws` tells of whole messages only, and one that never becomes whole would hold its
 * socket for ever. Counts, keeps nothing, and judges nothing: what is malformed is refused by `ws`. Row E12.
 *
 * @module
 */

/** Longest header of a masked frame (RFC 6455 §5.2). */
const MAX_HEADER = 14
const CONTROL = 0x08
const FIN = 0x80

export class FrameWatch {
  /** When the message under way began (monotonic), or `null` between messages. */
  #beganAtMs: number | null = null
  readonly #header = new Uint8Array(MAX_HEADER)
  #headerLength = 0
  /** Bytes of the frame's payload still to come. */
  #payloadLeft = 0
  /** A message has begun whose last fragment has not. */
  #isFragmented = false

  /** When what is under way began; `null` when nothing is. */
  get beganAtMs(): number | null {
    return this.#beganAtMs
  }

  /** Takes what came. */
  take(chunk: Uint8Array, nowMs: number): void {
    for (let at = 0; at < chunk.length;) {
      this.#beganAtMs ??= nowMs
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at)
        this.#payloadLeft -= taken
        at += taken
      } else {
        this.#header[this.#headerLength++] = chunk[at++] as number
        if (this.#headerLength < this.#wholeHeader()) continue
        this.#payloadLeft = this.#readLength()
        this.#headerLength = 0
      }
      if (this.#payloadLeft === 0) this.#endFrame()
    }
  }

  /** How long the header is going to be, as far as it is known. */
  #wholeHeader(): number {
    if (this.#headerLength < 2) return 2
    const second = this.#header[1] as number
    const short = second & 0x7f
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second >= 0x80 ? 4 : 0)
  }

  #readLength(): number {
    const short = (this.#header[1] as number) & 0x7f
    if (short < 126) return short
    let length = 0
    for (let i = 2; i < (short === 126 ? 4 : 10); i++) length = length * 256 + (this.#header[i] as number)
    return length
  }

  #endFrame(): void {
    const first = this.#header[0] as number
    // Control frames may stand between the fragments of a message.
    if ((first & CONTROL) === 0) this.#isFragmented = (first & FIN) === 0
    if (!this.#isFragmented) this.#beganAtMs = null
  }
}
