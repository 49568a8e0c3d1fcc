/**
 * What the core asks of a store about snapshots: pieces on their way in, what was published, and what may go because of it. A part of the
 * port {@link Store}. Rules LO10, LO11, LO13, LO15.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

/** Names a snapshot that is being uploaded: each device has its own, so that nobody can be in another's way. */
export interface StagedRef {
  readonly document: Bytes
  /** 16 bytes. */
  readonly device: Bytes
  /** 32 bytes. */
  readonly snapshotId: Bytes
}

/** A piece of a snapshot's envelope of `total` bytes. */
export interface SnapshotPiece extends StagedRef {
  readonly total: number
  readonly offset: number
  readonly bytes: Bytes
}

/** What one document may have staged at once, by all its devices. */
export interface StagingLimits {
  readonly maxBytes: number
  readonly maxSnapshots: number
}

/**
 * `taken`: the bytes before `held` are there; `isVerified` once {@link SnapshotStore.accept} has said so, or when it is published. A piece
 * that does not begin there changes nothing. The first piece of another takes the place of what the device had staged. `no-room`: with it the document would have more staged than it may, by so many `bytes` that
 * are left.
 */
export type StageResult =
  | { readonly status: 'taken'; readonly held: number; readonly isVerified: boolean }
  | { readonly status: 'no-room'; readonly bytes: number }
  /** Another total than the pieces before it had. */
  | { readonly status: 'mismatch' }
  | { readonly status: 'unknown' | 'deleted' }

/** What the header of a snapshot says that was found good. */
export interface VerifiedSnapshot {
  readonly epoch: number
  /** It is the log up to here. */
  readonly seq: number
  /** First 16 bytes of the transcript there. */
  readonly transcript: Bytes
}

/** A snapshot that an entry of the log has put into force. */
export interface PublishedSnapshot {
  readonly id: Bytes
  /** It is the log up to here. */
  readonly seq: number
  /** Of its envelope. */
  readonly bytes: number
  readonly contentDigest: Bytes
  /** Author: the device, and the member to which it belonged; in `shared-key` mode the device again. */
  readonly device: Bytes
  readonly member: Bytes
  /** Was its author an admin? In `shared-key` mode everybody is. */
  readonly isAdmins: boolean
  /** Seq of its publication. */
  readonly publishedAt: number
  /** Unix ms by this relay's clock. */
  readonly publishedAtMs: number
  readonly isAttested: boolean
  /** Its age alone vouches for it: enough to trim by, and not for others to start from. */
  readonly isByAge: boolean
  /** Seq of the newest attestation that says it is wrong; 0 for none. */
  readonly disputedAt: number
  /** Is it still there to be read? */
  readonly isHeld: boolean
}

/** What a publication does, in the transaction of its entry. */
export interface PublicationEffect {
  readonly snapshotId: Bytes
  readonly seq: number
  /** 32 bytes. */
  readonly transcript: Bytes
  /** Zeros for none. */
  readonly parentId: Bytes
  readonly epoch: number
  readonly bytes: number
  readonly contentDigest: Bytes
  /** To whom its author belongs; in `shared-key` mode the device. */
  readonly member: Bytes
}

/** What an attestation does. */
export interface AttestationEffect {
  readonly snapshotId: Bytes
  readonly seq: number
  readonly isSame: boolean
  readonly contentDigest: Bytes
  readonly member: Bytes
  /** All devices that are or were that member's: did nobody else write? */
  readonly memberDevices: readonly Bytes[]
}

/** What a document's row says of its snapshots. */
export interface SnapshotStatus {
  /** The newest that was published. */
  readonly newest: PublishedSnapshot | null
  /** The newest that another device attested, that is held and not disputed. */
  readonly attested: PublishedSnapshot | null
  /** The newest that is held and not disputed, attested or not. */
  readonly usable: PublishedSnapshot | null
  /** Entries and bytes in the log behind the newest published. */
  readonly entriesSince: number
  readonly bytesSince: number
}

/** What may be trimmed: bodies through this seq, of entries older than this, at once so many, or until so many bytes have gone. */
export interface TrimBounds {
  readonly through: number
  /** Unix seconds. */
  readonly beforeS: number
  readonly maxEntries: number
  readonly maxBytes: number
}

/** What one step of trimming did: bodies that went, and entries that it passed in all; 0: there is nothing left to do. */
export interface TrimStep {
  readonly entries: number
  readonly bytes: number
  /** Bodies up to here are gone. */
  readonly base: number
  readonly moved: number
}

export interface SnapshotStore {
  /** Takes a piece; what it reports as held is durable. Never holds up an append for longer than the writing of one piece. */
  stage(piece: SnapshotPiece, limits: StagingLimits): Promise<StageResult>
  /** The header (124 bytes) and the signature of one that is staged whole; `null` of any other. */
  ends(staged: StagedRef): Promise<{ readonly header: Bytes; readonly signature: Bytes } | null>
  /** First 32 bytes of SHA-512 over `prefix` and all but the signature of one that is staged whole; `null` of any other. Gives way to others. */
  hash(staged: StagedRef, prefix: Bytes): Promise<Bytes | null>
  /** It is what it says it is: it may be published. */
  accept(staged: StagedRef, verified: VerifiedSnapshot): Promise<void>
  /** It is not: its pieces go. */
  discard(staged: StagedRef): Promise<void>
  /** At most `maxBytes` from an offset on, to the end of a row; `null` when no such snapshot is published and held. */
  read(
    document: Bytes,
    snapshotId: Bytes,
    offset: number,
  ): Promise<{ readonly total: number; readonly bytes: Bytes } | null>
  /** All that were published and are not forgotten, newest first. */
  published(document: Bytes): Promise<readonly PublishedSnapshot[]>
  /** Devices that ever stored an entry that is no record. */
  writers(document: Bytes): Promise<readonly Bytes[]>
  /** Documents with a published snapshot, ascending by a key of the store's own, behind the document of that key. */
  documents(after: number, max: number): Promise<readonly { readonly key: number; readonly id: Bytes }[]>
  /** Its age vouches for it: it counts as attested from now on. */
  attest(document: Bytes, snapshotId: Bytes): Promise<void>
  /** Bodies of entries that are no records go, oldest first, but that of the newest of all; their marks stay. Durable. */
  trim(document: Bytes, bounds: TrimBounds): Promise<TrimStep>
  /**
   * Marks older than `beforeS` (Unix seconds) go, oldest first, of trimmed entries only; about so many, a few at least. What a session that
   * may still go on needs is kept apart from them. Publications go with their marks, but those of which something may yet come. Gives how many
   * marks went.
   */
  forgetMarks(document: Bytes, beforeS: number, maxEntries: number): Promise<number>
  /** Published snapshots but these are not to be read any more; {@link SnapshotStore.reap} takes their bytes. Gives how many went. */
  keepOnly(document: Bytes, snapshotIds: readonly Bytes[]): Promise<number>
  /** Takes away bytes of what is not to be read any more, and of what was staged and not touched since (Unix ms), at most so many rows; how many went. */
  reap(beforeMs: number, maxRows: number): Promise<number>
  /** Gives room that nothing stands in any more back to the system, at most so many pages; how many went. */
  shrink(maxPages: number): Promise<number>
}
