/**
 * What becomes of a PUSH of ours that the relay refuses: it goes out again, now or later, sealed anew or as it is; or it is set aside; or it
 * holds up the rest until the document is opened anew. Rules CL10, CL15, FR20.
 *
 * @module
 */
import { equalBytes, refusalOf, REFUSALS, type Envelope, type NackFrame, type RefusalCode } from '@y-sealed/protocol'
import type { EditBook } from '../drafts/edit-book.ts'
import { setAsideAll, setAsideLarge } from '../yjs/set-aside.ts'
import { cutUpdate } from './cut-update.ts'
import { updatesOf } from './restore-queue.ts'
import type { SendBrake } from './send-brake.ts'
import type { SendProblem } from './send-problem.ts'
import type { SenderOptions } from './sender-options.ts'
import type { SendQueue } from './send-queue.ts'

const GAP_RETRY_MS = 250
/** The record of a new epoch follows the refusal at once; if it has not, the document is opened again. [FR20] */
const EPOCH_PATIENCE_MS = 2_000
/** Refusals of one edit for its form or size: the relay will never take it, and may take what follows. [CL15] */
const FOR_GOOD: ReadonlySet<RefusalCode> = new Set(['BAD_ENVELOPE', 'QUOTA'])
/** With less room than this, it is not the size of an edit that fills the document. */
const LEAST_ROOM_BYTES = 4_096

export interface RefusedPushesOptions extends Pick<SenderOptions, 'access' | 'reopen' | 'onProblem'> {
  readonly queue: SendQueue
  readonly brake: SendBrake
  readonly book: EditBook
  /** Edits may leave at all. */
  readonly isReady: () => boolean
  /** All that is not acknowledged goes out under a new session. */
  readonly reseal: () => void
  /** The same, of what its epoch's end has left behind, once there is a key to seal under. */
  readonly rekey: () => void
  /** Sends what waits. */
  readonly pump: () => void
}

export class RefusedPushes {
  readonly #options: RefusedPushesOptions
  /** Something was set aside, and the relay has taken nothing since. */
  #hasSetAside = false

  constructor(options: RefusedPushesOptions) {
    this.#options = options
  }

  /** The relay has taken something. */
  stored(): void {
    this.#hasSetAside = false
  }

  /** A PUSH of a session that is ours. */
  take(nack: NackFrame): void {
    const { brake, reopen, reseal } = this.#options
    const code = refusalOf(nack.code)
    if (code === null)
      return this.#stop(nack, {
        code: `NACK_${nack.code}`,
        message: 'the relay refused the edit for a reason this version does not know',
      })
    if (code === 'COUNTER_GAP') return brake.repeat(() => this.#closeGap(nack))
    if (code === 'NOT_OPEN') return brake.repeat(reopen)
    if (code === 'EPOCH_STALE') return this.#awaitEpoch(nack)
    if (code === 'FORBIDDEN' && this.#awaitToken(nack)) return
    if (code === 'NEEDS_RESTORE') brake.awaitRestore()
    switch (REFUSALS[code].retry) {
      case 'reseal':
        return brake.repeat(reseal)
      case 'after':
        return this.#pause(nack, nack.counter, Math.max(GAP_RETRY_MS, nack.retryAfterMs))
      case 'once':
      case 'never':
        if (FOR_GOOD.has(code) && this.#letGo(nack, code)) return
        return this.#stop(nack, { code, message: REFUSALS[code].meaning })
    }
  }

  #awaitToken({ session, counter }: NackFrame): boolean {
    const { queue, brake, isReady } = this.#options
    // It is known by now that nothing may leave: all of it goes out again when it may.
    if (!isReady()) return true
    if (!brake.holdForToken()) return false
    queue.retry(session, counter)
    return true
  }

  /** Sealed under an epoch that is over: anew as soon as the log has the record that says so. [FR20] */
  #awaitEpoch({ session, counter }: NackFrame): void {
    const { access, queue, brake, reopen, rekey } = this.#options
    const isBehind = ({ epoch, session: other }: Envelope): boolean =>
      epoch === access.current?.epoch && equalBytes(other, session)
    if (queue.has(isBehind)) brake.holdFor(EPOCH_PATIENCE_MS, reopen)
    queue.retry(session, counter)
    rekey()
  }

  /**
   * What the relay refuses for good is set aside, so that what follows goes on; but not one edit after another: a relay that refuses
   * everything empties no document. False where it has to stay and hold up the rest. [CL15]
   */
  #letGo({ session, counter, detail }: NackFrame, code: RefusalCode): boolean {
    const { queue, book, reseal } = this.#options
    const unit = queue.unitAt(session, counter)
    const [edit] = updatesOf(unit)
    if (this.#hasSetAside || edit === undefined || (code === 'QUOTA' && detail < LEAST_ROOM_BYTES)) return false
    // Sealed and padded it takes more.
    const reduced = code === 'QUOTA' ? setAsideLarge(edit.update, detail / 2) : setAsideAll(edit.update)
    if (reduced === null) return false
    this.#hasSetAside = true
    queue.amend(unit, cutUpdate({ ...edit, update: reduced.update }))
    book.putAside(code, reduced.content, edit.authored)
    reseal()
    return true
  }

  #closeGap(nack: NackFrame): void {
    const oldest = this.#options.queue.oldestCounter(nack.session)
    if (oldest !== null && nack.detail < oldest) return this.#options.reseal()
    this.#pause(nack, nack.detail, GAP_RETRY_MS)
  }

  #pause({ session }: NackFrame, from: number, ms: number): void {
    const { queue, brake, pump } = this.#options
    queue.retry(session, from)
    brake.holdFor(ms, () => {
      brake.release()
      pump()
    })
  }

  #stop({ session, counter }: NackFrame, problem: SendProblem): void {
    const { queue, brake, onProblem } = this.#options
    brake.hold()
    queue.retry(session, counter)
    onProblem(problem)
  }
}
