/**
 * From local edits to acknowledged entries: merges, binds client ids, seals in order, keeps what is not acknowledged and sends it again
 * until it is. Nothing leaves that another client would have to refuse. Rules CL5, CL6, FR9, LO8.
 *
 * @module
 */
import {
  encodeBind,
  equalBytes,
  isAtLeast,
  KIND,
  refusalOf,
  REFUSALS,
  type AckFrame,
  type Bytes,
  type ClientFrame,
  type Envelope,
  type NackFrame,
} from '@y-sealed/protocol'
import { Session, type Device } from '@y-sealed/protocol/sealing'
import type * as Y from 'yjs'
import type { DocumentAccess } from '../document/document-access.ts'
import type { DocumentLog, LogEntry, LogOutcome } from '../log/document-log.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { monotonicClock, startTimer, type Cancel } from '../platform.ts'
import { cutUpdate } from './cut-update.ts'
import { OutboxKeeper } from './outbox-keeper.ts'
import { restoreQueue } from './restore-queue.ts'
import { SendBrake } from './send-brake.ts'
import type { SendProblem } from './send-problem.ts'
import { SendQueue, type QueuedEntry } from './send-queue.ts'
import { UnsealedEdits } from './unsealed-edits.ts'

/** Edits within this time of one that left are merged with each other. [CL5] */
export const MERGE_WINDOW_MS = 30
const GAP_RETRY_MS = 250
/** The record of a new epoch follows the refusal at once; if it has not, the document is opened again. [FR20] */
const EPOCH_PATIENCE_MS = 2_000

export interface SenderOptions {
  readonly doc: Y.Doc
  readonly access: DocumentAccess
  readonly device: Device
  readonly log: DocumentLog
  readonly outbox: Outbox
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  readonly reopen: () => void
  /** Asks for a new token, since the old one may be of a time when the device might do less; false where it would change nothing. */
  readonly refresh: () => boolean
  /** The number of unsaved edits changed, or a binding came into force. */
  readonly onChange: () => void
  readonly onProblem: (problem: SendProblem) => void
  /** Resolves when what was taken from the log so far would survive a crash: only then may the outbox forget it. [CL13] */
  readonly whenKept: () => Promise<void>
}

export class Sender {
  readonly #options: SenderOptions
  #session: Session
  readonly #edits: UnsealedEdits
  /** Sealed and not yet in the log, in order. */
  readonly #queue = new SendQueue()
  /** Never to be sent, but perhaps in the log. */
  #fragments: readonly QueuedEntry[] = []
  readonly #askedClients = new Set<number>()
  #ready = false
  #lastSealedAt = -Infinity
  #mergeTimer: Cancel | null = null
  readonly #brake: SendBrake
  readonly #keeper: OutboxKeeper

  constructor(options: SenderOptions) {
    this.#options = options
    this.#session = new Session(options.access.documentId, options.device)
    this.#brake = new SendBrake(options.refresh)
    this.#keeper = new OutboxKeeper({
      outbox: options.outbox,
      oldest: (session) => this.#queue.firstCounter(session),
      onProblem: options.onProblem,
      whenKept: options.whenKept,
    })
    this.#edits = new UnsealedEdits({
      doc: options.doc,
      device: options.device.id,
      state: () => options.log.state,
      bind: (clients) => this.#bindAll(clients),
      onProblem: options.onProblem,
    })
  }

  get session(): Session {
    return this.#session
  }

  /** Local edits that are not both acknowledged and counted. [CL6] */
  get unsaved(): number {
    return this.#edits.count + this.#queue.edits
  }

  /** Takes back what an earlier run sealed and did not see acknowledged. Call once, before {@link opened}. */
  async restore(): Promise<void> {
    const { outbox, access } = this.#options
    const { entries, fragments, damaged } = restoreQueue(await outbox.list(access.documentId), access)
    for (const entry of entries) this.#queue.add(entry)
    this.#fragments = fragments
    if (damaged + fragments.length === 0) return
    const which = damaged > 0 ? 'an entry of the outbox does not open' : 'a large edit of the outbox is not whole'
    this.#options.onProblem({ code: 'OUTBOX_DAMAGED', message: `${which} and is left there` })
  }

  /** Takes a local edit (Yjs V2). The first after a pause leaves at once, those that follow within 30 ms together. */
  take(update: Bytes): void {
    this.#edits.take(update)
    this.#options.onChange()
    if (!this.#ready || this.#mergeTimer !== null) return
    const wait = this.#lastSealedAt + MERGE_WINDOW_MS - monotonicClock()
    if (wait <= 0) this.flush()
    else this.#mergeTimer = startTimer(wait, () => this.flush())
  }

  /** Learns that the document changed while nothing may leave: should that ever change, the difference is found by comparing. */
  skip(update: Bytes): void {
    if (this.#edits.skip(update)) this.#options.onChange()
  }

  /** The log is read up to the relay's head and the device may write: everything that waits leaves. */
  opened(): void {
    this.#ready = true
    this.#edits.gather()
    this.#brake.allowed()
    this.#brake.release()
    this.#queue.rewind()
    this.rekey()
  }

  /**
   * The log has come further, and with it perhaps another epoch: what was sealed under the one before, and did not come into the log, goes
   * out sealed anew, as soon as there is a key to seal under. [CL10] [KM18]
   */
  rekey(): void {
    const { current } = this.#options.access
    if (!this.#ready || current === null || !this.#options.log.isOpen(current.epoch)) return
    if (this.#queue.has((envelope) => this.#isOutlived(envelope))) this.#reseal()
    this.flush()
    this.#pump()
  }

  /** The socket is gone, or may not be written to. What was sent may have arrived: it is sent again. */
  closed(): void {
    this.#ready = false
    this.#clearTimers()
  }

  /** Asks for `client` to be bound to this device. True when it is. [CL2] */
  ensureBound(client: number): boolean {
    const { log, device } = this.#options
    const owner = log.state.deviceOf(client)
    if (owner !== null) return equalBytes(owner, device.id) && this.#isIntroduced()
    if (this.#maySeal() && !this.#askedClients.has(client)) {
      this.#sealBind(client)
      this.#pump()
    }
    return false
  }

  /** Seals everything taken so far, if the log allows it now. */
  flush(): void {
    this.#mergeTimer?.()
    this.#mergeTimer = null
    if (!this.#maySeal() || this.#edits.isEmpty) return
    const released = this.#edits.release()
    // It may have turned out that there was nothing new in them.
    if (released === null) return this.#options.onChange()
    const { edits } = released
    this.#lastSealedAt = monotonicClock()
    for (const { kind, content, part } of cutUpdate(released)) {
      const isLast = part === null || part.index === part.count - 1
      this.#seal(kind, content, isLast ? edits : 0, part)
    }
    this.#pump()
  }

  /** Entries of ours that are in the log by the relay's word, for it to take. [FR8] */
  acknowledge(ack: AckFrame): LogEntry[] {
    const through = ack.counter + ack.count - 1
    const entries = this.#queue.acknowledge(ack.session, ack.counter, through)
    this.#brake.stored()
    this.#pump()
    return entries.map(({ envelope, content }) => ({
      seq: ack.seq + envelope.counter - ack.counter,
      envelope,
      content,
    }))
  }

  /** The queued entry that this envelope of the log is, byte for byte; `null` for everybody else's. */
  find(envelope: Envelope): QueuedEntry | null {
    if (!equalBytes(envelope.device, this.#options.device.id)) return null
    const isSame = (entry: QueuedEntry): boolean => equalBytes(entry.envelope.bytes, envelope.bytes)
    return this.#queue.find(envelope) ?? this.#fragments.find(isSame) ?? null
  }

  /** Learns what became of an entry of ours. */
  notice(outcome: LogOutcome, entry: QueuedEntry): void {
    // Where its epoch was over it is not saved, and is to be sealed anew: until then it stays where it is. [CL10]
    if (outcome.kind === 'refused' && outcome.reason === 'epoch' && this.#queue.holdsUpTo(entry)) return
    // The log has it, be it by an ACK or, after a reconnect, before one: only now may it be forgotten.
    this.#queue.remove(entry)
    this.#keeper.forget([entry.envelope, ...entry.copies])
    if (outcome.kind === 'bind') this.#askedClients.delete(outcome.client)
    if (outcome.kind === 'refused') this.#takeBack(outcome.reason, entry.edits)
    this.#options.onChange()
    if (!this.#edits.isEmpty && this.#mergeTimer === null) this.flush()
  }

  /** The relay refused a PUSH of ours. [FR20] */
  refuse(nack: NackFrame): void {
    if (!equalBytes(nack.session, this.#session.id) && this.#queue.oldestCounter(nack.session) === null) return
    const code = refusalOf(nack.code)
    if (code === null)
      return this.#stop(nack, {
        code: `NACK_${nack.code}`,
        message: 'the relay refused the edit for a reason this version does not know',
      })
    if (code === 'COUNTER_GAP') return this.#brake.repeat(() => this.#closeGap(nack))
    if (code === 'NOT_OPEN') return this.#brake.repeat(this.#options.reopen)
    if (code === 'EPOCH_STALE') return this.#awaitEpoch(nack)
    if (code === 'FORBIDDEN' && this.#awaitToken(nack)) return
    switch (REFUSALS[code].retry) {
      case 'reseal':
        return this.#brake.repeat(() => this.#reseal())
      case 'after':
        return this.#pause(nack.session, nack.counter, Math.max(GAP_RETRY_MS, nack.retryAfterMs))
      case 'once':
      case 'never':
        return this.#stop(nack, { code, message: REFUSALS[code].meaning })
    }
  }

  /** A new token is in force: what the old one did not allow goes out once more. */
  refreshed(): void {
    if (!this.#brake.refreshed()) return
    this.#pump()
  }

  destroy(): void {
    this.#ready = false
    this.#clearTimers()
  }

  /** In `shared-key` mode nothing of a session counts before its first bind does. [KM15] */
  #isIntroduced(): boolean {
    const { log, device } = this.#options
    return isAtLeast(log.authority.roleAt(device.id, this.#session.id, log.head.seq + 1), 'writer')
  }

  /** There is a key under which the next entry of the log would count. */
  #maySeal(): boolean {
    const { access, log } = this.#options
    return this.#ready && access.current !== null && log.isOpen(access.current.epoch)
  }

  /** Its epoch is over, and it is not in the log. */
  #isOutlived(envelope: Envelope): boolean {
    const { access, log } = this.#options
    return envelope.epoch !== access.current?.epoch && !log.isPending(envelope)
  }

  #awaitToken({ session, counter }: NackFrame): boolean {
    // It is known by now that nothing may leave: all of it goes out again when it may.
    if (!this.#ready) return true
    if (!this.#brake.holdForToken()) return false
    this.#queue.retry(session, counter)
    return true
  }

  /** Sealed under an epoch that is over: anew as soon as the log has the record that says so. [FR20] */
  #awaitEpoch({ session, counter }: NackFrame): void {
    const { access, reopen } = this.#options
    const isBehind = ({ epoch, session: other }: Envelope): boolean =>
      epoch === access.current?.epoch && equalBytes(other, session)
    if (this.#queue.has(isBehind)) this.#brake.holdFor(EPOCH_PATIENCE_MS, reopen)
    this.#queue.retry(session, counter)
    this.rekey()
  }

  #bindAll(clients: readonly number[]): boolean {
    const { log, device } = this.#options
    let bound = true
    for (const client of clients) {
      const owner = log.state.deviceOf(client)
      if (owner !== null && !equalBytes(owner, device.id)) {
        this.#options.onProblem({
          code: 'CLIENT_ID_TAKEN',
          message: 'an edit bears a Yjs client id of another device and stays here',
        })
        return false
      }
      bound = this.ensureBound(client) && bound
    }
    if (bound && !this.#isIntroduced()) {
      this.#sealBind(this.#options.doc.clientID)
      this.#pump()
      return false
    }
    return bound
  }

  #sealBind(client: number): void {
    const { access, device } = this.#options
    if (this.#askedClients.has(client)) return
    this.#askedClients.add(client)
    const introduction = this.#session.counter === 0 ? access.introduce(device, this.#session.id) : null
    this.#seal(KIND.bind, encodeBind({ clientId: client, introduction }), 0)
  }

  #seal(kind: 1 | 2 | 3, content: Bytes, edits: number, part: QueuedEntry['part'] = null, restored = false): void {
    const { access, log } = this.#options
    if (access.current === null) throw new RangeError('nothing may be sealed now')
    const { envelope } = this.#session.sealEntry(kind, content, access.current, log.head)
    this.#queue.add({ envelope, content, edits, part, restored, copies: [] })
    this.#keeper.put(envelope)
  }

  #pump(): void {
    if (this.#maySeal() && !this.#brake.isOn) this.#queue.pump(this.#options.send)
  }

  #closeGap(nack: NackFrame): void {
    const oldest = this.#queue.oldestCounter(nack.session)
    if (oldest !== null && nack.detail < oldest) return this.#reseal()
    this.#pause(nack.session, nack.detail, GAP_RETRY_MS)
  }

  /** A new session for everything not acknowledged: no counter is ever used twice. [LO8] */
  #reseal(): void {
    // What is refused while nothing may be sealed waits for the epoch under which it may.
    if (!this.#maySeal()) return
    const { access, device, log } = this.#options
    const old = this.#queue.drain(
      (envelope) => this.#isOutlived(envelope),
      (envelope) => log.isPending(envelope),
    )
    this.#askedClients.clear()
    this.#session = new Session(access.documentId, device)
    if (access.introduce(device, this.#session.id) !== null) this.#sealBind(this.#options.doc.clientID)
    for (const { envelope, content, edits, part, restored } of old) {
      const { kind } = envelope
      if (kind === KIND.update || kind === KIND.part) this.#seal(kind, content, edits, part, restored)
    }
    this.#keeper.replace(old.flatMap(({ envelope, copies }) => [envelope, ...copies]))
    this.#brake.release()
    this.#pump()
    // What waited for a bind that was refused asks for it again.
    this.flush()
  }

  /** An edit that does not count is not saved: it is found again by comparing, with the next edit or at the next opening. */
  #takeBack(reason: string, edits: number): void {
    this.#edits.takeBack(edits)
    this.#options.onProblem({
      code: 'NOT_COUNTED',
      message: `the log does not count an edit of this device (${reason})`,
    })
  }

  #pause(session: Bytes, from: number, ms: number): void {
    this.#queue.retry(session, from)
    this.#brake.holdFor(ms, () => {
      this.#brake.release()
      this.#pump()
    })
  }

  #stop({ session, counter }: NackFrame, problem: SendProblem): void {
    this.#brake.hold()
    this.#queue.retry(session, counter)
    this.#options.onProblem(problem)
  }

  #clearTimers(): void {
    this.#mergeTimer?.()
    this.#mergeTimer = null
    this.#brake.release()
  }
}
