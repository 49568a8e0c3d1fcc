/**
 * Who made the edits of a log, and when they say so: one row for each edit that counts, kept as the log is read. Twelve bytes a row, for a
 * document has many. Rule HI1.
 *
 * @module
 */
import { bytesToHex, type Bytes } from '@y-sealed/protocol'
import type { LogOutcome } from '../log/document-log.ts'

/** One edit at its place in the log. */
export interface Edit {
  readonly seq: number
  /** 16 bytes. */
  readonly device: Bytes
  /** Unix ms, the author's word; 0: not said. [EN10] */
  readonly authored: number
}

export class EditTable {
  #seqs = new Float64Array(256)
  #times = new Float64Array(256)
  #authors = new Uint32Array(256)
  #length = 0
  readonly #devices: Bytes[] = []
  readonly #indexByDevice = new Map<string, number>()
  #changes = 0
  #takenSeq = 0

  /** How many edits. */
  get length(): number {
    return this.#length
  }

  /** Rises with every change. */
  get changes(): number {
    return this.#changes
  }

  /** The edit of this number, from 0. */
  at(index: number): Edit {
    if (!(index >= 0 && index < this.#length)) throw new RangeError('there is no such edit')
    const device = this.#devices[this.#authors[index] as number] as Bytes
    return { seq: this.#seqs[index] as number, device, authored: this.#times[index] as number }
  }

  /** How many edits stand at or before `seq`. */
  countThrough(seq: number): number {
    let [from, to] = [0, this.#length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.#seqs[middle] as number) <= seq) from = middle + 1
      else to = middle
    }
    return from
  }

  /** Does an edit that counts stand, or end, at this place? */
  has(seq: number): boolean {
    const count = this.countThrough(seq)
    return count > 0 && this.#seqs[count - 1] === seq
  }

  /**
   * Takes what became of the next entry of the log. One at or before a place that was taken says that the log is read anew from there; one that
   * leaves a gap, that it begins behind a snapshot.
   */
  take(outcome: LogOutcome): void {
    if (outcome.seq <= this.#takenSeq) this.#forget(outcome.seq)
    else if (outcome.seq > this.#takenSeq + 1) this.#forget(0)
    this.#takenSeq = outcome.seq
    if (outcome.kind !== 'update' && outcome.kind !== 'quoted') return
    const { seq, authored } = outcome
    const { device } = outcome.envelope
    if (this.#length === this.#seqs.length) this.#grow()
    this.#seqs[this.#length] = seq
    this.#times[this.#length] = authored
    this.#authors[this.#length] = this.#indexOf(device)
    this.#length += 1
    this.#changes += 1
  }

  #indexOf(device: Bytes): number {
    const name = bytesToHex(device)
    const known = this.#indexByDevice.get(name)
    if (known !== undefined) return known
    this.#indexByDevice.set(name, this.#devices.length)
    return this.#devices.push(device.slice()) - 1
  }

  #forget(seq: number): void {
    this.#length = this.countThrough(seq - 1)
    this.#changes += 1
  }

  #grow(): void {
    const size = 2 * this.#seqs.length
    const [seqs, times, authors] = [new Float64Array(size), new Float64Array(size), new Uint32Array(size)]
    seqs.set(this.#seqs)
    times.set(this.#times)
    authors.set(this.#authors)
    this.#seqs = seqs
    this.#times = times
    this.#authors = authors
  }
}
