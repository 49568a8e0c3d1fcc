/**
 * Keeps the journal short. When it has grown, a thread carries it over into the database file: first most of it, while commits go on; then
 * the rest, while commits wait and the loop does not, so that the next commit begins the journal anew. Should the thread not keep up, or
 * somebody read an older state for long, SQLite itself makes a checkpoint at a commit, at the bound that `openDatabase` sets. [I3]
 *
 * @module
 */
import { fdatasync } from 'node:fs'

import type { CheckpointResult, CheckpointThread } from './checkpoint-thread.ts'
import type { WriteGate } from './write-gate.ts'

/**
 * 4 MiB, as by default in SQLite. A journal begun anew is a sync within the loop, which speaks for more; but as long as its file grows, each sync
 * has more to write: with 16 MiB the median ACK of the first quarter of a minute was measured at 7.0 instead of 4.5 ms.
 */
const GROWN_FRAMES = 1000

export interface CheckpointerOptions {
  readonly thread: CheckpointThread
  readonly gate: WriteGate
  /** Descriptor of the database file. */
  readonly descriptor: number
  /** Frames of the journal that are in use. */
  readonly countFrames: () => number
  /** The disk has failed to take something. */
  readonly onFailure: (cause: unknown) => void
  readonly grownFrames?: number
}

export class Checkpointer {
  readonly #options: CheckpointerOptions
  readonly #grownFrames: number
  /** Frames at which the next checkpoint is due. */
  #dueFrames: number
  #running: Promise<void> | null = null
  /** There are bytes in the journal that have to go. */
  #hasToEmpty = false
  #isClosed = false

  constructor(options: CheckpointerOptions) {
    this.#options = options
    this.#grownFrames = options.grownFrames ?? GROWN_FRAMES
    this.#dueFrames = this.#grownFrames
  }

  /** Begins a checkpoint where one is due. Asked whenever the journal may have grown. */
  consider(): void {
    if (this.#running !== null || this.#isClosed) return
    const frames = this.#options.countFrames()
    // It was begun anew, by whomever.
    if (frames < this.#grownFrames) this.#dueFrames = this.#grownFrames
    if (frames >= this.#dueFrames) void this.#take(() => this.#shorten())
  }

  /** Leaves nothing in the journal; where another program reads what stands there, with the next checkpoint. [I9] */
  async empty(): Promise<void> {
    this.#hasToEmpty = true
    while (this.#running !== null) await this.#running
    if (this.#hasToEmpty && !this.#isClosed) await this.#take(() => this.#alone())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#running
    await this.#options.thread.close()
  }

  async #take(run: () => Promise<void>): Promise<void> {
    this.#running = run()
    await this.#running
    this.#running = null
  }

  async #shorten(): Promise<void> {
    const { thread, descriptor, onFailure } = this.#options
    const first = await thread.run('passive')
    if (this.#hasFailed(first)) return
    // SQLite syncs the file only at the end of the journal. What is synced now is not waited for by commits.
    const error = await new Promise<Error | null>((resolve) => fdatasync(descriptor, resolve))
    if (error !== null) return onFailure(error)
    await this.#alone()
  }

  /** A checkpoint while nobody writes. */
  async #alone(): Promise<void> {
    const { gate, thread } = this.#options
    gate.close()
    const hadToEmpty = this.#hasToEmpty
    const result = await thread.run(hadToEmpty ? 'truncate' : 'passive')
    gate.open()
    if (this.#hasFailed(result)) return
    if (result.isWhole && hadToEmpty) this.#hasToEmpty = false
    if (result.isWhole) this.#dueFrames = this.#grownFrames
    else this.#putOff(result.frames)
  }

  /** What somebody still reads, or what found no room, stays in the journal: to be tried again when some more has come. */
  #putOff(frames: number): void {
    this.#dueFrames = frames + Math.ceil(this.#grownFrames / 4)
  }

  #hasFailed(result: CheckpointResult): result is { readonly code: string } {
    if (!('code' in result)) return false
    // A write that failed stands in the journal still; a sync that failed may have lost what no journal holds any more.
    if (result.code.endsWith('FSYNC')) this.#options.onFailure(new Error(result.code))
    this.#putOff(this.#options.countFrames())
    return true
  }
}
