/**
 * What this device holds of one document: who it is, which keys it has, and who may write. The two trust modes differ here and nowhere
 * else in the client. Rules KM3, KM13–KM18, CL1.
 *
 * @module
 */
import type { Bytes, Certificate, Envelope, RecordRefusal, Role, SessionStanding } from '@y-sealed/protocol'
import type { Device, EpochKey } from '@y-sealed/protocol/sealing'
import type { AuthorityBase } from '../log/log-base.ts'
import type { StoredEntry } from '../stores/document-store.ts'

/** What a device may do in a document at a place of its log. */
export type DocumentRole = Role

export interface DocumentAccess {
  readonly mode: 'members' | 'shared-key'
  /** 16 bytes. [KM3] */
  readonly documentId: Bytes
  /** 32 bytes. */
  readonly genesisHash: Bytes
  /** The genesis record's body where this device may lay the document down; `null` for one that somebody else made. */
  readonly genesisBody: Bytes | null
  /**
   * The key that entries are sealed under now; `null` while none may be: the epoch is closed, its key is not held, or this device is no
   * member. [KM18]
   */
  readonly current: EpochKey | null
  /** The newest key that this device has for good: under it, or one before it, it keeps what is not sealed yet. `null` before the first. [CL14] */
  readonly draftKey: EpochKey | null
  /** The key of an epoch, or `null` when this device does not hold it. */
  keyOf(epoch: number): EpochKey | null
  /** The introduction that a session's first bind carries; `null` in `members` mode. [KM15] */
  introduce(device: Device, session: Bytes): Certificate | null
  /** The room key's signature for the embedded issuer; absent in `members` mode. [AU10] */
  readonly roomProof?: (input: Bytes) => { readonly commitment: Bytes; readonly key: Bytes; readonly proof: Bytes }
  /** The member records up to a place, oldest first, as a store keeps them; none in `shared-key` mode. */
  recordsUpTo(seq: number): readonly StoredEntry[]
  /**
   * A fresh judge of authorship for reading the log from its start, or from a place on. Throws `LOG_INVALID` where the records known up to
   * there are not those that the base is of.
   */
  createAuthority(base?: AuthorityBase): Authority
}

/** What an entry is as the member log sees it: a record that counts, one that does not, or none of its business. [KM16] */
export type Placement =
  | { readonly kind: 'entry' }
  | { readonly kind: 'record' }
  | { readonly kind: 'refused'; readonly reason: RecordRefusal }

/** Who wrote an entry, and whether they might, at that place of the log. Fed in log order. */
export interface Authority {
  /**
   * Takes the next entry at its place. Throws `LOG_INVALID` for a first entry that is not this document's genesis, and where a record is
   * known to stand at this place and it is another. [KM3] [KM14] [KM16]
   */
  place(seq: number, envelope: Envelope): Placement
  /** The commitment (32 bytes) of an epoch that was opened by what {@link place} has taken, and before `seq` if one is given; `null` for one that was not. */
  commitmentOf(epoch: number, seq?: number): Bytes | null
  /** Is this the epoch in force just before `seq`, and open? [KM18] */
  isOpenAt(epoch: number, seq: number): boolean
  /** The key by which the author's entry is to verify, and whether singly; `null` for an author that nobody knows at that place. */
  authorOf(envelope: Envelope, seq: number): { readonly signPublic: Bytes; readonly single: boolean } | null
  /** Takes a bind that counts: in `shared-key` mode its introduction now stands for its session. [KM15] */
  acceptBind(envelope: Envelope): void
  /** What a device might do just before `seq`. */
  roleAt(device: Bytes, session: Bytes, seq: number): DocumentRole
  /** Id of the member to which a device belongs, or belonged last, by what {@link place} has taken; in `shared-key` mode the device. */
  memberOf(device: Bytes): Bytes | null
  /** Id of the newest record taken, 32 bytes; zeros before the genesis. */
  readonly recordHead: Bytes
  /** The signing key (32 bytes) of the author of an entry that counts at `seq`. */
  signKeyOf(envelope: Envelope, seq: number): Bytes | null
  /** How a session stands that is not dead and, in `shared-key` mode, both public keys (64 bytes) of the device that it introduced. [LO10] */
  introductionOf(
    device: Bytes,
    session: Bytes,
  ): { readonly standing: Exclude<SessionStanding, 'dead'>; readonly keys: Bytes | null }
  /** Both public keys (64 bytes) of the device that a bind introduces by its own bytes; `null` for all else, and in `members` mode. [KM15] */
  introducedBy(envelope: Envelope): Bytes | null
  /** Judges the signing key for presence, which may bring its own introduction. */
  presenceKeyOf(envelope: Envelope, introduction: Certificate | null): Bytes | null
}
