/**
 * What this device holds of one document: who it is, which keys it has, and who may write. The two trust modes differ here and nowhere
 * else in the client. Rules KM3, KM13–KM15, CL1.
 *
 * @module
 */
import type { Bytes, Certificate, Envelope, Genesis } from '@y-sealed/protocol'
import type { Device, EpochKey } from '@y-sealed/protocol/sealing'

/** What a device may do in a document at a place of its log. */
export type DocumentRole = 'none' | 'reader' | 'writer' | 'admin'

export interface DocumentAccess {
  readonly mode: 'members' | 'shared-key'
  /** 16 bytes. [KM3] */
  readonly documentId: Bytes
  /** 32 bytes. */
  readonly genesisHash: Bytes
  /** The genesis record's body where this device may lay the document down; `null` for one that somebody else made. */
  readonly genesisBody: Bytes | null
  /** The key that entries are sealed under now. */
  readonly current: EpochKey
  /** The key of an epoch, or `null` when this device does not hold it. */
  keyOf(epoch: number): EpochKey | null
  /** The introduction that a session's first bind carries; `null` in `members` mode. [KM15] */
  introduce(device: Device, session: Bytes): Certificate | null
  /** The room key's signature for the embedded issuer; absent in `members` mode. [AU10] */
  readonly roomProof?: (input: Bytes) => { readonly commitment: Bytes; readonly key: Bytes; readonly proof: Bytes }
  /** A fresh judge of authorship for reading the log from its start. */
  createAuthority(): Authority
}

/** Who wrote an entry, and whether they might, at that place of the log. Fed in log order. */
export interface Authority {
  /** Takes the genesis; false when it is not this document's or its author is not who it must be. [KM3] [KM14] */
  acceptGenesis(envelope: Envelope, genesis: Genesis): boolean
  /** The key by which the author's entry is to verify, and whether singly; `null` for an author that nobody knows. */
  authorOf(envelope: Envelope): { readonly signPublic: Bytes; readonly single: boolean } | null
  /** Takes a bind that counts: in `shared-key` mode its introduction now stands for its session. [KM15] */
  acceptBind(envelope: Envelope): void
  /** As of the entries accepted so far. */
  roleOf(device: Bytes, session: Bytes): DocumentRole
  /** Judges the signing key for presence, which may bring its own introduction. */
  presenceKeyOf(envelope: Envelope, introduction: Certificate | null): Bytes | null
}
