/**
 * Follows the relay's log: takes entries without a gap, asks for those that are missing, and holds every head that the relay signs
 * against its own. It stops at the first that does not fit. Rules FR5–FR8, LO4, LO6.
 *
 * @module
 */
import { equalBytes, SyncError, verifySignedHead, type Bytes, type OpenedFrame, type SignedHead } from '@y-sealed/protocol'
import type { DocumentLog, LogEntry, LogOutcome } from './document-log.ts'
import { Sequencer } from './sequencer.ts'

/** Why the relay's log cannot be that of this document as this device knows it. [LO6] */
export type LogMismatch = 'ROLLBACK' | 'FORK' | 'LOG_INVALID' | 'BAD_HEAD'

export interface FollowerOptions {
  readonly documentId: Bytes
  readonly log: DocumentLog
  readonly headKey: () => Bytes | null
  /** Asks for entries after a seq; false when it could not be sent. */
  readonly read: (after: number) => boolean
  /** Entries that are decided now, in log order. */
  readonly onOutcomes: (outcomes: readonly LogOutcome[]) => void
  /** The log has reached the head of OPENED, and nothing waits. */
  readonly onCaughtUp: () => void
  readonly onMismatch: (code: LogMismatch, seq: number) => void
  /** Everything after this seq waits for a signature. [EN13] */
  readonly onWaiting: (seq: number) => void
}

export class LogFollower {
  readonly #options: FollowerOptions
  readonly #sequencer = new Sequencer()
  #target: SignedHead | null = null
  #newestHead: SignedHead | null = null
  #reading = false
  #stopped = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** The newest head that the relay signed and that fits. */
  get signedHead(): SignedHead | null {
    return this.#newestHead
  }

  /** A socket opened the document: its head is where history ends and live begins. */
  opened(frame: OpenedFrame): void {
    this.closed()
    const { log } = this.#options
    const { seq } = log.head
    if (!frame.present) return seq > 0 ? this.#stop('ROLLBACK', 0) : undefined
    if (!this.#isSigned(frame.head)) return this.#stop('BAD_HEAD', frame.head.seq)
    if (frame.head.seq < seq) return this.#stop('ROLLBACK', frame.head.seq)
    if (frame.through < seq || this.#contradicts(frame.head)) return this.#stop('FORK', seq)
    this.#target = frame.head
    this.#newestHead = frame.head
    this.#advance()
  }

  /** The socket is gone: what lies ahead of a gap will be read again. */
  closed(): void {
    this.#target = null
    this.#reading = false
    this.#sequencer.clear()
  }

  offer(entries: readonly LogEntry[]): void {
    this.#sequencer.offer(entries, this.#options.log.head.seq)
    this.#advance()
  }

  /** READ was answered, or refused. */
  readDone(): void {
    this.#reading = false
    this.#advance()
  }

  /** A head that the relay signed, shown by the relay or by somebody else's presence. Two for one seq prove a fork. [LO4] */
  learnHead(head: SignedHead, from: 'relay' | 'peer'): void {
    const signed = this.#isSigned(head)
    if (!signed && from === 'relay') return this.#stop('BAD_HEAD', head.seq)
    if (!signed) return
    if (this.#contradicts(head)) return this.#stop('FORK', head.seq)
    if (from === 'relay') this.#newestHead = head
  }

  #advance(): void {
    if (this.#stopped || !this.#takeRun()) return
    const target = this.#target
    if (target === null) return
    const { log, read, onCaughtUp, onWaiting } = this.#options
    if (log.waitingAt !== null) onWaiting(log.waitingAt)
    if (log.head.seq < target.seq || this.#sequencer.hasGap) {
      this.#reading ||= read(log.head.seq)
    } else if (log.waitingAt === null) onCaughtUp()
  }

  /** The relay's head is compared at its own place, before anything after it is taken. */
  #takeRun(): boolean {
    const { log } = this.#options
    const run = this.#sequencer.take(log.head.seq)
    const target = this.#target
    const cut = target === null || target.seq <= log.head.seq ? 0 : Math.min(run.length, target.seq - log.head.seq)
    for (const part of [run.slice(0, cut), run.slice(cut)]) {
      if (part.length > 0 && !this.#take(part)) return false
      if (target !== null && log.head.seq === target.seq && !equalBytes(log.head.transcript, target.transcript)) {
        this.#stop('FORK', target.seq)
        return false
      }
    }
    return true
  }

  #take(entries: readonly LogEntry[]): boolean {
    try {
      this.#options.onOutcomes(this.#options.log.take(entries))
      return true
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      this.#stop('LOG_INVALID', this.#options.log.head.seq)
      return false
    }
  }

  #isSigned(head: SignedHead): boolean {
    const headKey = this.#options.headKey()
    return headKey !== null && verifySignedHead(this.#options.documentId, head, headKey)
  }

  #contradicts(head: SignedHead): boolean {
    return this.#options.log.compareTranscript(head.seq, head.transcript) === 'different'
  }

  #stop(code: LogMismatch, seq: number): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#options.onMismatch(code, seq)
  }
}
