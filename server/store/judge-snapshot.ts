/**
 * The judgement on a publication and on an attestation, shared by every store that judges in this process; and whether an attestation is
 * somebody else's word. Rules LO9, LO11, LO13; row F17.
 *
 * @module
 */
import { equalBytes, isZero, type Bytes } from '@y-sealed/protocol'

import type { AppendResult, Head } from '../core/ports.ts'
import type {
  AttestationEffect,
  PublicationEffect,
  PublishedSnapshot,
  SnapshotStatus,
  VerifiedSnapshot,
} from '../core/snapshot-ports.ts'

/** What is staged under an id by the unit's device. */
export interface StagedState {
  readonly held: number
  readonly total: number
  /** Once it was found good. */
  readonly verified: VerifiedSnapshot | null
}

/** The part of the state that snapshots are judged against. */
export interface SnapshotView {
  newestPublished(): { readonly id: Bytes; readonly seq: number } | null
  published(snapshotId: Bytes): PublishedSnapshot | null
  staged(snapshotId: Bytes): StagedState | null
  /** T at `seq`, 0 to the head's; `null` when it is no longer held. */
  transcriptAt(seq: number): Bytes | null
  /** Do two parts of one session stand at `seq` and behind it? They may be one group's. [LO9] */
  isBetweenParts(seq: number): boolean
}

type Refused = Exclude<AppendResult, { readonly status: 'stored' }>

/** Why a publication may not be appended now; `null` when it may. */
export function refusePublication(
  publication: PublicationEffect,
  document: PublishingLog,
  view: SnapshotView,
): Refused | null {
  const misplaced = refusePlace(publication, document, view)
  if (misplaced !== null) return misplaced
  const staged = view.staged(publication.snapshotId)
  if (staged === null || staged.verified === null) return { status: 'snapshot-missing', held: staged?.held ?? 0 }
  const { epoch, seq, transcript } = staged.verified
  const isSaid =
    epoch === publication.epoch &&
    seq === publication.seq &&
    staged.total === publication.bytes &&
    equalBytes(transcript, publication.transcript.subarray(0, transcript.length))
  return isSaid ? null : { status: 'snapshot-wrong' }
}

/** What of a log a publication is judged by. */
interface PublishingLog {
  readonly epoch: number
  readonly head: Head
}

/**
 * Why a publication does not fit the log at its end; `null` when it does. All that is asked of one that is given back after a restore, which
 * has lost the bytes of its snapshot: it stays what the next one must follow. [LO14]
 */
export function refusePlace(
  publication: PublicationEffect,
  document: PublishingLog,
  view: SnapshotView,
): Refused | null {
  if (publication.epoch !== document.epoch) return { status: 'epoch-stale', epoch: document.epoch }
  const newest = view.newestPublished()
  const follows = newest === null ? isZero(publication.parentId) : equalBytes(publication.parentId, newest.id)
  if (!follows || publication.seq <= (newest?.seq ?? 0)) return { status: 'snapshot-stale', newest }
  if (publication.seq > document.head.seq) return { status: 'seen-unknown' }
  const transcript = view.transcriptAt(publication.seq)
  if (transcript === null) return { status: 'seen-too-old' }
  if (!equalBytes(transcript, publication.transcript)) return { status: 'seen-unknown' }
  return view.isBetweenParts(publication.seq) ? { status: 'snapshot-stale', newest } : null
}

/** Why an attestation may not be appended now; `null` when it may. */
export function refuseAttestation(attestation: AttestationEffect, view: SnapshotView): Refused | null {
  const target = view.published(attestation.snapshotId)
  if (target === null) return { status: 'snapshot-missing', held: 0 }
  const agrees = equalBytes(attestation.contentDigest, target.contentDigest)
  return attestation.seq === target.seq && agrees === attestation.isSame ? null : { status: 'snapshot-wrong' }
}

/** So many of the newest publications behind the newest attested one may be attested. [LO13] */
export const ATTESTABLE = 16

/**
 * Does an attestation change anything? It names the newest attested publication or one of the newest behind it, and is more than its author's
 * own word: another member's, or, where nobody but one member ever wrote, another of its devices'.
 */
export function isCounted(
  { member, memberDevices }: AttestationEffect,
  device: Bytes,
  target: PublishedSnapshot,
  newestFirst: readonly PublishedSnapshot[],
  writers: () => readonly Bytes[],
): boolean {
  const place = newestFirst.findIndex(({ publishedAt }) => publishedAt === target.publishedAt)
  const attested = newestFirst.findIndex((each) => each.isAttested && !each.isByAge && each.disputedAt === 0)
  if (place !== attested && (place >= ATTESTABLE || (attested !== -1 && place > attested))) return false
  if (!equalBytes(member, target.member)) return true
  if (equalBytes(device, target.device)) return false
  return writers().every((writer) => memberDevices.some((own) => equalBytes(own, writer)))
}

/** What a document's row names, of all that were published. */
export function nameSnapshots(
  newestFirst: readonly PublishedSnapshot[],
): Omit<SnapshotStatus, 'entriesSince' | 'bytesSince'> {
  const usable = newestFirst.filter((each) => each.isHeld && each.disputedAt === 0)
  const attested = usable.find((each) => each.isAttested && !each.isByAge)
  return { newest: newestFirst[0] ?? null, attested: attested ?? null, usable: usable[0] ?? null }
}
