/**
 * The outbox as the sender uses it: nothing leaves it before the log has it, or before what replaces it is stored. Rules CL6, LO8.
 *
 * @module
 */
import { bytesToHex, SyncError, type Bytes, type Envelope } from '@y-sealed/protocol'
import type { Outbox } from '../outbox/outbox.ts'
import type { SendProblem } from './send-problem.ts'

export interface OutboxKeeperOptions {
  readonly outbox: Outbox
  /** The lowest counter of a session that is still queued; `null` for none. */
  readonly oldest: (session: Bytes) => number | null
  readonly onProblem: (problem: SendProblem) => void
  /** Resolves when what the log has by now would survive a crash. */
  readonly whenKept: () => Promise<void>
}

export class OutboxKeeper {
  readonly #options: OutboxKeeperOptions
  /** Being stored. */
  readonly #puts = new Set<Promise<void>>()
  /** Of sessions that are given up, by number in hex: the last envelope that was replaced. */
  readonly #replaced = new Map<string, Envelope>()

  constructor(options: OutboxKeeperOptions) {
    this.#options = options
  }

  put({ document, session, counter, bytes }: Envelope): void {
    const put = this.#options.outbox.put({ document, session, counter, envelope: bytes })
    this.#puts.add(put)
    const end = (): void => void this.#puts.delete(put)
    put.then(end, end)
    this.#report(put)
  }

  /** The log has them: they go once it is stored, so that there is no moment at which a device without a relay has them nowhere. */
  forget(envelopes: readonly Envelope[]): void {
    void this.#options.whenKept().then(() => {
      for (const { document, session, counter } of envelopes) this.#remove(document, session, counter)
      this.#forgetReplaced()
    })
  }

  /** They were sealed anew, and that was put: once it is all stored, they go. */
  replace(envelopes: readonly Envelope[]): void {
    // Who fails to store has told so; the old ones stay then.
    Promise.all(this.#puts).then(
      () => {
        for (const envelope of envelopes) this.#noteReplaced(envelope)
        this.#forgetReplaced()
      },
      () => undefined,
    )
  }

  #noteReplaced(envelope: Envelope): void {
    const id = bytesToHex(envelope.session)
    if (envelope.counter > (this.#replaced.get(id)?.counter ?? 0)) this.#replaced.set(id, envelope)
  }

  /** What the log has taken and not decided may stand before them in the same session. */
  #forgetReplaced(): void {
    for (const [id, { document, session, counter }] of this.#replaced) {
      const oldest = this.#options.oldest(session)
      if (oldest === null) this.#replaced.delete(id)
      this.#remove(document, session, oldest === null ? counter : Math.min(counter, oldest - 1))
    }
  }

  #remove(document: Bytes, session: Bytes, through: number): void {
    if (through > 0) this.#report(this.#options.outbox.remove(document, session, through))
  }

  #report(work: Promise<void>): void {
    work.catch((error: unknown) => {
      const code = error instanceof SyncError ? error.code : 'OUTBOX_FAILED'
      const message = 'the outbox could not be written: unsent edits would not survive a restart'
      this.#options.onProblem({ code, message })
    })
  }
}
