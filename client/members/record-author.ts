/**
 * The author of records: makes one at a time from an intent, sees it into the log, and makes it anew where somebody was faster. Rules
 * CL10, KM16.
 *
 * @module
 */
import {
  equalBytes,
  refusalOf,
  REFUSALS,
  SyncError,
  type AckFrame,
  type Bytes,
  type ClientFrame,
  type NackFrame,
  type RecordRefusal,
} from '@y-sealed/protocol'
import type { Sealed, Seen } from '@y-sealed/protocol/sealing'
import type { LogEntry } from '../log/document-log.ts'
import { Patience } from '../patience.ts'
import { startTimer, wallClock, type Cancel } from '../platform.ts'
import type { MemberRecord, Membership } from './membership.ts'
import { RecordTools, type Intent } from './record-tools.ts'
import { sealRecord } from './seal-record.ts'

/** A record that came in between follows its refusal at once; if it has not, the document is opened again. */
const RECORD_PATIENCE_MS = 2_000
const LEAST_RETRY_MS = 250
const MAX_REFRESHES = 3

export interface RecordAuthorOptions {
  readonly membership: Membership
  /** What this device has verified. */
  readonly seen: () => Seen
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  readonly reopen: () => void
  /** Asks for a new token; {@link RecordAuthor.refreshed} says that it is there. */
  readonly refresh: () => void
  /** Does the token allow to change others? */
  readonly mayChange: () => boolean
  /** {@link RecordAuthor.isWaiting} has become false. */
  readonly onAnswered: () => void
}

interface Change {
  readonly intent: Intent
  readonly resolve: (record: MemberRecord | null) => void
  readonly reject: (error: Error) => void
  /** The record as it was sealed last; `null` before. */
  sealed: Sealed | null
  /** It was refused for one that came before it. */
  isStale: boolean
  /** How often it was refused because the token did not know what this device may do by now. */
  refreshes: number
  isRefreshing: boolean
  readonly patience: Patience
  /** It counts. */
  placed: MemberRecord | null
}

export class RecordAuthor {
  readonly #options: RecordAuthorOptions
  readonly #changes: Change[] = []
  readonly #unsubscribe: () => void
  #isOpen = false
  #isWaiting = false
  #timer: Cancel | null = null

  constructor(options: RecordAuthorOptions) {
    this.#options = options
    this.#unsubscribe = options.membership.subscribe((record) => this.#notice(record))
  }

  /** A record is sent and not answered: nothing may be sent behind it. [CL10] */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /**
   * Resolves with the record once the relay has it on disk and it counts, with `null` where the intent found nothing to do. Changes are made
   * one after another; offline they wait.
   */
  change(intent: Intent): Promise<MemberRecord | null> {
    return new Promise((resolve, reject) => {
      this.#changes.push({
        intent,
        resolve,
        reject,
        sealed: null,
        isStale: false,
        refreshes: 0,
        isRefreshing: false,
        patience: new Patience(),
        placed: null,
      })
      if (this.#changes.length === 1) this.#next()
    })
  }

  /** History is read: what was under way goes on. */
  opened(): void {
    this.#isOpen = true
    this.#next()
  }

  /** A new token is in force: what the old one did not allow is tried once more. */
  refreshed(): void {
    const change = this.#changes[0]
    if (!change?.isRefreshing) return
    change.isRefreshing = false
    this.#next()
  }

  closed(): void {
    this.#isOpen = false
    this.#isWaiting = false
    this.#stopTimer()
  }

  /** Records have come, and all that came with them is taken. */
  advance(): void {
    const change = this.#changes[0]
    if (change === undefined) return
    if (change.placed !== null) return this.#finish(change, change.placed)
    if (change.isStale && change.sealed !== null && !this.#isUpToDate(change.sealed)) this.#anew(change)
  }

  /** The relay has stored a record of ours: the entry, for the log to take. `null` for an ACK of something else. */
  acknowledge(ack: AckFrame): LogEntry | null {
    const sealed = this.#sealedIn(ack.session)
    return sealed && { seq: ack.seq, envelope: sealed.envelope, content: sealed.envelope.sealed }
  }

  /** The relay refused a record of ours. False for a refusal of something else. */
  refuse(nack: NackFrame): boolean {
    const sealed = this.#sealedIn(nack.session)
    const change = this.#changes[0]
    if (sealed === null || change === undefined) return false
    this.#isWaiting = false
    const code = refusalOf(nack.code)
    const retry = code === null ? 'never' : REFUSALS[code].retry
    if (code === 'RECORD_STALE' || code === 'EPOCH_STALE') this.#awaitRecord(change, sealed)
    else if (code === 'NOT_OPEN') this.#again(change, this.#options.reopen)
    else if (code === 'FORBIDDEN' && change.refreshes < MAX_REFRESHES && !this.#options.mayChange()) {
      change.refreshes += 1
      change.isRefreshing = true
      this.#options.refresh()
    } else if (retry === 'reseal') this.#again(change, () => this.#anew(change))
    else if (retry === 'after') this.#after(Math.max(LEAST_RETRY_MS, nack.retryAfterMs), () => this.#next())
    else this.#finish(change, new SyncError(code ?? `NACK_${nack.code}`, 'the relay refused the change of members'))
    if (!this.#isWaiting) this.#options.onAnswered()
    return true
  }

  destroy(): void {
    this.#unsubscribe()
  }

  /** No change will be made any more. */
  end(reason: Error): void {
    this.closed()
    for (const change of this.#changes.splice(0)) change.reject(reason)
  }

  /** At once, or after a while where the relay refuses again and again. */
  #again({ patience }: Change, action: () => void): void {
    const ms = patience.next()
    if (ms === 0) action()
    else this.#after(ms, action)
  }

  #next(): void {
    const change = this.#changes[0]
    if (!this.#isOpen || change === undefined) return
    this.#stopTimer()
    if (change.placed !== null) return this.#finish(change, change.placed)
    // The same bytes again while they can still count: the relay stores them once.
    if (change.sealed === null || !this.#isUpToDate(change.sealed)) {
      const made = this.#make(change.intent)
      if (made === null || made instanceof Error) return this.#finish(change, made)
      change.sealed = made
    }
    this.#isWaiting = this.#options.send({ type: 'push', envelopes: [change.sealed.envelope] })
  }

  /** A record that would count, `null` for nothing to do, or why it cannot be. */
  #make(intent: Intent): Sealed | Error | null {
    const { membership, seen } = this.#options
    try {
      const fields = intent(membership.members, new RecordTools(membership, wallClock()))
      if (fields === null) return null
      const sealed = sealRecord(membership, membership.device, fields, seen())
      const refusal = membership.judge(sealed.envelope)
      return refusal === null ? sealed : refusedError(refusal)
    } catch (error) {
      return error instanceof Error ? error : new SyncError('CHANGE_FAILED', 'the change of members threw no error')
    }
  }

  #isUpToDate({ envelope }: Sealed): boolean {
    const recordPrev = envelope.sealed.subarray(1, 33)
    return equalBytes(recordPrev, this.#options.membership.recordHead)
  }

  #notice(placed: MemberRecord): void {
    const change = this.#changes[0]
    if (change?.sealed && equalBytes(placed.record.id, change.sealed.id)) change.placed = placed
  }

  /** Somebody was faster: their record is here already, or follows. */
  #awaitRecord(change: Change, sealed: Sealed): void {
    if (!this.#isUpToDate(sealed)) return this.#anew(change)
    change.isStale = true
    this.#after(Math.max(RECORD_PATIENCE_MS, change.patience.next()), () => this.#options.reopen())
  }

  #anew(change: Change): void {
    change.sealed = null
    change.isStale = false
    this.#next()
  }

  #finish(change: Change, result: MemberRecord | Error | null): void {
    if (this.#changes[0] !== change) return
    this.#changes.shift()
    this.#stopTimer()
    if (result instanceof Error) change.reject(result)
    else change.resolve(result)
    const wasWaiting = this.#isWaiting
    this.#isWaiting = false
    this.#next()
    if (wasWaiting && !this.#isWaiting) this.#options.onAnswered()
  }

  #sealedIn(session: Bytes): Sealed | null {
    const sealed = this.#changes[0]?.sealed ?? null
    return sealed !== null && equalBytes(sealed.envelope.session, session) ? sealed : null
  }

  #after(delayMs: number, callback: () => void): void {
    this.#stopTimer()
    this.#timer = startTimer(delayMs, callback)
  }

  #stopTimer(): void {
    this.#timer?.()
    this.#timer = null
  }
}

/** What the app is told where a record would not count. [KM17] */
function refusedError(refusal: RecordRefusal): SyncError {
  switch (refusal) {
    case 'last-admin':
      return new SyncError('LAST_ADMIN', 'a document keeps an admin: make somebody else one first, or delete it')
    case 'not-allowed':
    case 'stranger':
      return new SyncError('FORBIDDEN', 'the role of this device does not allow that change')
    case 'too-many':
      return new SyncError('TOO_MANY_MEMBERS', 'a document has at most 1 000 devices and links')
    case 'known-device':
      return new SyncError('ALREADY_A_MEMBER', 'that device or link is there already')
    case 'unknown-device':
      return new SyncError('UNKNOWN_MEMBER', 'no member has that device')
    case 'unknown-link':
      return new SyncError('UNKNOWN_LINK', 'that link is not live')
    default:
      return new SyncError('RECORD_REFUSED', `the change of members would not count (${refusal})`)
  }
}
