/**
 * Brings back what others wrote in a log that was given up, and do not write anew themselves: their own entries, quoted. Whoever was there then
 * waits a while, for the authors first, and for each other. Rule CL31.
 *
 * @module
 */
import {
  bytesToHex,
  equalBytes,
  KIND,
  refusalOf,
  type AckFrame,
  type Bytes,
  type ClientFrame,
  type Envelope,
  type NackFrame,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { getState, type Doc } from 'yjs'
import type { DocumentAccess } from '../document/document-access.ts'
import type { DocumentLog, LogEntry } from '../log/document-log.ts'
import { chance, startTimer, type Cancel } from '../platform.ts'
import { Errand } from '../snapshots/errand.ts'
import { Slices } from '../snapshots/slices.ts'
import type { LostEntries } from './lost-entries.ts'
import { ENOUGH_BYTES, isBrought, QuotePlan } from './quote-plan.ts'
import { quotedEnvelopes } from './quoted-updates.ts'

/** Authors write anew at once; of those who quote, who draws the least goes first. */
const FIRST_LOOK_MS = 1_000
const ELECTION_MS = 4_000
const LONGEST_LOOK_MS = 300_000
/**
 * Of a loss of which nobody can quote anything as the records stand (its author was removed, say) there is nothing to be had by looking. It is not given
 * up, for who was removed may be let in again; but that is rare, and they write anew themselves.
 */
const LONGEST_IDLE_LOOK_MS = 86_400_000

export interface QuoterOptions {
  readonly access: DocumentAccess
  readonly device: Device
  readonly log: DocumentLog
  readonly lost: LostEntries
  readonly doc: Doc
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  /** May this device's edits leave? */
  readonly mayWrite: () => boolean
  /** The store could not be read or written. */
  readonly onTrouble: (error: unknown) => void
}

export class Quoter {
  readonly #options: QuoterOptions
  readonly #errand: Errand
  #isLive = false
  #isWorking = false
  #delayMs = FIRST_LOOK_MS
  #timer: Cancel | null = null
  /** What is on its way; the log had all of it before it came there. */
  #sent: Bytes | null = null
  #isOutrun = false
  /** Where the log stood when there was nothing that could be quoted; `null` where there was. */
  #idleAt: { readonly seq: number; readonly recordHead: Bytes } | null = null
  /** Hex of the last entry's signature, of quotes that the relay will never take: what comes after them does not wait for them. [CL15] */
  readonly #tooLarge = new Set<string>()

  constructor(options: QuoterOptions) {
    this.#options = options
    this.#errand = new Errand({ ...options, clientId: () => options.doc.clientID })
  }

  /** History is read on this opening. */
  opened(): void {
    this.#isLive = true
    if (!this.#isIdle()) this.#delayMs = FIRST_LOOK_MS
    this.#look().catch((error: unknown) => this.#fail(error))
  }

  /** Nothing may leave until the document has been opened again. */
  closed(): void {
    this.#isLive = false
    this.#timer?.()
    this.#timer = null
    this.#errand.closed()
  }

  /** Quotes that are in the log by the relay's word, for it to take; `null` for what is somebody else's. */
  acknowledge(ack: AckFrame): LogEntry[] | null {
    const quoted = this.#errand.acknowledge(ack)
    // What the relay has put before it, the log has taken by now.
    if (quoted !== null) this.#isOutrun = this.#isBrought(this.#sent)
    return quoted
  }

  /** False for what was refused of somebody else. */
  refuse(nack: NackFrame): boolean {
    return this.#errand.refuse(nack)
  }

  /** Looks in a while, if there is anything to look for. */
  async #look(): Promise<void> {
    if (!this.#isLive || (await this.#options.lost.isEmpty())) return
    if (!this.#isLive || this.#timer !== null || this.#isWorking) return
    this.#timer = startTimer(this.#delayMs + ELECTION_MS * chance(), () => {
      this.#timer = null
      this.#work().catch((error: unknown) => this.#fail(error))
    })
    this.#delayMs = Math.min(this.#isIdle() ? LONGEST_IDLE_LOOK_MS : LONGEST_LOOK_MS, 2 * this.#delayMs)
  }

  /** There was nothing that could be quoted, by records that are still the newest. */
  #isIdle(): boolean {
    return this.#idleAt !== null && equalBytes(this.#idleAt.recordHead, this.#options.log.recordHead)
  }

  #isBrought(content: Bytes | null): boolean {
    const { access, log } = this.#options
    return content !== null && isBrought(content, { access, state: log.state })
  }

  /** A store may be closed with the document. */
  #fail(error: unknown): void {
    if (this.#isLive) this.#options.onTrouble(error)
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    try {
      const { lost } = this.#options
      const place = await lost.place()
      if (await this.#quote()) await lost.forgetUpTo(place)
    } catch (error) {
      // The next look may fare better.
      this.#fail(error)
    } finally {
      this.#isWorking = false
    }
    await this.#look()
  }

  /** A quote ends with the edit that makes it large: one that the relay has no room for is passed over from the next look on. */
  #refused(content: Bytes, { code, detail }: NackFrame): void {
    const last = quotedEnvelopes(content)?.at(-1)
    const isForGood = refusalOf(code) === 'QUOTA' && Math.min(detail, content.length) >= ENOUGH_BYTES
    if (isForGood && last !== undefined) this.#tooLarge.add(bytesToHex(last.signature))
  }

  /** True once the log lacks nothing of it. */
  async #quote(): Promise<boolean> {
    const { access, device, doc, log, lost, mayWrite } = this.#options
    const { authority, state, head, recordHead } = log
    // The log is what it was, and what could be quoted in it.
    if (this.#isIdle() && this.#idleAt?.seq === head.seq) return false
    const heldClockOf = (client: number): number => getState(doc.store, client)
    const isTooLarge = ({ signature }: Envelope): boolean => this.#tooLarge.has(bytesToHex(signature))
    const seq = head.seq + 1
    const plan = new QuotePlan({ access, authority, state, seq, device: device.id, heldClockOf, isTooLarge })
    const slices = new Slices(() => this.#isLive)
    for await (const page of lost.read()) {
      for (const envelope of page) {
        plan.take(envelope)
        if (!(await slices.breathe())) return false
      }
    }
    const { quotes, isLacking } = plan.finish()
    this.#idleAt = quotes.length === 0 && isLacking ? { seq: head.seq, recordHead } : null
    for (const content of quotes) {
      const key = access.current
      if (!mayWrite() || key === null || !log.isOpen(key.epoch)) break
      // Somebody else is at it, and ahead: what many quote side by side would be stored as many times.
      if (this.#isBrought(content)) break
      this.#sent = content
      const result = await this.#errand.push(KIND.update, content, key)
      if (result !== 'stored' && result !== 'lost') this.#refused(content, result)
      if (result !== 'stored' || this.#isOutrun) break
    }
    this.#sent = null
    // Of a log that is read anew by now it says nothing.
    return !isLacking && this.#isLive && log.state === state
  }
}
