/**
 * The outbox as the sender uses it: nothing leaves it before the log has it, or before what replaces it is stored. Rules CL6, LO8.
 *
 * @module
 */
import { bytesToHex, SyncError, type Bytes, type Envelope } from '@y-sealed/protocol'
import type { Outbox } from '../outbox/outbox.ts'
import { startTimer } from '../platform.ts'
import type { SendProblem } from './send-problem.ts'

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000
/** Another attempt would be answered the same. */
const FOR_GOOD: ReadonlySet<string> = new Set(['EQUIVOCATION', 'STORAGE_CLOSED', 'SESSION_TAKEN'])

export interface OutboxKeeperOptions {
  readonly outbox: Outbox
  /** The lowest counter of a session that is still queued; `null` for none. */
  readonly oldest: (session: Bytes) => number | null
  readonly onProblem: (problem: SendProblem) => void
  /** This tab was taken for gone: another sends what it has put, and what it puts from now on stands nowhere. [CL16] */
  readonly onTaken: () => void
  /** {@link OutboxKeeper.isKept} may be true now. */
  readonly onKept: () => void
  /** Resolves when what the log has by now would survive a crash. */
  readonly whenKept: () => Promise<void>
  /** Resolves when what was set aside of edits would. [CL15] */
  readonly whenAsideKept: () => Promise<void>
}

export class OutboxKeeper {
  readonly #options: OutboxKeeperOptions
  /** Being stored. */
  readonly #puts = new Set<Promise<boolean>>()
  /** By session in hex: what is forgotten up to which counter. */
  readonly #removed = new Map<string, number>()
  /** What ends each wait before another attempt. */
  readonly #pauses = new Set<() => void>()
  #isOver = false
  /** How often something that the log has waits until that is kept. */
  #forgetting = 0
  /** Of sessions that are given up, by number in hex: the last envelope that was replaced. */
  readonly #replaced = new Map<string, Envelope>()

  constructor(options: OutboxKeeperOptions) {
    this.#options = options
  }

  put(envelope: Envelope): void {
    const put = this.#store(envelope)
    this.#puts.add(put)
    const end = (): void => {
      this.#puts.delete(put)
      if (this.isKept) this.#options.onKept()
    }
    put.then(end, end)
  }

  /** All that was put is stored, or given up. */
  get isKept(): boolean {
    return this.#puts.size === 0
  }

  /** Resolves when all that was put so far is stored, with true, or given up, with false. */
  async whenPut(): Promise<boolean> {
    const puts = await Promise.all(this.#puts)
    return puts.every((isStored) => isStored)
  }

  /** Makes no further attempt. */
  close(): void {
    this.#isOver = true
    for (const end of this.#pauses) end()
  }

  /** The log has them: they go once it is stored, so that there is no moment at which a device without a relay has them nowhere. */
  forget(envelopes: readonly Envelope[]): void {
    this.#forgetting += 1
    void this.#options.whenKept().then(() => {
      this.#forgetting -= 1
      for (const { document, session, counter } of envelopes) this.#remove(document, session, counter)
      this.#forgetReplaced()
    })
  }

  /** They were sealed anew, and that was put: once it is all stored, they go. */
  replace(envelopes: readonly Envelope[]): void {
    void Promise.all([this.whenPut(), this.#options.whenAsideKept()]).then(([isStored]) => {
      // Who fails to store has told so; the old ones stay then.
      if (!isStored) return
      for (const envelope of envelopes) this.#noteReplaced(envelope)
      this.#forgetReplaced()
    })
  }

  /** Tries until it is stored: until then it is in memory alone. Resolves with false when it need not be any more, or cannot. */
  async #store({ document, session, counter, bytes }: Envelope): Promise<boolean> {
    const id = bytesToHex(session)
    for (let waitMs = FIRST_RETRY_MS; !this.#isOver; waitMs = Math.min(LONGEST_RETRY_MS, 2 * waitMs)) {
      if (counter <= (this.#removed.get(id) ?? 0)) return false
      try {
        await this.#options.outbox.put({ document, session, counter, envelope: bytes })
        return true
      } catch (error) {
        if (error instanceof SyncError && error.code === 'SESSION_TAKEN') this.#options.onTaken()
        else this.#tell(error)
        if (error instanceof SyncError && FOR_GOOD.has(error.code)) return false
      }
      await this.#pause(waitMs)
    }
    return false
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        this.#pauses.delete(end)
        resolve()
      }
      const cancel = startTimer(ms, end)
      this.#pauses.add(end)
    })
  }

  #noteReplaced(envelope: Envelope): void {
    const id = bytesToHex(envelope.session)
    if (envelope.counter > (this.#replaced.get(id)?.counter ?? 0)) this.#replaced.set(id, envelope)
  }

  /** What the log has taken and not decided may stand before them in the same session. */
  #forgetReplaced(): void {
    // And what it has decided, and this device has not kept yet: its keeping is waited for.
    if (this.#forgetting > 0) return
    for (const [id, { document, session, counter }] of this.#replaced) {
      const oldest = this.#options.oldest(session)
      if (oldest === null) this.#replaced.delete(id)
      this.#remove(document, session, oldest === null ? counter : Math.min(counter, oldest - 1))
    }
  }

  #remove(document: Bytes, session: Bytes, through: number): void {
    if (through === 0) return
    this.#removed.set(bytesToHex(session), through)
    this.#options.outbox.remove(document, session, through).catch((error: unknown) => this.#tell(error))
  }

  #tell(error: unknown): void {
    if (this.#isOver) return
    const code = error instanceof SyncError ? error.code : 'OUTBOX_FAILED'
    const message = 'the outbox could not be written: unsent edits would not survive a restart'
    this.#options.onProblem({ code, message })
  }
}
