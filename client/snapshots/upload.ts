/**
 * A snapshot on its way to the relay, in chunks: edits go first, a chunk is as large as the line takes in a tenth of a second, and after a
 * loss it goes on where the relay says. Rules FR3, FR17.
 *
 * @module
 */
import {
  equalBytes,
  MAX_CHUNK_BYTES,
  MIN_CHUNK_BYTES,
  refusalOf,
  REFUSALS,
  type Bytes,
  type ClientFrame,
  type NackFrame,
  type SnapshotTakenFrame,
} from '@y-sealed/protocol'
import { monotonicClock, startTimer } from '../platform.ts'

const FIRST_CHUNK_BYTES = 16_384
/** A chunk that was answered sooner may be followed by a larger one. */
const QUICK_MS = 100
/** Edits that never pause do not hold it up for longer. */
const MOST_PATIENCE_MS = 1_000
const STEP_MS = 20

export interface UploadOptions {
  readonly document: Bytes
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  /** Edits of this device wait to be sent. */
  readonly isBusy: () => boolean
  /** Is it still wanted? */
  readonly isWanted: () => boolean
}

/** `lost`: the socket is gone; another call goes on. */
export type UploadResult = 'staged' | 'lost' | 'unwanted' | NackFrame

type Answer = number | 'lost' | NackFrame

export class Upload {
  readonly #options: UploadOptions
  readonly #id: Bytes
  readonly #bytes: Bytes
  #chunkBytes = FIRST_CHUNK_BYTES
  #answer: ((answer: Answer) => void) | null = null

  constructor(options: UploadOptions, id: Bytes, bytes: Bytes) {
    this.#options = options
    this.#id = id
    this.#bytes = bytes
  }

  /** Sends all of it. The first chunk says where an earlier call, on whatever socket, has come. */
  async send(): Promise<UploadResult> {
    let offset = 0
    while (offset < this.#bytes.length) {
      await this.#giveWay()
      if (!this.#options.isWanted()) return 'unwanted'
      const began = monotonicClock()
      const answer = await this.#put(offset)
      if (typeof answer !== 'number') {
        const code = answer === 'lost' ? null : refusalOf(answer.code)
        if (answer === 'lost' || code === null || REFUSALS[code].retry !== 'after') return answer
        await sleep(Math.max(STEP_MS, answer.retryAfterMs))
        continue
      }
      const isQuick = monotonicClock() - began < QUICK_MS
      this.#chunkBytes = Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, this.#chunkBytes * (isQuick ? 2 : 0.5)))
      offset = answer
    }
    return 'staged'
  }

  /** False when it is not about this one. */
  taken({ snapshotId, nextOffset }: SnapshotTakenFrame): boolean {
    if (!equalBytes(snapshotId, this.#id)) return false
    this.#settle(nextOffset)
    return true
  }

  refuse(nack: NackFrame): void {
    this.#settle(nack)
  }

  /** The socket is gone. */
  closed(): void {
    this.#settle('lost')
  }

  #settle(answer: Answer): void {
    this.#answer?.(answer)
    this.#answer = null
  }

  #put(offset: number): Promise<Answer> {
    const { document, send } = this.#options
    return new Promise((resolve) => {
      this.#answer = resolve
      const bytes = this.#bytes.subarray(offset, offset + Math.floor(this.#chunkBytes))
      const frame = { type: 'put-snapshot', document, snapshotId: this.#id, offset, bytes } as const
      if (!send({ ...frame, total: this.#bytes.length })) this.#settle('lost')
    })
  }

  async #giveWay(): Promise<void> {
    const until = monotonicClock() + MOST_PATIENCE_MS
    while (this.#options.isBusy() && monotonicClock() < until) await sleep(STEP_MS)
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void startTimer(ms, resolve))
}
