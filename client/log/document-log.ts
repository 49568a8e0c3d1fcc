/**
 * A document's log as this device has verified it: entries go in by seq, and come out counted or refused. Whether an entry counts is
 * a function of the log and of nothing else, so that no two clients disagree. Rules CL1–CL3, EN13, LO2, LO3.
 *
 * @module
 */
import {
  Authenticator,
  decodeBind,
  decodePart,
  decodeRecord,
  envelopeId,
  equalBytes,
  extendTranscript,
  genesisHash,
  KIND,
  sodiumSha512,
  startTranscript,
  SyncError,
  type Authenticity,
  type Bytes,
  type Envelope,
  type JudgedEntry,
  type PlacedEntry,
} from '@y-sealed/protocol'
import { open, type Seen } from '@y-sealed/protocol/sealing'
import type { Authority, DocumentAccess } from '../document/document-access.ts'
import { checkUpdate } from '../yjs/check-update.ts'
import { LogState } from '../yjs/log-state.ts'
import type { UpdateRefusal } from '../yjs/update-limits.ts'
import { PartGroup } from './part-group.ts'
import { TranscriptWindow } from './transcript-window.ts'

/** The next entry as it arrived. `content` is given for what this device sealed itself in this run. */
export interface LogEntry {
  readonly seq: number
  readonly envelope: Envelope
  readonly content?: Bytes
}

/** Why an entry does not count; stable, for reports and tests. */
export type EntryRefusal =
  | Exclude<Authenticity, 'authentic'>
  | 'role'
  | 'seen'
  | 'cannot-open'
  | 'malformed'
  | 'taken'
  | 'part'
  | 'unsupported'
  | UpdateRefusal

/** What became of an entry. */
export type LogOutcome = { readonly seq: number; readonly envelope: Envelope } & (
  | { readonly kind: 'update'; readonly update: Bytes }
  | { readonly kind: 'bind'; readonly client: number }
  | { readonly kind: 'noted' }
  | { readonly kind: 'refused'; readonly reason: EntryRefusal }
)

interface Pending extends PlacedEntry {
  readonly content?: Bytes
}

export class DocumentLog {
  /** Yjs clocks and client-id bindings as of the counted log. */
  readonly state: LogState = new LogState()
  readonly #access: DocumentAccess
  readonly #authority: Authority
  readonly #authenticator: Authenticator
  readonly #transcripts: TranscriptWindow
  readonly #contentBySeq = new Map<number, Bytes>()
  readonly #parts = new PartGroup()
  #seq = 0
  #transcript: Bytes
  #recordHead: Bytes = new Uint8Array(32)

  constructor(access: DocumentAccess) {
    this.#access = access
    this.#authority = access.createAuthority()
    this.#authenticator = new Authenticator(({ envelope }) => this.#authority.authorOf(envelope))
    this.#transcripts = TranscriptWindow.start(access.genesisHash)
    this.#transcript = startTranscript(sodiumSha512, access.genesisHash)
  }

  /** The newest entry taken: its seq and transcript (32 bytes). What this device says it has seen. [LO3] */
  get head(): Seen {
    return { seq: this.#seq, transcript: this.#transcript }
  }

  /** Id of the newest record (32 bytes); zeros for none. */
  get recordHead(): Bytes {
    return this.#recordHead
  }

  /** Seq of the entry whose signature everything after it waits for, or `null`. [EN13] */
  get waitingAt(): number | null {
    return this.#authenticator.waitingAt
  }

  /** Signature checks done so far. */
  get signatureChecks(): number {
    return this.#authenticator.checks
  }

  get authority(): Authority {
    return this.#authority
  }

  /** Compares what somebody says of a seq with this log. [LO3] */
  compareTranscript(seq: number, transcript: Bytes): 'same' | 'different' | 'unknown' {
    return this.#transcripts.compare(seq, transcript)
  }

  /**
   * Takes the entries that follow the head, in order, and returns those that are decided by now. Throws `LOG_INVALID` when the first entry
   * is not this document's genesis or an entry stands in an epoch that no record opened: no honest relay can serve that.
   */
  take(entries: readonly LogEntry[]): LogOutcome[] {
    const placed: Pending[] = []
    for (const entry of entries) placed.push(this.#place(entry))
    return this.#authenticator.judge(placed).map((entry) => this.#count(entry))
  }

  #place({ seq, envelope, content }: LogEntry): Pending {
    if (seq !== this.#seq + 1) throw new RangeError('entries must follow the head')
    const key = this.#access.keyOf(envelope.epoch)
    if (key === null) throw new SyncError('LOG_INVALID', 'the relay serves an entry of an epoch that no record opened')
    if (seq === 1) this.#takeGenesis(envelope)
    const id = envelopeId(sodiumSha512, key.commitment, envelope)
    this.#seq = seq
    this.#transcript = extendTranscript(sodiumSha512, this.#transcript, id, envelope.signature)
    this.#transcripts.append(this.#transcript)
    if (envelope.kind === KIND.record) this.#recordHead = id
    if (content !== undefined) this.#contentBySeq.set(seq, content)
    return { seq, envelope, id, own: content !== undefined }
  }

  #takeGenesis(envelope: Envelope): void {
    const record = envelope.kind === KIND.record ? decodeRecord(envelope.sealed) : null
    const genesis = record?.ok && record.value.type === 'genesis' ? record.value : null
    const ours = genesis !== null && equalBytes(genesisHash(sodiumSha512, envelope.sealed), this.#access.genesisHash)
    if (!ours || !this.#authority.acceptGenesis(envelope, genesis)) {
      throw new SyncError('LOG_INVALID', "the relay's log does not begin with this document's genesis")
    }
  }

  #count(entry: JudgedEntry): LogOutcome {
    const { seq, envelope } = entry
    const content = this.#contentBySeq.get(seq)
    this.#contentBySeq.delete(seq)
    if (seq === 1) return { kind: 'noted', seq, envelope }
    const refusal = this.#findFault(entry)
    if (refusal !== null) return { kind: 'refused', reason: refusal, seq, envelope }
    try {
      return this.#countContent(seq, envelope, content ?? open(envelope, this.#currentKey(envelope)))
    } catch {
      return { kind: 'refused', reason: 'cannot-open', seq, envelope }
    }
  }

  #findFault({ seq, envelope, authenticity }: JudgedEntry): EntryRefusal | null {
    if (authenticity !== 'authentic') return authenticity
    if (envelope.seenSeq >= seq || this.compareTranscript(envelope.seenSeq, envelope.seenTranscript) === 'different')
      return 'seen'
    const introducing = envelope.kind === KIND.bind && envelope.counter === 1 && this.#access.mode === 'shared-key'
    const role = this.#authority.roleOf(envelope.device, envelope.session)
    return introducing || role === 'writer' || role === 'admin' ? null : 'role'
  }

  #currentKey(envelope: Envelope): NonNullable<ReturnType<DocumentAccess['keyOf']>> {
    return this.#access.keyOf(envelope.epoch) as NonNullable<ReturnType<DocumentAccess['keyOf']>>
  }

  #countContent(seq: number, envelope: Envelope, content: Bytes): LogOutcome {
    switch (envelope.kind) {
      case KIND.bind:
        return this.#countBind(seq, envelope, content)
      case KIND.update:
        return this.#countUpdate(seq, envelope, content)
      case KIND.part:
        return this.#countPart(seq, envelope, content)
      default:
        return { kind: 'refused', reason: 'unsupported', seq, envelope }
    }
  }

  #countBind(seq: number, envelope: Envelope, content: Bytes): LogOutcome {
    const bind = decodeBind(content)
    const introduces = bind.ok && bind.value.introduction !== null
    const mayIntroduce = this.#access.mode === 'shared-key' && envelope.counter === 1
    if (!bind.ok || introduces !== mayIntroduce) return { kind: 'refused', reason: 'malformed', seq, envelope }
    this.#authority.acceptBind(envelope)
    const { clientId } = bind.value
    if (this.state.bind(clientId, envelope.device) === 'taken')
      return { kind: 'refused', reason: 'taken', seq, envelope }
    return { kind: 'bind', client: clientId, seq, envelope }
  }

  #countPart(seq: number, envelope: Envelope, content: Bytes): LogOutcome {
    const part = decodePart(content)
    const whole = part.ok ? this.#parts.take(seq, envelope, part.value) : 'broken'
    if (whole === 'more') return { kind: 'noted', seq, envelope }
    if (whole === 'broken') return { kind: 'refused', reason: 'part', seq, envelope }
    return this.#countUpdate(seq, envelope, whole)
  }

  #countUpdate(seq: number, envelope: Envelope, update: Bytes): LogOutcome {
    const verdict = checkUpdate(update, this.state, envelope.device)
    if (!verdict.ok) return { kind: 'refused', reason: verdict.code, seq, envelope }
    this.state.grow(verdict.growth)
    this.state.delete(verdict.deletes)
    return { kind: 'update', update: verdict.feed, seq, envelope }
  }
}
