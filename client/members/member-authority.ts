/**
 * Who might write at each place of a members document's log: the member log once more, at the place that the entries have come to. It and
 * the one that runs ahead must agree. Rules KM16, KM18, CL1.
 *
 * @module
 */
import {
  equalBytes,
  KIND,
  MemberLog,
  sodiumSha512,
  SyncError,
  type Bytes,
  type CountedRecord,
  type Envelope,
  type Members,
} from '@y-sealed/protocol'
import type { Authority, DocumentRole, Placement } from '../document/document-access.ts'
import type { AuthorityBase } from '../log/log-base.ts'
import { copyEnvelope } from './copy-envelope.ts'

/** The records that count as far as they are known, ahead of the log or with it. */
export interface KnownRecords {
  /** 32 bytes. */
  readonly genesisHash: Bytes
  readonly members: Members
  /** Every record that counts, oldest first. */
  readonly records: readonly { readonly seq: number; readonly record: CountedRecord }[]
  /** The one that stands at this place of the log, or `null`. */
  recordAt(seq: number): CountedRecord | null
  /** Takes one that the log brings and that counts there. Throws `LOG_INVALID` where another was known to come first. */
  acceptPlaced(record: CountedRecord, seq: number): void
}

/** Whether a device is known, the records say. */
const MEMBERS_SESSION = { standing: 'live', keys: null } as const

export class MemberAuthority implements Authority {
  readonly #known: KnownRecords
  /** Records whose place the log has reached. */
  readonly #placed: MemberLog

  /** From the start, or from where `base` says: throws `LOG_INVALID` where the records known up to there are others. */
  constructor(known: KnownRecords, base?: AuthorityBase) {
    this.#known = known
    this.#placed = new MemberLog(sodiumSha512, known.genesisHash)
    if (base === undefined) return
    for (const { seq, record } of known.records) if (seq <= base.seq) this.#placed.apply(record, seq)
    if (!equalBytes(this.#placed.recordHead, base.recordHead)) throw contradiction()
  }

  place(seq: number, envelope: Envelope): Placement {
    const known = this.#known.recordAt(seq)
    if (known !== null) {
      if (!equalBytes(known.envelope.bytes, envelope.bytes)) throw contradiction()
      this.#placed.apply(known, seq)
      return { kind: 'record' }
    }
    if (envelope.kind !== KIND.record) {
      if (seq === 1) throw contradiction()
      return { kind: 'entry' }
    }
    const verdict = this.#placed.judge(copyEnvelope(envelope))
    if (!verdict.ok) {
      if (seq === 1) throw contradiction()
      return { kind: 'refused', reason: verdict.reason }
    }
    this.#known.acceptPlaced(verdict, seq)
    this.#placed.apply(verdict, seq)
    return { kind: 'record' }
  }

  commitmentOf(epoch: number, seq: number = Infinity): Bytes | null {
    const opened = this.#placed.members.epochs[epoch - 1]
    return opened !== undefined && opened.openedAt < seq ? opened.commitment : null
  }

  isOpenAt(epoch: number, seq: number): boolean {
    const inForce = this.#placed.members.epochAt(seq)
    return inForce?.epoch === epoch && (inForce.closedAt === null || seq <= inForce.closedAt)
  }

  authorOf({ device }: Envelope, seq: number): { readonly signPublic: Bytes; readonly single: boolean } | null {
    const certificate = this.#placed.members.certificateAt(device, seq)
    return certificate === null ? null : { signPublic: certificate.signPublic, single: false }
  }

  acceptBind(): void {}

  get recordHead(): Bytes {
    return this.#placed.recordHead
  }

  memberOf(device: Bytes): Bytes | null {
    return this.#placed.members.lastMemberOf(device)
  }

  signKeyOf({ device }: Envelope, seq: number): Bytes | null {
    return this.#placed.members.certificateAt(device, seq)?.signPublic ?? null
  }

  introductionOf(): typeof MEMBERS_SESSION {
    return MEMBERS_SESSION
  }

  introducedBy(): null {
    return null
  }

  roleAt(device: Bytes, _session: Bytes, seq: number): DocumentRole {
    return this.#placed.members.roleAt(device, seq)
  }

  /** Whoever is a member by the newest record known: presence has no place in the log. */
  presenceKeyOf({ device }: Envelope): Bytes | null {
    const { members } = this.#known
    return members.memberOf(device) === null ? null : (members.certificateOf(device)?.signPublic ?? null)
  }
}

function contradiction(): SyncError {
  return new SyncError('LOG_INVALID', "the relay's log does not hold the document's records where they stand")
}
