/**
 * Rows of a log as a store would hold them, made of any envelopes: ids, transcripts and columns are as they must be, so that an audit finds
 * what is wrong with the entries themselves.
 *
 * @module
 */
import {
  bytesToHex,
  envelopeId,
  extendTranscript,
  KIND,
  ROLE,
  sodiumSha512,
  type Bytes,
  type Envelope,
  type Members,
} from '@y-sealed/protocol'
import type { Seen } from '@y-sealed/protocol/sealing'

import { DocumentAudit, type DocumentReport } from '../../server/audit/document-audit.ts'
import type { DerivedRows, EntryRow } from '../../server/store/sqlite/audit-reader.ts'
import type { TestDocument } from './room-document.ts'

export class AuditRows {
  readonly rows: EntryRow[] = []
  readonly #document: TestDocument
  readonly #sessions = new Map<string, number>()
  #head: Seen
  #bytes = 0
  #base = 0
  #trimmedBytes = 0

  constructor(document: TestDocument) {
    this.#document = document
    this.#head = document.start
  }

  /** What somebody has seen who has seen everything. */
  get head(): Seen {
    return this.#head
  }

  /** The next entry, under the commitment of its epoch. Gives its seq. */
  add(envelope: Envelope, commitment: Bytes = this.#document.key.commitment): number {
    const { kind, counter, device, session: sessionId, signature, bytes } = envelope
    const id = envelopeId(sodiumSha512, commitment, envelope)
    const seq = this.#head.seq + 1
    const transcript = extendTranscript(sodiumSha512, this.#head.transcript, id, signature)
    this.#head = { seq, transcript }
    this.#bytes += bytes.length
    const name = bytesToHex(device) + bytesToHex(sessionId)
    const session = this.#sessions.get(name) ?? this.#sessions.size + 1
    this.#sessions.set(name, session)
    const [record, grouped] = [kind === KIND.record ? 1 : 0, kind === KIND.part ? 1 : 0]
    const place = { seq, session, counter, kind, record, grouped, logBytes: this.#bytes }
    this.rows.push({ ...place, id, transcript, envelope: bytes, signature: null, device, sessionId })
    return seq
  }

  /** Takes the bodies of all but records up to a seq. */
  trim(base: number): void {
    this.#base = base
    for (const [index, row] of this.rows.entries()) {
      if (row.seq > base || row.record === 1 || row.envelope === null) continue
      this.#trimmedBytes += row.envelope.length
      this.rows[index] = { ...row, envelope: null, signature: row.envelope.slice(-64) }
    }
  }

  /** Audits them, so many at a time. */
  audit(derived: DerivedRows, { page = 256, isQuick = false } = {}): DocumentReport {
    const { id, genesisHash, room } = this.#document
    const audit = new DocumentAudit({
      sha512: sodiumSha512,
      row: {
        key: 1,
        id,
        genesisHash,
        mode: room === null ? 0 : 1,
        roomKey: room?.publicKey ?? null,
        base: this.#base,
        trimmedBytes: this.#trimmedBytes,
        head: this.#head.seq,
      },
      storedTranscriptAt: (seq) => this.rows.find((row) => row.seq === seq)?.transcript ?? null,
      storedCommitmentOf: () => null,
      isQuick,
      snapshotRows: {
        publications: [],
        attestations: [],
        writers: this.rows.flatMap(({ device }) => (device === null ? [] : [device])),
      },
      readSnapshot: () => null,
    })
    for (let from = 0; from < this.rows.length; from += page) audit.take(this.rows.slice(from, from + page))
    return audit.finish(derived)
  }
}

/** The tables that these members should stand in. */
export function derivedOf(members: Members): DerivedRows {
  return {
    epochs: members.epochs.map(({ epoch, commitment, closedAt }) => ({
      epoch,
      commitment,
      closed: closedAt === null ? 0 : 1,
    })),
    members: members.all.flatMap(({ role, devices }) => devices.map(({ id }) => ({ device: id, role: ROLE[role] }))),
    links: members.links.map(({ id, expiresAt }) => ({ link: id, expires: expiresAt })),
    emptySessions: 0,
  }
}

/** The faults of a report, each as its code and place. */
export function faultsOf({ faults }: DocumentReport): readonly string[] {
  return faults.map(({ code, seq }) => (seq === null ? code : `${code} ${seq}`))
}
