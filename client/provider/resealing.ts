/**
 * When what is on its way goes out sealed anew, under a session that nothing stands in: its epoch is over, the log has gone back, another tab has
 * taken the session over, or the relay asks for it. Rules CL10, CL16, LO8, LO14.
 *
 * @module
 */
import type { EditBook } from '../drafts/edit-book.ts'
import type { Binds } from './binds.ts'
import type { InheritedEntries } from './inherited-entries.ts'
import type { OutboxKeeper } from './outbox-keeper.ts'
import { updatesOf } from './restore-queue.ts'
import type { Sealer } from './sealer.ts'
import type { SendBrake } from './send-brake.ts'
import type { SenderOptions } from './sender-options.ts'
import type { SendQueue } from './send-queue.ts'

export interface ResealingOptions extends Pick<SenderOptions, 'doc' | 'log'> {
  readonly sealer: Sealer
  readonly queue: SendQueue
  readonly inherited: InheritedEntries
  readonly binds: Binds
  readonly keeper: OutboxKeeper
  readonly book: EditBook
  readonly brake: SendBrake
  /** Sends what waits. */
  readonly pump: () => void
  /** Seals what is not sealed yet. */
  readonly flush: () => void
}

export class Resealing {
  readonly #options: ResealingOptions
  /** The log has gone back behind what this session had in it. */
  #isLost = false
  /** Another tab has taken this one's sessions over. */
  #isTaken = false

  constructor(options: ResealingOptions) {
    this.#options = options
  }

  /** All that is on its way, and what the log had of this session, is to go out anew as soon as anything may be sealed. [LO14] */
  logWentBack(): void {
    this.#isLost = true
  }

  /** What is on its way is sent by another tab too, or stored nowhere: it goes out under a session that is this tab's, or waits as drafts. [CL16] */
  sessionTaken(): void {
    const { sealer, queue, book } = this.#options
    this.#isTaken = true
    if (sealer.maySeal) return this.reseal()
    for (const edit of updatesOf(queue.select(() => true))) book.keep(edit)
  }

  /** Reseals what has to be, where something may be sealed at all. */
  catchUp(): void {
    const { sealer, queue } = this.#options
    if (this.#isLost || this.#isTaken || queue.has(sealer.isOutlived)) this.reseal()
  }

  /** A new session for everything not acknowledged: no counter is ever used twice. [LO8] */
  reseal(): void {
    const { doc, log, sealer, queue, inherited, binds, keeper, brake, pump, flush } = this.#options
    // What is refused while nothing may be sealed waits for the epoch under which it may.
    if (!sealer.maySeal) return
    inherited.settleLost()
    const isLost = this.#isLost
    this.#isLost = false
    this.#isTaken = false
    const drained = queue.drain(
      (envelope) => isLost || sealer.isOutlived(envelope),
      (envelope) => log.isPending(envelope),
    )
    // What this run sealed may hang on what the log lost: it goes out with that, found by comparing. In the outbox it stays till the next run.
    const old = isLost ? drained.filter(({ restored }) => restored) : drained
    binds.forget()
    if (sealer.renew()) binds.ask(doc.clientID)
    for (const envelope of sealer.sealAnew(old)) keeper.put(envelope)
    keeper.replace(old.flatMap(({ envelope, copies }) => [envelope, ...copies]))
    brake.release()
    pump()
    // What waited for a bind that was refused asks for it again.
    flush()
  }
}
