/**
 * A document's log as this device has verified it: entries go in by seq, and come out counted or refused. Whether an entry counts is
 * a function of the log and of nothing else, so that no two clients disagree. Rules CL1–CL3, EN13, KM16, KM18, LO2, LO3, LO10, LO11, LO13, CL31.
 *
 * @module
 */
import {
  decodeAttestation,
  decodeAuthoredUpdate,
  decodeBind,
  decodePart,
  decodePublication,
  envelopeId,
  equalBytes,
  extendTranscript,
  isAtLeast,
  isQuote,
  KIND,
  OpenError,
  sodiumSha512,
  SyncError,
  type Authenticity,
  type Bytes,
  type EntriesFrame,
  type Envelope,
  type JudgedEntry,
  type PlacedEntry,
  type PublishedSnapshot,
  type RecordRefusal,
  type SessionHead,
  type SignedHead,
  type SnapshotContext,
  type Verdict,
} from '@y-sealed/protocol'
import { open, type EpochKey, type Seen } from '@y-sealed/protocol/sealing'
import type { Authority, DocumentAccess, Placement } from '../document/document-access.ts'
import { QuoteJudge } from '../quotes/quote-judge.ts'
import { quotedEnvelopes } from '../quotes/quoted-updates.ts'
import type { Authored, SnapshotLedger } from '../snapshots/ledger.ts'
import { checkUpdate } from '../yjs/check-update.ts'
import type { LogState } from '../yjs/log-state.ts'
import type { UpdateRefusal } from '../yjs/update-limits.ts'
import { lostHeadOf } from './given-up.ts'
import { contextOf, type LogBase } from './log-base.ts'
import { startReading, type Reading } from './reading.ts'

/** The next entry as it arrived. `content` is given for what this device sealed itself in this run. */
export interface LogEntry {
  readonly seq: number
  readonly envelope: Envelope
  readonly content?: Bytes
}

/** The entries of a frame, each at its place. */
export function entriesOf({ seq, envelopes }: EntriesFrame): LogEntry[] {
  return envelopes.map((envelope, index) => ({ seq: seq + index, envelope }))
}

/** Why an entry does not count; stable, for reports and tests. `epoch`: not the one in force and open at its place. [KM18] */
export type EntryRefusal =
  | Exclude<Authenticity, 'authentic'>
  | 'record'
  | 'role'
  | 'epoch'
  | 'seen'
  | 'cannot-open'
  | 'malformed'
  | 'taken'
  | 'part'
  | 'publication'
  | 'attestation'
  | 'quote'
  | UpdateRefusal

/** What became of an entry. */
export type LogOutcome = { readonly seq: number; readonly envelope: Envelope } &
  /** `authored`: Unix ms, its author's word; 0: not said. [EN10] */
  (
    | { readonly kind: 'update'; readonly update: Bytes; readonly authored: number }
    /** Others' edits, in order. [CL31] */
    | { readonly kind: 'quoted'; readonly updates: readonly Bytes[]; readonly authored: number }
    | { readonly kind: 'bind'; readonly client: number }
    | { readonly kind: 'noted' }
    | { readonly kind: 'published'; readonly snapshot: PublishedSnapshot }
    | { readonly kind: 'attested'; readonly snapshot: PublishedSnapshot; readonly verdict: Verdict }
    | { readonly kind: 'refused'; readonly reason: EntryRefusal; readonly record?: RecordRefusal }
  )

/**
 * What Yjs gets by an outcome, one edit after another. Quoted ones are not merged: `mergeUpdatesV2` loses structs of an update whose clients do not
 * descend, and takes time with the square of their number.
 */
export function feedsOf(outcome: LogOutcome): readonly Bytes[] {
  if (outcome.kind === 'update') return [outcome.update]
  return outcome.kind === 'quoted' ? outcome.updates : []
}

interface Pending extends PlacedEntry {
  readonly content?: Bytes
}

export class DocumentLog {
  readonly #access: DocumentAccess
  /** Taken and not decided: what this device sealed itself, and what the member log says of records. */
  readonly #contentBySeq = new Map<number, Bytes>()
  readonly #placementBySeq = new Map<number, Placement>()
  /** Of who speaks of snapshots: the author's member at that place. */
  readonly #memberBySeq = new Map<number, Bytes>()
  #read: Reading

  /** Reads from the start, or from `base` on. Throws `LOG_INVALID` where the records known up to there are not those of the base. */
  constructor(access: DocumentAccess, base?: LogBase) {
    this.#access = access
    this.#read = startReading(access, base)
  }

  /** Yjs clocks and client-id bindings as of the counted log. */
  get state(): LogState {
    return this.#read.state
  }

  /** The newest entry taken: its seq and transcript (32 bytes). What this device says it has seen. [LO3] */
  get head(): Seen {
    const { seq, transcript } = this.#read
    return { seq, transcript }
  }

  /** Id of the newest record read (32 bytes); zeros before the genesis is. */
  get recordHead(): Bytes {
    return this.authority.recordHead
  }

  /** The seq up to which nothing was read here: a snapshot has said what it comes to; 0 for none. */
  get baseSeq(): number {
    return this.#read.baseSeq
  }

  /** Where each session stands that may still go on, by `hex(device ‖ session)`. [LO8] */
  sessionHeads(): ReadonlyMap<string, SessionHead> {
    return this.#read.authenticator.sessionHeads(this.#read.seq)
  }

  /** The published snapshots. */
  get snapshots(): SnapshotLedger {
    return this.#read.ledger
  }

  /** A snapshot may end at the head: nothing waits, no group of parts is open, and nothing was passed over for want of a key. [LO10] */
  get isQuiet(): boolean {
    const { seq, authenticator, parts, lackedEpochs } = this.#read
    return seq > 0 && authenticator.waitingAt === null && !parts.isOpenAfter(seq) && lackedEpochs.size === 0
  }

  /** What a snapshot that ends at the head says besides the document. Only where {@link isQuiet}. [LO10] */
  context(): SnapshotContext {
    const { seq, transcript, authenticator, state, authority, ledger } = this.#read
    return contextOf({
      transcript,
      recordHead: authority.recordHead,
      publications: ledger.rows(),
      heads: authenticator.sessionHeads(seq),
      state,
      introductionOf: (device, session) => authority.introductionOf(device, session),
    })
  }

  /** Seq of the entry whose signature everything after it waits for, or `null`. [EN13] */
  get waitingAt(): number | null {
    return this.#read.authenticator.waitingAt
  }

  /** Signature checks done so far. */
  get signatureChecks(): number {
    return this.#read.authenticator.checks
  }

  get authority(): Authority {
    return this.#read.authority
  }

  /** What restarts that were read have given up, oldest first. [LO14] */
  get givenUp(): readonly SignedHead[] {
    return this.#read.givenUp
  }

  /** A key has come without which entries were passed over: the log is to be read again. */
  get opensMore(): boolean {
    return [...this.#read.lackedEpochs].some((epoch) => this.#access.keyOf(epoch) !== null)
  }

  /** Is this the epoch under which the next entry of the log would count? [KM18] */
  isOpen(epoch: number): boolean {
    return this.authority.isOpenAt(epoch, this.#read.seq + 1)
  }

  /** The epoch under which this device may seal the next entry; `null` for none. */
  get openEpoch(): number | null {
    const key = this.#access.current
    return key !== null && this.isOpen(key.epoch) ? key.epoch : null
  }

  /** Taken, but what becomes of it is not decided yet. [EN13] */
  isPending(envelope: Envelope): boolean {
    const { pending } = this.#read
    return pending.some((other) => equalBytes(other.bytes, envelope.bytes))
  }

  /** Compares what somebody says of a seq with this log. [LO3] */
  compareTranscript(seq: number, transcript: Bytes): 'same' | 'different' | 'unknown' {
    return this.#read.transcripts.compare(seq, transcript)
  }

  /** First 16 bytes of T at `seq`; `null` for a seq that was not taken, or stood below where reading began. */
  transcriptAt(seq: number): Bytes | null {
    return this.#read.transcripts.prefixAt(seq)
  }

  /**
   * Forgets everything that was read: it is to be read again from the start, or from `base` on, which may be ahead. Throws as the constructor,
   * and nothing is forgotten then.
   */
  restart(base?: LogBase): void {
    this.#read = startReading(this.#access, base)
    this.#contentBySeq.clear()
    this.#placementBySeq.clear()
    this.#memberBySeq.clear()
  }

  /**
   * Takes the entries that follow the head, in order, and returns those that are decided by now. Throws `LOG_INVALID` when the first entry
   * is not this document's genesis, a record that is known does not stand at its place, or an entry stands in an epoch that no record
   * opened: no honest relay can serve that.
   */
  take(entries: readonly LogEntry[]): LogOutcome[] {
    const reading = this.#read
    const placed: Pending[] = []
    for (const entry of entries) placed.push(this.#place(entry))
    const outcomes = reading.authenticator.judge(placed).map((entry) => this.#count(entry))
    reading.pending.splice(0, outcomes.length)
    return outcomes
  }

  #place({ seq, envelope, content }: LogEntry): Pending {
    const reading = this.#read
    if (seq !== reading.seq + 1) throw new RangeError('entries must follow the head')
    const placement = reading.authority.place(seq, envelope)
    const commitment = reading.authority.commitmentOf(envelope.epoch)
    if (commitment === null) {
      throw new SyncError('LOG_INVALID', 'the relay serves an entry of an epoch that no record opened')
    }
    const id = envelopeId(sodiumSha512, commitment, envelope)
    reading.seq = seq
    reading.transcript = extendTranscript(sodiumSha512, reading.transcript, id, envelope.signature)
    reading.transcripts.append(reading.transcript)
    reading.pending.push(envelope)
    if (placement.kind !== 'entry') this.#placementBySeq.set(seq, placement)
    const lost = placement.kind === 'record' ? lostHeadOf(envelope) : null
    if (lost !== null) reading.givenUp.push(lost)
    if (content !== undefined) this.#contentBySeq.set(seq, content)
    if (envelope.kind === KIND.publication || envelope.kind === KIND.attestation) {
      this.#memberBySeq.set(seq, reading.authority.memberOf(envelope.device) ?? envelope.device)
    }
    // A record that counts has been verified already, by its own signature.
    return { seq, envelope, id, own: content !== undefined || placement.kind === 'record' }
  }

  #count(entry: JudgedEntry): LogOutcome {
    const { seq, envelope } = entry
    const content = this.#contentBySeq.get(seq)
    this.#contentBySeq.delete(seq)
    const placement = this.#placementBySeq.get(seq)
    this.#placementBySeq.delete(seq)
    const member = this.#memberBySeq.get(seq)
    this.#memberBySeq.delete(seq)
    // Whether a record counts has nothing to do with its session. [KM16]
    if (placement?.kind === 'record') return { kind: 'noted', seq, envelope }
    if (placement?.kind === 'refused')
      return { kind: 'refused', reason: 'record', record: placement.reason, seq, envelope }
    const refusal = this.#findFault(entry)
    if (refusal !== null) return { kind: 'refused', reason: refusal, seq, envelope }
    if (member !== undefined) return this.#countWord({ seq, envelope, member })
    const key = this.#access.keyOf(envelope.epoch)
    if (key === null && content === undefined) this.#read.lackedEpochs.add(envelope.epoch)
    try {
      return this.#countContent(seq, envelope, content ?? openWith(envelope, key))
    } catch {
      return { kind: 'refused', reason: 'cannot-open', seq, envelope }
    }
  }

  #findFault({ seq, envelope, authenticity }: JudgedEntry): EntryRefusal | null {
    if (authenticity !== 'authentic') return authenticity
    if (envelope.seenSeq >= seq || this.compareTranscript(envelope.seenSeq, envelope.seenTranscript) === 'different')
      return 'seen'
    if (!this.authority.isOpenAt(envelope.epoch, seq)) return 'epoch'
    const introducing = envelope.kind === KIND.bind && envelope.counter === 1 && this.#access.mode === 'shared-key'
    const role = this.authority.roleAt(envelope.device, envelope.session, seq)
    return introducing || isAtLeast(role, 'writer') ? null : 'role'
  }

  #countContent(seq: number, envelope: Envelope, content: Bytes): LogOutcome {
    if (envelope.kind === KIND.bind) return this.#countBind(seq, envelope, content)
    return envelope.kind === KIND.part
      ? this.#countPart(seq, envelope, content)
      : this.#countUpdate(seq, envelope, content)
  }

  /** What somebody says of a snapshot. [LO11] [LO13] */
  #countWord(authored: Authored): LogOutcome {
    const { seq, envelope } = authored
    const view = { compare: this.compareTranscript.bind(this), isSoleMember: this.isSoleMember.bind(this) }
    const { ledger } = this.#read
    if (envelope.kind === KIND.publication) {
      const body = decodePublication(envelope.sealed)
      const snapshot = body.ok ? ledger.publish(authored, body.value, view) : null
      return snapshot === null
        ? { kind: 'refused', reason: 'publication', seq, envelope }
        : { kind: 'published', snapshot, seq, envelope }
    }
    const body = decodeAttestation(envelope.sealed)
    const snapshot = body.ok ? ledger.attest(authored, body.value, view) : null
    if (body.ok && snapshot === null && ledger.isLate(body.value)) return { kind: 'noted', seq, envelope }
    if (!body.ok || snapshot === null) return { kind: 'refused', reason: 'attestation', seq, envelope }
    return { kind: 'attested', snapshot, verdict: body.value.verdict, seq, envelope }
  }

  /** Are all counted binds so far by devices of this member? [LO13] */
  isSoleMember(member: Bytes): boolean {
    const { state, authority } = this.#read
    return state.boundClients().every(({ device }) => equalBytes(authority.memberOf(device) ?? device, member))
  }

  #countBind(seq: number, envelope: Envelope, content: Bytes): LogOutcome {
    const bind = decodeBind(content)
    const introduces = bind.ok && bind.value.introduction !== null
    const mayIntroduce = this.#access.mode === 'shared-key' && envelope.counter === 1
    if (!bind.ok || introduces !== mayIntroduce) return { kind: 'refused', reason: 'malformed', seq, envelope }
    this.authority.acceptBind(envelope)
    const { clientId } = bind.value
    if (this.state.bind(clientId, envelope.device) === 'taken')
      return { kind: 'refused', reason: 'taken', seq, envelope }
    return { kind: 'bind', client: clientId, seq, envelope }
  }

  #countPart(seq: number, envelope: Envelope, content: Bytes): LogOutcome {
    const part = decodePart(content)
    const whole = part.ok ? this.#read.parts.take(seq, envelope, part.value) : 'broken'
    if (whole === 'more') return { kind: 'noted', seq, envelope }
    if (whole === 'broken') return { kind: 'refused', reason: 'part', seq, envelope }
    return this.#countUpdate(seq, envelope, whole)
  }

  #countUpdate(seq: number, envelope: Envelope, content: Bytes): LogOutcome {
    if (isQuote(content)) return this.#countQuote(seq, envelope, content)
    const decoded = decodeAuthoredUpdate(content)
    if (!decoded.ok) return { kind: 'refused', reason: 'malformed', seq, envelope }
    const { authored, update } = decoded.value
    const verdict = checkUpdate(update, this.state, envelope.device)
    if (!verdict.ok) return { kind: 'refused', reason: verdict.code, seq, envelope }
    this.state.grow(verdict.growth)
    this.state.delete(verdict.deletes)
    return { kind: 'update', update: verdict.feed, authored, seq, envelope }
  }

  /** What others wrote and the log lost: all of it counts, or none. [CL31] */
  #countQuote(seq: number, envelope: Envelope, content: Bytes): LogOutcome {
    const { state, authority } = this
    const judge = new QuoteJudge({ access: this.#access, authority, state, seq })
    const quoted = quotedEnvelopes(content) ?? []
    // An epoch that never was, whoever quotes can name: no key of it will ever come.
    for (const { epoch } of quoted) {
      const isLacked = this.#access.keyOf(epoch) === null && authority.commitmentOf(epoch, seq) !== null
      if (isLacked) this.#read.lackedEpochs.add(epoch)
    }
    const grown = quoted.every((each) => judge.take(each)) ? judge.finish() : null
    if (grown === null) return { kind: 'refused', reason: 'quote', seq, envelope }
    for (const { client, device } of grown.bound) state.bind(client, device)
    state.grow(grown.growth)
    state.delete(grown.deletes)
    return { kind: 'quoted', updates: grown.feeds, authored: grown.authored, seq, envelope }
  }
}

function openWith(envelope: Envelope, key: EpochKey | null): Bytes {
  if (key === null) throw new OpenError()
  return open(envelope, key)
}
