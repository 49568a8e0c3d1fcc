/**
 * States that were made on the way to a version, so that the next one need not begin at the first edit. Bounded: where there are too many
 * bytes, every second one goes.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

/** A place of the log, and the document as of it. */
export interface Checkpoint {
  readonly seq: number
  /** 32 bytes. */
  readonly transcript: Bytes
  /** Yjs V2; `null` for an empty document. */
  readonly state: Bytes | null
}

const MAX_BYTES = 33_554_432

export class Checkpoints {
  /** Ascending. */
  #all: Checkpoint[] = []

  /** The newest at or before `seq` that `holds`. */
  before(seq: number, holds: (checkpoint: Checkpoint) => boolean): Checkpoint | null {
    return this.#all.findLast((checkpoint) => checkpoint.seq <= seq && holds(checkpoint)) ?? null
  }

  add(checkpoint: Checkpoint): void {
    const others = this.#all.filter(({ seq }) => seq !== checkpoint.seq)
    this.#all = [...others, checkpoint].toSorted((one, other) => one.seq - other.seq)
    while (this.#all.length > 1 && this.#bytes > MAX_BYTES) this.#all = this.#all.filter((_, index) => index % 2 === 1)
  }

  get #bytes(): number {
    return this.#all.reduce((sum, { state }) => sum + (state?.length ?? 0), 0)
  }
}
