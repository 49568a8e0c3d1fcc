/**
 * Where snapshots come in and go out while a document is open: made when it is this device's turn, looked after when others made them, kept so
 * that its store need not keep what lies before. Rules LO10–LO13, CL40.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  decodePublication,
  equalBytes,
  type AckFrame,
  type ClientFrame,
  type NackFrame,
  type OpenedFrame,
  type SnapshotTakenFrame,
} from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { DocumentLog, LogEntry, LogOutcome } from '../log/document-log.ts'
import type { Emit } from '../provider/provider-events.ts'
import type { DocumentStore } from '../stores/document-store.ts'
import { Attester } from './attester.ts'
import { Errand } from './errand.ts'
import { LostSnapshot } from './lost-snapshot.ts'
import { SNAPSHOT_PACE, type Compaction, type SnapshotPace } from './pace.ts'
import { Publisher } from './publisher.ts'
import { Shelver } from './shelver.ts'
import type { SnapshotTools } from './tools.ts'
import { Workbench } from './workbench.ts'

export interface SnapshotDeskOptions {
  readonly access: DocumentAccess
  readonly device: Device
  readonly log: DocumentLog
  readonly store: DocumentStore
  /** Resolves when what was verified so far is in the store. */
  readonly whenKept: () => Promise<void>
  /** The Yjs client of this run. */
  readonly clientId: () => number
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  /** Edits of this device wait to be sent. */
  readonly isBusy: () => boolean
  /** Role and token allow to publish and to attest. */
  readonly mayWrite: () => boolean
  /** What others vouch for goes from the store; default true. */
  readonly trims?: boolean
  readonly compaction?: Compaction
  readonly pace?: Partial<SnapshotPace>
  readonly emit: Emit
  /** The store could not be read or written. */
  readonly onTrouble: (error: unknown) => void
}

export class SnapshotDesk {
  readonly #options: SnapshotDeskOptions
  readonly #errand: Errand
  readonly #bench: Workbench
  readonly #publisher: Publisher
  readonly #attester: Attester
  readonly #lost = new LostSnapshot()
  /** `null` where all of the log is kept. */
  readonly #shelver: Shelver | null
  readonly #whenLive = new Set<() => void>()
  #isLive = false
  #isOver = false
  /** Up to here others vouch for the log. */
  #attestedSeq = 0
  #isTrimming = false

  constructor(options: SnapshotDeskOptions) {
    this.#options = options
    this.#errand = new Errand(options)
    this.#bench = new Workbench(options)
    const tools: SnapshotTools = {
      ...options,
      bench: this.#bench,
      errand: this.#errand,
      compaction: options.compaction ?? 'soon',
      pace: { ...SNAPSHOT_PACE, ...options.pace },
      mayWrite: () => this.#isLive && options.mayWrite(),
      whenLive: () => this.#untilLive(),
      isOver: () => this.#isOver,
    }
    this.#publisher = new Publisher(tools)
    this.#attester = new Attester(tools)
    this.#shelver = options.trims === false ? null : new Shelver(tools, () => this.#trim())
  }

  /** OPENED has come: history is read next. */
  named(frame: OpenedFrame): void {
    this.#lost.named(frame)
  }

  /** History is read on this opening. */
  opened(): void {
    this.#isLive = true
    for (const resolve of this.#whenLive) resolve()
    this.#whenLive.clear()
    this.#attester.opened()
    if (this.#options.mayWrite() && this.#lost.isToReplace(this.#options.log.snapshots)) this.#publisher.replace()
    this.#trim()
    this.#shelver?.look()
  }

  /** Nothing may leave until the document has been opened again. */
  closed(): void {
    this.#isLive = false
    this.#errand.closed()
    this.#publisher.closed()
  }

  destroy(): void {
    this.#isOver = true
    this.closed()
    this.#publisher.destroy()
    this.#attester.destroy()
    this.#shelver?.destroy()
    for (const resolve of this.#whenLive) resolve()
  }

  /** Entries of its own that are in the log by the relay's word, for it to take; `null` for those of edits, whose author may be elected. */
  acknowledge(ack: AckFrame): LogEntry[] | null {
    const entries = this.#errand.acknowledge(ack)
    if (entries === null) this.#publisher.hint(ack.compaction)
    return entries
  }

  /** False for what was refused of somebody else. */
  refuse(nack: NackFrame): boolean {
    if (nack.refused === CLIENT_FRAME['put-snapshot']) this.#publisher.refuse(nack)
    else return nack.refused === CLIENT_FRAME.push && this.#errand.refuse(nack)
    return true
  }

  taken(frame: SnapshotTakenFrame): void {
    this.#publisher.taken(frame)
  }

  /** Entries are decided, in log order, from the store or from the relay. */
  note(outcomes: readonly LogOutcome[]): void {
    for (const outcome of outcomes) this.#note(outcome)
  }

  #note(outcome: LogOutcome): void {
    const { device, emit } = this.#options
    const { envelope, seq, kind } = outcome
    this.#publisher.grew(seq, envelope.bytes.length)
    this.#lost.note(outcome)
    this.#shelver?.note(outcome)
    if (kind === 'published') {
      const body = decodePublication(envelope.sealed)
      if (body.ok) this.#publisher.published(body.value.seq, body.value.snapshotBytes)
      this.#attester.published(outcome)
    } else if (kind === 'attested') {
      const { snapshot, verdict } = outcome
      if (snapshot.standing === 'attested') this.#attestedSeq = Math.max(this.#attestedSeq, snapshot.seq)
      if (verdict === 'different') {
        const authors = [snapshot.device, envelope.device].map((id) => id.slice())
        emit('integrity', [{ code: 'SNAPSHOT_MISMATCH', seq, authors, fatal: false }])
      }
      if (!this.#isLive) return
      this.#trim()
      this.#shelver?.look()
    } else if ((kind === 'update' || kind === 'quoted') && !equalBytes(envelope.device, device.id)) {
      this.#publisher.othersWrote()
    }
  }

  /** What others vouch for need not be kept entry by entry. */
  #trim(): void {
    if (this.#options.trims === false || this.#isTrimming || this.#attestedSeq === 0) return
    this.#isTrimming = true
    this.#bench
      .trim(this.#attestedSeq)
      .catch((error: unknown) => this.#options.onTrouble(error))
      .finally(() => (this.#isTrimming = false))
  }

  #untilLive(): Promise<void> {
    if (this.#isLive || this.#isOver) return Promise.resolve()
    return new Promise((resolve) => this.#whenLive.add(resolve))
  }
}
