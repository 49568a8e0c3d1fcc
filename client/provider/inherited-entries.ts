/**
 * What earlier runs, and tabs that are gone, have sealed and not seen in the log: taken over from the outbox, sent again with what this run seals,
 * and settled where the log tells of it no more. Rules CL6, CL14, CL16.
 *
 * @module
 */
import { equalBytes, KIND, type Bytes, type Envelope } from '@y-sealed/protocol'
import type { EditBook, RestoredEdits } from '../drafts/edit-book.ts'
import { checkUpdate, type LogView } from '../yjs/check-update.ts'
import type { UpdateRefusal } from '../yjs/update-limits.ts'
import { AheadClocks } from './ahead-clocks.ts'
import { holdsEdits, isBehindBase } from './behind-base.ts'
import type { Binds } from './binds.ts'
import { extendedClients } from '../yjs/outgoing.ts'
import type { OutboxKeeper } from './outbox-keeper.ts'
import { updatesOf } from './restore-queue.ts'
import type { SenderOptions } from './sender-options.ts'
import type { QueuedEntry, SendQueue } from './send-queue.ts'
import type { UnsealedEdits } from './unsealed-edits.ts'

/** Why what is not there yet has to come before it. */
const LEANS: ReadonlySet<UpdateRefusal> = new Set(['gap', 'origin', 'right-origin', 'parent', 'delete-range'])

export interface InheritedEntriesOptions extends Pick<SenderOptions, 'log' | 'onChange'> {
  readonly queue: SendQueue
  readonly book: EditBook
  readonly edits: UnsealedEdits
  readonly keeper: OutboxKeeper
  readonly binds: Binds
  /** Of this device, 16 bytes. */
  readonly deviceId: Bytes
  /** The document has of these clients of this device's what the log has lost: it is to be found by comparing. */
  readonly lookFor: (clients: readonly number[]) => void
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
    this.settleTaken()
    this.settleBehind()
    this.settleLost()
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

  /**
   * What bears a client id that the log has for another device would count for nothing: its bind was lost with a log, and somebody else has taken
   * the id since. It becomes a draft, and leaves under another id, in this run where it is not shown yet. All of the client was made here, for
   * nothing bears an id before the log that was lost had it for this device. [CL14]
   */
  settleTaken(): void {
    const { queue, book, binds, edits } = this.#options
    const gone: Envelope[] = []
    for (const unit of unitsOf(queue.select(({ restored }) => restored))) {
      const [edit] = updatesOf(unit)
      const clients = edit === undefined ? [] : extendedClients(edit.update)
      if (edit === undefined || binds.takenAmong(clients) === null) continue
      for (const entry of unit) queue.remove(entry)
      const isHidden = book.unseal({ ...edit, typed: clients.map((client) => ({ client, clock: 0 })) })
      if (!isHidden) edits.rob(clients)
      gone.push(...unit.flatMap(({ envelope, copies }) => [envelope, ...copies]))
    }
    this.#replace(gone)
  }

  /**
   * What leans on what the log has lost, or on another tab's that has not come, would count for nothing, and be forgotten for that; what was sealed
   * upon a head that the log has lost no relay takes. It becomes a draft: as far as it is shown, it is found by comparing, behind what it leans on;
   * else it is shown, and leaves, once that has come. A bind that no relay takes is asked for anew by what needs it. [CL5] [CL14] [LO3]
   */
  settleLost(): void {
    const { log, queue, book, deviceId, lookFor } = this.#options
    const ahead = new AheadClocks(() => log.state)
    // A bind may stand before it in the queue.
    const view: LogView = { clockOf: (client) => ahead.clockOf(client), deviceOf: () => deviceId }
    const gone: Envelope[] = []
    const shown: number[] = []
    const isLostBind = ({ restored, envelope }: QueuedEntry): boolean =>
      restored && envelope.kind === KIND.bind && !log.isPending(envelope) && !this.#hasSeen(envelope)
    for (const entry of queue.select(isLostBind)) {
      queue.remove(entry)
      gone.push(entry.envelope, ...entry.copies)
    }
    for (const unit of unitsOf(queue.select(({ restored }) => restored))) {
      const [edit] = updatesOf(unit)
      if (edit === undefined) continue
      const verdict = checkUpdate(edit.update, view, deviceId)
      const leans = !verdict.ok && LEANS.has(verdict.code)
      if (!leans && unit.every(({ envelope }) => this.#hasSeen(envelope))) {
        if (verdict.ok) ahead.grow(verdict.growth, verdict.deletes)
        continue
      }
      const clients = extendedClients(edit.update)
      for (const entry of unit) queue.remove(entry)
      const isHidden = book.unseal({ ...edit, typed: clients.map((client) => ({ client, clock: 0 })) })
      if (!isHidden) shown.push(...clients)
      gone.push(...unit.flatMap(({ envelope, copies }) => [envelope, ...copies]))
    }
    if (shown.length > 0) lookFor(shown)
    this.#replace(gone)
  }

  /** Is the head that it was sealed upon one of this log, for certain? Nothing tells where the log is read from behind that place on. */
  #hasSeen({ seenSeq, seenTranscript }: Envelope): boolean {
    return this.#options.log.compareTranscript(seenSeq, seenTranscript) === 'same'
  }

  /**
   * They are drafts by now: once those are stored, they go. What else earlier runs have sealed comes all the same; what this one has, it may have to
   * find again by comparing, for the log may have gone back.
   */
  #replace(gone: readonly Envelope[]): void {
    const { queue, book, edits, keeper, onChange } = this.#options
    if (gone.length === 0) return
    edits.noteGivenUp(updatesOf(queue.select(({ restored }) => restored)))
    void book.whenKept().then(() => keeper.replace(gone))
    onChange()
  }

  #takeOver({ entries, fragments, updates }: RestoredEdits): void {
    for (const entry of entries) this.#options.queue.add(entry)
    this.#fragments = [...this.#fragments, ...fragments]
    for (const { update } of updates) this.#options.edits.noteSealed(update)
  }
}

/** The entries of one edit each; what is none is left out. */
function unitsOf(entries: readonly QueuedEntry[]): readonly (readonly QueuedEntry[])[] {
  const units: QueuedEntry[][] = []
  for (const entry of entries) {
    const { part, envelope } = entry
    if (part !== null && part.index > 0) units.at(-1)?.push(entry)
    else if (part !== null || envelope.kind === KIND.update) units.push([entry])
  }
  return units
}
