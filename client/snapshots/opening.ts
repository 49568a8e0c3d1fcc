/**
 * Opening a document from a snapshot, where the log before it is long or gone: fetched, opened, read on from as a trial, and shown only when
 * the log after it vouches for it. What does not hold is passed over for another, or for the log. Rules CL41, FR5, LO11, LO15.
 *
 * @module
 */
import {
  bytesToHex,
  CLIENT_FRAME,
  decodePublication,
  equalBytes,
  isZero,
  KIND,
  readPublication,
  refusalOf,
  type Bytes,
  type ClientFrame,
  type EntriesFrame,
  type Envelope,
  type IdsFrame,
  type NackFrame,
  type OpenedFrame,
  type ReadDoneFrame,
  type SessionHead,
  type SnapshotChunkFrame,
} from '@y-sealed/protocol'
import type { Seen } from '@y-sealed/protocol/sealing'
import { watchAnswer, type AskForSign } from '../connection/answer-watch.ts'
import type { DocumentAccess } from '../document/document-access.ts'
import type { History } from '../log/history.ts'
import { startTimer, type Cancel } from '../platform.ts'
import type { Emit } from '../provider/provider-events.ts'
import { SnapshotFetch } from './fetch.ts'
import { isSnapshotOf, openSnapshot } from './opened-snapshot.ts'
import { TrimProof, type ProofResult } from './trim-proof.ts'

const READ_BYTES = 262_144
/** What was spoilt on its way is asked for again so often: a snapshot, and the marks that lead to it. [CL30] */
const MAX_AGAIN = 3
/** A relay that refuses without a wait is not asked without end. */
const LEAST_PAUSE_MS = 250

export interface OpeningOptions {
  readonly access: DocumentAccess
  readonly history: History
  readonly deviceId: Bytes
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  readonly askForSign: AskForSign
  readonly reopen: () => void
  /** All records up to OPENED are known, so that a snapshot's can be compared. */
  readonly hasRecords: () => boolean
  /** There is no way into the relay's log, by anything that it has handed over. */
  readonly onMismatch: (code: 'LOG_INVALID', seq: number) => void
  /** It is not the one that this device has verified, and parts from it where nothing can be compared any more. */
  readonly onForked: (seq: number) => void
  readonly emit: Emit
}

/** Which snapshot might do, and up to where it is said to go. */
interface Candidate {
  readonly id: Bytes
  readonly seq: number
}

/**
 * `log`: the relay's log is read as it comes. `choosing`: what comes inline decides. `fetching`, `waiting` (for records), `trying`: a
 * snapshot. `scouting`: the publications in what is left of the log are looked for.
 */
type Stage = 'log' | 'choosing' | 'fetching' | 'waiting' | 'trying' | 'scouting'

export class SnapshotOpening {
  readonly #options: OpeningOptions
  /** By hex of the id: did not hold in this run. */
  readonly #refused = new Set<string>()
  /** Named by publications that were seen, whether they count or not. */
  readonly #known = new Map<string, Candidate>()
  #stage: Stage = 'log'
  #candidate: Candidate | null = null
  #fetch: SnapshotFetch | null = null
  #bytes: Bytes | null = null
  #proof: TrimProof | null = null
  /** From where the marks have to lead. */
  #provenFrom: Seen | null = null
  /** How often marks led elsewhere, on this opening, and how often the bytes of the candidate were others, in this run. */
  #marksAgain = 0
  #bytesAgain = 0
  /** Where sessions stood by the log that this device has verified. */
  #knownSessions: ReadonlyMap<string, SessionHead> = new Map()
  #isLogGone = false
  #oldestSeq = 1
  #scoutedThrough = 0
  #watch: Cancel | null = null

  constructor(options: OpeningOptions) {
    this.#options = options
  }

  /** What the log says is not to be believed yet. */
  get isOnTrial(): boolean {
    return this.#stage === 'trying'
  }

  /** OPENED. True where the log is not to be read on from where this device is, until that is decided. */
  begin(frame: OpenedFrame): boolean {
    this.closed()
    if (!frame.present) return false
    const { seq } = this.#options.history.log.head
    const isGap = frame.oldestSeq > seq + 1
    this.#isLogGone = frame.oldestSeq > 1
    this.#oldestSeq = frame.oldestSeq
    if (!isZero(frame.snapshotId)) this.#learn({ id: frame.snapshotId.slice(), seq: frame.snapshotSeq })
    this.#candidate = this.#choose(seq)
    if (!isGap && (seq > 0 || this.#candidate === null)) return false
    this.#stage = 'choosing'
    // What comes by itself comes with this.
    if (isGap || frame.through === seq) this.#fetchOrScout()
    else this.#watchOver()
    return true
  }

  /** The socket is gone. */
  closed(): void {
    if (this.#stage === 'trying') this.#options.history.abandonTrial()
    this.#stage = 'log'
    this.#fetch = null
    this.#bytes = null
    this.#proof = null
    this.#marksAgain = 0
    this.#watch?.()
    this.#watch = null
  }

  /** True for entries that are not for the log. */
  takeEntries({ seq, envelopes }: EntriesFrame): boolean {
    if (this.#stage === 'scouting') this.#scout(envelopes)
    else if (this.#stage === 'choosing' && seq === this.#options.history.log.head.seq + 1) this.#readLog()
    return this.#stage === 'scouting'
  }

  /** True for the end of a READ that was not for the log. */
  takeReadDone({ through, headSeq }: ReadDoneFrame): boolean {
    if (this.#stage !== 'scouting') return false
    const isOver = through >= headSeq || through <= this.#scoutedThrough
    this.#scoutedThrough = through
    if (!isOver) this.#readOn()
    else this.#startOver(this.#choose(this.#options.history.log.head.seq) === null)
    return true
  }

  /** A chunk of a snapshot, asked for or not. */
  takeChunk(frame: SnapshotChunkFrame): void {
    if (this.#stage === 'choosing') this.#fetchOrScout(true)
    if (this.#stage === 'log') return this.#options.history.follower.skipInline()
    const fetch = this.#fetch
    if (this.#stage !== 'fetching' || fetch === null) return
    const taken = fetch.take(frame)
    if (taken === 'other') return
    if (taken === 'broken') return this.#fetchAgain()
    this.#watchOver()
    if (taken === 'more') return
    this.#bytes = taken
    this.#stage = 'waiting'
    this.recordsCame()
  }

  /** RECORDS has brought all that it had to. */
  recordsCame(): void {
    if (this.#stage === 'waiting' && this.#bytes !== null && this.#options.hasRecords()) this.#try(this.#bytes)
  }

  /** False for marks that somebody else has asked for. */
  takeIds(frame: IdsFrame): boolean {
    if (this.#proof === null) return false
    this.#proved(this.#proof.take(frame))
    return true
  }

  /** True for what was refused of it. */
  refuse(nack: NackFrame): boolean {
    const { refused, code, retryAfterMs } = nack
    const name = refusalOf(code)
    const isForLater = name === 'RATE' || name === 'UNAVAILABLE'
    if (refused === CLIENT_FRAME['read-snapshot']) {
      if (!isForLater) this.#refuse()
      else if (this.#fetch !== null) this.#askLater(retryAfterMs, () => this.#fetch?.start())
      return true
    }
    if (refused === CLIENT_FRAME['read-ids'] && this.#proof !== null) {
      if (!isForLater) this.#compareSessions()
      else this.#askLater(retryAfterMs, () => this.#proof?.start())
      return true
    }
    if (refused !== CLIENT_FRAME.read) return false
    if (name === 'TRIMMED') {
      this.#options.reopen()
      return true
    }
    if (this.#stage !== 'scouting') return false
    this.#askLater(retryAfterMs, () => this.#readOn())
    return true
  }

  /** The log cannot be as the snapshot says: that one is passed over. False where there is none on trial. */
  contradicted(): boolean {
    if (this.#stage !== 'trying') return false
    this.#refuse()
    return true
  }

  /** The trial's log is read to the relay's head. Resolves with true once it is shown. */
  async judge(): Promise<boolean> {
    const { history, deviceId } = this.#options
    const { trial, log } = history
    if (trial === null || this.#proof !== null) return false
    const { authority } = log
    const holds = await trial.holds({ authority, ownDevice: deviceId, isLogGone: this.#isLogGone })
    // The socket may have gone meanwhile.
    if (history.trial !== trial || this.#stage !== 'trying') return false
    if (!holds) {
      for (const { kind, envelope } of trial.outcomes) if (kind === 'published') this.#scout([envelope])
      this.#refuse()
      return false
    }
    this.#stage = 'log'
    this.#watch?.()
    history.endTrial()
    return true
  }

  #learn(candidate: Candidate): void {
    this.#known.set(bytesToHex(candidate.id), candidate)
  }

  /** The newest that is known and has not failed. */
  #choose(afterSeq: number): Candidate | null {
    const left = [...this.#known].filter(([name, { seq }]) => !this.#refused.has(name) && seq > afterSeq)
    return left.map(([, candidate]) => candidate).toSorted((a, b) => b.seq - a.seq)[0] ?? null
  }

  #readLog(): void {
    this.#stage = 'log'
    this.#watch?.()
    this.#options.history.follower.release()
  }

  #fetchOrScout(isInline = false): void {
    const candidate = this.#candidate
    if (candidate === null) {
      this.#stage = 'scouting'
      this.#scoutedThrough = this.#oldestSeq - 1
      return this.#readOn()
    }
    this.#bytesAgain = 0
    this.#fetchNow(candidate, isInline)
  }

  #fetchNow({ id }: Candidate, isInline: boolean): void {
    const { access, send } = this.#options
    this.#stage = 'fetching'
    const document = access.documentId
    this.#fetch = new SnapshotFetch(
      id,
      (offset) => void send({ type: 'read-snapshot', document, snapshotId: id, offset }),
    )
    if (!isInline) this.#fetch.start()
    this.#watchOver()
  }

  /** What came is not the snapshot that was named. */
  #fetchAgain(): void {
    const candidate = this.#candidate
    if (candidate === null || this.#bytesAgain >= MAX_AGAIN) return this.#refuse()
    this.#bytesAgain += 1
    this.#fetchNow(candidate, false)
  }

  #watchOver(): void {
    this.#watch?.()
    this.#watch = watchAnswer(this.#options.askForSign, () => {
      if (this.#stage === 'choosing') this.#fetchOrScout()
      else if (this.#stage === 'scouting') this.#options.history.follower.overdue()
      else if (this.#stage === 'fetching') this.#refuse()
      // Marks that are kept back are as good as gone: whoever keeps them back may say so too.
      else if (this.#proof !== null) this.#compareSessions()
    })
  }

  /** The relay answers, and asks for time: what is asked for then is waited for anew. */
  #askLater(retryAfterMs: number, ask: () => void): void {
    this.#watch?.()
    this.#watch = startTimer(Math.max(retryAfterMs, LEAST_PAUSE_MS), () => {
      ask()
      this.#watchOver()
    })
  }

  #try(bytes: Bytes): void {
    const { access, history } = this.#options
    const candidate = this.#candidate as Candidate
    const keyOf = (epoch: number): ReturnType<DocumentAccess['keyOf']> => access.keyOf(epoch)
    const name = { documentId: access.documentId, id: candidate.id, keyOf }
    const base = openSnapshot(bytes, name)
    this.#bytes = null
    if (base === null && !isSnapshotOf(bytes, name)) return this.#fetchAgain()
    if (base === null || (candidate.seq > 0 && base.seq !== candidate.seq)) return this.#refuse()
    for (let i = 0; i < base.context.publications.length; i++) {
      const { id, seq } = readPublication(base.context.publications, i)
      this.#learn({ id: id.slice(), seq })
    }
    const start = history.anchorBefore(base.seq)
    this.#knownSessions = history.log.sessionHeads()
    this.#stage = 'trying'
    if (!history.startTrial(base)) return this.#refuse()
    this.#prove(start, { seq: base.seq, transcript: base.context.transcript })
    // It may have stopped by now.
    if (this.#stage === 'trying') history.follower.release()
  }

  #prove(start: Seen | null, end: Seen): void {
    this.#provenFrom = start
    if (start === null) return
    const { access, send } = this.#options
    const document = access.documentId
    this.#proof = new TrimProof(
      start,
      end,
      (after, through) => void send({ type: 'read-ids', document, after, through }),
    )
    this.#watchOver()
    this.#proved(this.#proof.start())
  }

  #proved(result: ProofResult): void {
    const { history, onForked } = this.#options
    if (result === 'missing') return this.#compareSessions()
    if (result === 'more') return this.#watchOver()
    this.#proof = null
    const { trial } = history
    // Marks are nobody's word: they may have been spoilt on their way.
    if (result === 'forked' && trial !== null && this.#marksAgain < MAX_AGAIN) {
      this.#marksAgain += 1
      return this.#prove(this.#provenFrom, { seq: trial.base.seq, transcript: trial.base.context.transcript })
    }
    // If the snapshot is what the relay's log says, that log is another than this device knew.
    if (result === 'forked') return onForked(this.#candidate?.seq ?? 0)
    history.follower.caughtUpAgain()
  }

  /** The marks are older than any that are kept: sessions must not have gone back, and no more can be said. [LO15] */
  #compareSessions(): void {
    const { history, onForked, emit } = this.#options
    const seq = this.#candidate?.seq ?? 0
    this.#proof = null
    const heads = history.log.sessionHeads()
    for (const [name, known] of this.#knownSessions) {
      const said = heads.get(name)
      const isBehind = said !== undefined && said.counter < known.counter
      if (isBehind || (said?.counter === known.counter && !equalBytes(said.id, known.id))) return onForked(seq)
    }
    emit('integrity', [{ code: 'UNPROVEN', seq, fatal: false }])
    history.follower.caughtUpAgain()
  }

  /** Whatever publications say is a candidate; the trial tells. */
  #scout(envelopes: readonly Envelope[]): void {
    for (const { kind, sealed } of envelopes) {
      const body = kind === KIND.publication ? decodePublication(sealed) : null
      if (!body?.ok) continue
      this.#learn({ id: body.value.snapshotId.slice(), seq: body.value.seq })
    }
  }

  #readOn(): void {
    const { access, send } = this.#options
    send({ type: 'read', document: access.documentId, after: this.#scoutedThrough, maxBytes: READ_BYTES })
    this.#watchOver()
  }

  /** It did not hold: whatever else there is. */
  #refuse(): void {
    const candidate = this.#candidate
    if (candidate === null) return this.#startOver(true)
    this.#refused.add(bytesToHex(candidate.id))
    this.#options.emit('integrity', [{ code: 'SNAPSHOT_REFUSED', seq: candidate.seq, fatal: false }])
    this.#startOver(false)
  }

  #startOver(isHopeless: boolean): void {
    const { history, reopen, onMismatch } = this.#options
    const { seq } = history.log.head
    this.closed()
    if (isHopeless && this.#isLogGone) {
      // Any of them may have been spoilt on its way.
      this.#refused.clear()
      return onMismatch('LOG_INVALID', seq)
    }
    void history.restart().then(() => reopen())
  }
}
