/**
 * The entries of an exported document as rows of a log: with the ids, transcripts and sizes that a relay would have stored beside them, so that
 * they are audited as a relay's own. Rules EX2, LO2.
 *
 * @module
 */
import {
  bytesToHex,
  decodeRecord,
  envelopeId,
  extendTranscript,
  KIND,
  MemberLog,
  startTranscript,
  type Bytes,
  type Envelope,
  type Sha512,
} from '@y-sealed/protocol'

import type { EntryRow } from '../store/sqlite/audit-reader.ts'

const NO_ID: Bytes = new Uint8Array(32)

export class ExportRows {
  readonly #sha512: Sha512
  readonly #members: MemberLog
  readonly #sessionByName = new Map<string, number>()
  /** By seq: authors may have seen any of them. */
  readonly #transcriptBySeq = new Map<number, Bytes>()
  #roomCommitment: Bytes | null = null
  /** Up to here the file has records and a snapshot alone. */
  #base = 0
  #seq = 0
  #bytes = 0

  /** `genesis`: body of the document's first record. */
  constructor(sha512: Sha512, hash: Bytes, genesis: Bytes) {
    this.#sha512 = sha512
    this.#members = new MemberLog(sha512, hash)
    this.#transcriptBySeq.set(0, startTranscript(sha512, hash))
    const record = decodeRecord(genesis)
    if (record.ok && record.value.type === 'genesis' && record.value.mode === 'shared-key') {
      this.#roomCommitment = record.value.commitment.slice()
    }
  }

  /** Of the last row. */
  get seq(): number {
    return this.#seq
  }

  /** T at a place of which it is known; `null` for another. */
  transcriptAt(seq: number): Bytes | null {
    return this.#transcriptBySeq.get(seq) ?? null
  }

  /** By the records so far; `null` for an epoch that none opened. */
  commitmentOf(epoch: number): Bytes | null {
    if (this.#roomCommitment !== null) return epoch === 1 ? this.#roomCommitment : null
    return this.#members.members.epochs[epoch - 1]?.commitment ?? null
  }

  /** The entries begin behind this place, where T is so: what was before, records say alone. */
  beginBehind(base: number, transcript: Bytes): void {
    this.#base = base
    this.#seq = base
    this.#transcriptBySeq.set(base, transcript)
  }

  /** A record at or below the place behind which the entries begin. */
  takeRecord(seq: number, envelope: Envelope): EntryRow {
    this.#learn(envelope, seq)
    const id = this.#idOf(envelope) ?? NO_ID
    const isBase = seq === this.#base
    const transcript = (isBase ? this.transcriptAt(seq) : null) ?? NO_ID
    return { ...this.#rowOf(seq, envelope), id, transcript, isUnchained: true }
  }

  /** The next row. */
  take(envelope: Envelope): EntryRow {
    const seq = this.#seq + 1
    const before = this.#transcriptBySeq.get(seq - 1) ?? NO_ID
    this.#learn(envelope, seq)
    const id = this.#idOf(envelope)
    const transcript = id === null ? before : extendTranscript(this.#sha512, before, id, envelope.signature)
    this.#transcriptBySeq.set(seq, transcript)
    this.#seq = seq
    const row = { ...this.#rowOf(seq, envelope), id: id ?? NO_ID, transcript }
    return this.#base > 0 && seq === this.#base + 1 ? { ...row, isUnchained: true } : row
  }

  #idOf(envelope: Envelope): Bytes | null {
    const commitment = this.commitmentOf(envelope.epoch)
    return commitment && envelopeId(this.#sha512, commitment, envelope)
  }

  #rowOf(seq: number, envelope: Envelope): Omit<EntryRow, 'id' | 'transcript'> {
    const { kind, counter, device, session: sessionId } = envelope
    this.#bytes += envelope.bytes.length
    return {
      seq,
      session: this.#sessionOf(`${bytesToHex(device)}${bytesToHex(sessionId)}`),
      counter,
      kind,
      record: kind === KIND.record ? 1 : 0,
      grouped: kind === KIND.part ? 1 : 0,
      logBytes: this.#bytes,
      envelope: envelope.bytes,
      signature: null,
      device: device.slice(),
      sessionId: sessionId.slice(),
    }
  }

  /** Before its id is asked for: a genesis stands under the commitment that it lays down itself. [KM11] */
  #learn(envelope: Envelope, seq: number): void {
    if (envelope.kind !== KIND.record || this.#roomCommitment !== null) return
    const verdict = this.#members.judge(envelope)
    if (verdict.ok) this.#members.apply(verdict, seq)
  }

  #sessionOf(name: string): number {
    const known = this.#sessionByName.get(name)
    if (known !== undefined) return known
    this.#sessionByName.set(name, this.#sessionByName.size + 1)
    return this.#sessionByName.size
  }
}
