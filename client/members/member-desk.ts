/**
 * Where records come in and go out while a members document is open: those of RECORDS are taken, changes are made, a closed epoch is
 * followed by the next, and keys that are missing are reported once. Rules KM6, KM16, KM18, CL10, CL11.
 *
 * @module
 */
import {
  isAtLeast,
  SyncError,
  type AckFrame,
  type ClientFrame,
  type NackFrame,
  type RecordsFrame,
} from '@y-sealed/protocol'
import type { Seen } from '@y-sealed/protocol/sealing'
import type { LogEntry } from '../log/document-log.ts'
import { chance, startTimer, type Cancel } from '../platform.ts'
import type { Emit } from '../provider/provider-events.ts'
import type { MemberRecord, Membership } from './membership.ts'
import { RecordAuthor } from './record-author.ts'
import type { Intent } from './record-tools.ts'

/** All who may open the next epoch wait for a part of this: one will do. */
const OPENING_JITTER_MS = 300
const KEYLESS_PATIENCE_MS = 3_000
/** After the KeyStore could not be written. */
const STORE_RETRY_MS = 5_000

/** What the records cannot be. */
export type RecordMismatch = 'GENESIS_CONFLICT' | 'ROLLBACK' | 'LOG_INVALID'

export interface MemberDeskOptions {
  readonly membership: Membership
  /** What this device has verified. */
  readonly seen: () => Seen
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  readonly reopen: () => void
  /** Asks for a new token; {@link MemberDesk.refreshed} says that it is there. */
  readonly refresh: () => void
  /** Does the token allow to change others? */
  readonly mayChange: () => boolean
  readonly onMismatch: (code: RecordMismatch) => void
  /** What waited behind a record may leave. */
  readonly onAnswered: () => void
  /** The KeyStore has what the newest records brought: a new epoch's key may be used. */
  readonly onStored: () => void
  readonly emit: Emit
}

export class MemberDesk {
  readonly membership: Membership
  readonly #options: MemberDeskOptions
  readonly #author: RecordAuthor
  readonly #unsubscribe: () => void
  #isOpen = false
  #isOver = false
  #opening: Cancel | null = null
  #storing: Cancel | null = null
  #lastMissing = ''

  constructor(options: MemberDeskOptions) {
    this.#options = options
    this.membership = options.membership
    this.#author = new RecordAuthor(options)
    // Asked when all that comes with it is taken, so that it is stored once.
    this.#unsubscribe = options.membership.subscribe(() =>
      queueMicrotask(() => this.#watchStore(this.membership.whenStored())),
    )
  }

  /** A record is on its way. */
  get isWaiting(): boolean {
    return this.#author.isWaiting
  }

  /** {@link RecordAuthor.change}. */
  change(intent: Intent): Promise<MemberRecord | null> {
    return this.#isOver ? Promise.reject(destroyed()) : this.#author.change(intent)
  }

  /** RECORDS, ahead of the entries. [FR5] */
  take({ records, more }: RecordsFrame): void {
    try {
      const refused = this.membership.takeRecords(records, this.#options.seen().seq)
      for (const { seq, reason } of refused) {
        this.#options.emit('integrity', [
          { code: 'ENTRY_REFUSED', seq, reason: 'record', record: reason, fatal: false },
        ])
      }
      if (!more) this.membership.checkPin()
    } catch (error) {
      return this.#options.onMismatch(mismatchOf(error))
    }
    if (!more) this.#author.advance()
  }

  /** The log is read up to the relay's head: all records are known. False when they cannot be this document's. */
  opened(): boolean {
    try {
      this.membership.checkPin()
    } catch (error) {
      this.#options.onMismatch(mismatchOf(error))
      return false
    }
    this.#isOpen = true
    this.#reportMissing()
    this.#author.opened()
    this.#openEpoch()
    return true
  }

  /** Entries were taken, records among them perhaps. */
  advance(): void {
    this.#author.advance()
    if (!this.#isOpen) return
    this.#reportMissing()
    this.#openEpoch()
  }

  /** A new token is in force. */
  refreshed(): void {
    this.#author.refreshed()
  }

  closed(): void {
    this.#isOpen = false
    this.#opening?.()
    this.#opening = null
    this.#author.closed()
  }

  /** {@link RecordAuthor.acknowledge}. */
  acknowledge(ack: AckFrame): LogEntry | null {
    return this.#author.acknowledge(ack)
  }

  /** {@link RecordAuthor.refuse}. */
  refuse(nack: NackFrame): boolean {
    return this.#author.refuse(nack)
  }

  /** Nothing will be changed any more; whoever waits is told why. */
  end(code: string, message: string): void {
    this.closed()
    this.#author.end(new SyncError(code, message))
  }

  /** Whoever waits for a change is told `OFFLINE`. */
  destroy(): void {
    const { code, message } = destroyed()
    this.end(code, message)
    this.#unsubscribe()
    this.#isOver = true
    this.#storing?.()
    this.#author.destroy()
  }

  /** Who left must not have chosen the key of those who stay: the first of them who is here opens the next epoch. [KM18] */
  #openEpoch(): void {
    if (this.#opening !== null || !this.#mayOpenEpoch()) return
    // Whoever was not given the key of the closed one cannot lead back to it: others first.
    const patienceMs = this.membership.epochKey === null ? KEYLESS_PATIENCE_MS : 0
    this.#opening = startTimer(patienceMs + chance() * OPENING_JITTER_MS, () => void this.#makeEpoch())
  }

  async #makeEpoch(): Promise<void> {
    try {
      if (this.#mayOpenEpoch()) await this.#author.change(openNextEpoch)
    } catch {
      // What refuses it will refuse the next edit as well, and is told then.
    } finally {
      this.#opening = null
    }
  }

  #mayOpenEpoch(): boolean {
    const { isClosed, role } = this.membership
    return isClosed && isAtLeast(role, 'writer')
  }

  #reportMissing(): void {
    const missing = this.membership.missingEpochs
    const text = missing.join()
    if (text === this.#lastMissing) return
    this.#lastMissing = text
    const message = `no usable key for epochs ${missing.join(', ')}: a member has to give it again`
    if (missing.length > 0) this.#options.emit('problem', [{ code: 'KEY_MISSING', message }])
  }

  #watchStore(stored: Promise<void>): void {
    stored.then(
      () => {
        if (!this.#isOver) this.#options.onStored()
      },
      (error: unknown) => this.#storeLater(error),
    )
  }

  /** Nothing is sealed under a key that is not stored: it is tried again, once for all that failed. [KM19] */
  #storeLater(error: unknown): void {
    if (this.#isOver || this.#storing !== null) return
    this.#options.emit('connection-error', [error])
    const message = 'the key store could not be written: until it can, nothing is sealed under a new key'
    this.#options.emit('problem', [{ code: 'KEYS_NOT_STORED', message }])
    this.#storing = startTimer(STORE_RETRY_MS, () => {
      this.#storing = null
      this.#watchStore(this.membership.storeAgain())
    })
  }
}

/** Nothing to do where somebody was faster. */
const openNextEpoch: Intent = (members, tools) =>
  members.epoch.closedAt === null ? null : { type: 'epoch', rotation: tools.createRotation({ links: members.links }) }

function destroyed(): SyncError {
  return new SyncError('OFFLINE', 'the provider was destroyed before the members were changed')
}

function mismatchOf(error: unknown): RecordMismatch {
  if (!(error instanceof SyncError)) throw error
  return error.code === 'ROLLBACK' || error.code === 'GENESIS_CONFLICT' ? error.code : 'LOG_INVALID'
}
