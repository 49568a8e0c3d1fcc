/**
 * The published snapshots of a log as its entries say: which count, and what attestations make of them. A function of the log, and of no
 * snapshot's content. Rules LO11, LO13.
 *
 * @module
 */
import {
  equalBytes,
  isZero,
  packPublications,
  readPublication,
  type AttestationBody,
  type Bytes,
  type Envelope,
  type PublicationBody,
  type PublishedSnapshot,
  type SnapshotStanding,
  type SortedRows,
} from '@y-sealed/protocol'

/** Attestations may name so many of the newest publications behind the newest attested one. [LO13] */
const ATTESTABLE = 16

/** An entry with what the log says of its author: the member to which the device belonged there. */
export interface Authored {
  readonly seq: number
  readonly envelope: Envelope
  readonly member: Bytes
}

/** What the log up to an entry says. */
export interface LedgerView {
  /** Compares T with the log's. */
  compare(seq: number, transcript: Bytes): 'same' | 'different' | 'unknown'
  /** Are all counted binds so far by devices of this member? */
  isSoleMember(member: Bytes): boolean
}

export class SnapshotLedger {
  /** Ascending by k. */
  #publications: PublishedSnapshot[]

  /** `rows` as a snapshot lists them. [LO10] */
  constructor(rows?: SortedRows) {
    this.#publications = rows ? Array.from({ length: rows.length }, (_, i) => readPublication(rows, i)) : []
  }

  /** The one that the next publication must name as its parent; `null` for none. */
  get newest(): PublishedSnapshot | null {
    return this.#publications.at(-1) ?? null
  }

  /** The newest that everybody trusts. */
  get attested(): PublishedSnapshot | null {
    return this.#publications.findLast(({ standing }) => standing === 'attested') ?? null
  }

  /** Ascending by k: the newest attested and what came after it. */
  get all(): readonly PublishedSnapshot[] {
    return this.#publications
  }

  find(id: Bytes): PublishedSnapshot | null {
    return this.#publications.find((each) => equalBytes(each.id, id)) ?? null
  }

  /** Takes a publication at its place; `null` when it does not count. [LO11] */
  publish({ seq, envelope, member }: Authored, body: PublicationBody, view: LedgerView): PublishedSnapshot | null {
    const { newest } = this
    const follows = newest === null ? isZero(body.parentId) : equalBytes(body.parentId, newest.id)
    if (!follows || body.seq <= (newest?.seq ?? 0) || body.seq >= seq || body.snapshotEpoch !== envelope.epoch)
      return null
    if (view.compare(body.seq, body.transcript) === 'different') return null
    const published: PublishedSnapshot = {
      seq: body.seq,
      id: body.snapshotId.slice(),
      device: envelope.device.slice(),
      member: member.slice(),
      contentDigest: body.contentDigest.slice(),
      standing: 'published',
    }
    this.#publications.push(published)
    this.#forget()
    return published
  }

  /** Takes an attestation at its place: the snapshot as it stands now; `null` when it does not count. [LO13] */
  attest({ envelope, member }: Authored, body: AttestationBody, view: LedgerView): PublishedSnapshot | null {
    const target = this.find(body.snapshotId)
    if (target === null || target.seq !== body.seq) return null
    const agrees = equalBytes(body.contentDigest, target.contentDigest)
    if (agrees !== (body.verdict === 'same')) return null
    if (equalBytes(target.member, member) && (equalBytes(target.device, envelope.device) || !view.isSoleMember(member)))
      return null
    return this.#stand(target, body.verdict === 'different' ? 'disputed' : 'attested')
  }

  /** Says good of a snapshot that another, vouched for meanwhile, has overtaken: it does not count, and nobody is at fault. [LO13] */
  isLate({ seq, verdict }: AttestationBody): boolean {
    return verdict === 'same' && seq < (this.attested?.seq ?? 0)
  }

  /** As a snapshot of the log up to here lists them. [LO10] */
  rows(): SortedRows {
    return packPublications(this.#publications)
  }

  /** What was disputed stays so. */
  #stand(target: PublishedSnapshot, standing: SnapshotStanding): PublishedSnapshot {
    const changed: PublishedSnapshot = { ...target, standing: target.standing === 'disputed' ? 'disputed' : standing }
    this.#publications = this.#publications.map((each) => (each === target ? changed : each))
    this.#forget()
    return changed
  }

  /** Only of the newest attested one, and of the newest behind it, may be spoken any more. */
  #forget(): void {
    const attested = this.attested
    const behind = this.#publications.filter(({ seq }) => seq > (attested?.seq ?? 0)).slice(-ATTESTABLE)
    this.#publications = attested === null ? behind : [attested, ...behind]
  }
}
