/**
 * Entries as they come, in whatever order, given on without a gap: what is ahead waits, what is behind is dropped.
 *
 * @module
 */
import type { LogEntry } from './document-log.ts'

/** Bytes held ahead of a gap; more is dropped and read again. */
const MAX_HELD_BYTES = 4_194_304

export class Sequencer {
  readonly #held = new Map<number, LogEntry>()
  #heldBytes = 0

  /** Something waits for entries that have not come. */
  get hasGap(): boolean {
    return this.#held.size > 0
  }

  /** Takes entries after `headSeq`. One sealed here (it has `content`) replaces the same one from the relay. */
  offer(entries: Iterable<LogEntry>, headSeq: number): void {
    for (const entry of entries) {
      if (entry.seq <= headSeq) continue
      const known = this.#held.get(entry.seq)
      if (known && (known.content !== undefined || entry.content === undefined)) continue
      if (known) this.#heldBytes -= known.envelope.bytes.length
      else if (this.#heldBytes > MAX_HELD_BYTES && entry.seq > headSeq + 1) continue
      this.#held.set(entry.seq, entry)
      this.#heldBytes += entry.envelope.bytes.length
    }
  }

  /** The run that follows `headSeq` without a gap, taken out. */
  take(headSeq: number): LogEntry[] {
    const run: LogEntry[] = []
    for (let seq = headSeq + 1; ; seq++) {
      const entry = this.#held.get(seq)
      if (!entry) return run
      this.#held.delete(seq)
      this.#heldBytes -= entry.envelope.bytes.length
      run.push(entry)
    }
  }

  clear(): void {
    this.#held.clear()
    this.#heldBytes = 0
  }
}
