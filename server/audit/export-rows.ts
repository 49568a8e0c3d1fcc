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
  /** By seq, from 0 on: authors may have seen any of them. */
  readonly #transcripts: Bytes[]
  #roomCommitment: Bytes | null = null
  #bytes = 0

  constructor(sha512: Sha512, hash: Bytes) {
    this.#sha512 = sha512
    this.#members = new MemberLog(sha512, hash)
    this.#transcripts = [startTranscript(sha512, hash)]
  }

  /** Of the last row. */
  get seq(): number {
    return this.#transcripts.length - 1
  }

  /** T at a place that was passed; `null` for another. */
  transcriptAt(seq: number): Bytes | null {
    return this.#transcripts[seq] ?? null
  }

  /** By the records so far; `null` for an epoch that none opened. */
  commitmentOf(epoch: number): Bytes | null {
    if (this.#roomCommitment !== null) return epoch === 1 ? this.#roomCommitment : null
    return this.#members.members.epochs[epoch - 1]?.commitment ?? null
  }

  /** The next row. */
  take(envelope: Envelope): EntryRow {
    const { kind, counter, device, session: sessionId } = envelope
    const seq = this.seq + 1
    const before = this.#transcripts[seq - 1] as Bytes
    if (seq === 1) this.#begin(envelope)
    const commitment = this.commitmentOf(envelope.epoch)
    const id = commitment === null ? NO_ID : envelopeId(this.#sha512, commitment, envelope)
    const transcript = commitment === null ? before : extendTranscript(this.#sha512, before, id, envelope.signature)
    this.#transcripts.push(transcript)
    this.#bytes += envelope.bytes.length
    if (kind === KIND.record && this.#roomCommitment === null) this.#learn(envelope, seq)
    return {
      seq,
      session: this.#sessionOf(`${bytesToHex(device)}${bytesToHex(sessionId)}`),
      counter,
      kind,
      record: kind === KIND.record ? 1 : 0,
      grouped: kind === KIND.part ? 1 : 0,
      logBytes: this.#bytes,
      id,
      transcript,
      envelope: envelope.bytes,
      signature: null,
      device: device.slice(),
      sessionId: sessionId.slice(),
    }
  }

  /** A genesis lays down the commitment under which it stands itself. [KM11] */
  #begin(envelope: Envelope): void {
    const genesis = envelope.kind === KIND.record ? decodeRecord(envelope.sealed) : null
    if (!genesis?.ok || genesis.value.type !== 'genesis') return
    if (genesis.value.mode === 'shared-key') this.#roomCommitment = genesis.value.commitment.slice()
    else this.#learn(envelope, 1)
  }

  #learn(envelope: Envelope, seq: number): void {
    if (seq === 1 && this.#members.recordSeq === 1) return
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
