/**
 * What earlier runs, and tabs that are gone, have sealed and not seen in the log: taken over from the outbox, sent again with what this run seals,
 * and settled where the log tells of it no more. Rules CL6, CL14, CL16.
 *
 * @module
 */
import { equalBytes, type Envelope } from '@y-sealed/protocol'
import type { EditBook, RestoredEdits } from '../drafts/edit-book.ts'
import { holdsEdits, isBehindBase } from './behind-base.ts'
import type { Binds } from './binds.ts'
import type { OutboxKeeper } from './outbox-keeper.ts'
import type { SenderOptions } from './sender-options.ts'
import type { QueuedEntry, SendQueue } from './send-queue.ts'
import type { UnsealedEdits } from './unsealed-edits.ts'

export interface InheritedEntriesOptions extends Pick<SenderOptions, 'log' | 'onChange'> {
  readonly queue: SendQueue
  readonly book: EditBook
  readonly edits: UnsealedEdits
  readonly keeper: OutboxKeeper
  readonly binds: Binds
  /** So many edits are in no log after all: they are to be found again. */
  readonly takeBack: (reason: string, edits: number) => void
}

export class InheritedEntries {
  readonly #options: InheritedEntriesOptions
  /** Never to be sent, but perhaps in the log. */
  #fragments: readonly QueuedEntry[] = []

  constructor(options: InheritedEntriesOptions) {
    this.#options = options
  }

  /** Takes back what an earlier run did not see acknowledged, sealed or not. */
  async restore(): Promise<void> {
    this.#takeOver(await this.#options.book.restore())
  }

  /** Takes over what tabs that have gone since have left. False where that is nothing. */
  async adopt(): Promise<boolean> {
    const found = await this.#options.book.adopt().catch(() => null)
    if (found === null) return false
    this.#takeOver(found)
    this.settleBehind()
    return true
  }

  /** The part of an edit that was never whole, and whose very bytes these are; `null` for none. */
  findFragment({ bytes }: Envelope): QueuedEntry | null {
    return this.#fragments.find(({ envelope }) => equalBytes(envelope.bytes, bytes)) ?? null
  }

  /** What stands before the snapshot at which reading began is told of no more: it need not be sent again, and no answer would tell more. */
  settleBehind(): void {
    const { log, queue, binds, keeper, takeBack, onChange } = this.#options
    const isBehind = isBehindBase(log)
    const settled = queue.select(isBehind)
    const fragments = this.#fragments.filter(isBehind)
    if (settled.length + fragments.length === 0) return
    for (const entry of settled) queue.remove(entry)
    this.#fragments = this.#fragments.filter((entry) => !fragments.includes(entry))
    // Those that do not count after all are asked for again.
    binds.forget()
    const edits = settled.reduce((sum, entry) => sum + entry.edits, 0)
    if (!holdsEdits(log.state, settled)) takeBack('it stands before a snapshot that lacks it', edits)
    keeper.forget([...settled, ...fragments].flatMap(({ envelope, copies }) => [envelope, ...copies]))
    onChange()
  }

  #takeOver({ entries, fragments, updates }: RestoredEdits): void {
    for (const entry of entries) this.#options.queue.add(entry)
    this.#fragments = [...this.#fragments, ...fragments]
    for (const { update } of updates) this.#options.edits.noteSealed(update)
  }
}
