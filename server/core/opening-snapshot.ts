/**
 * The snapshot that OPENED names, and whether it comes along. Rules FR5, LO13.
 *
 * @module
 */
import { encodeRelayFrame, equalBytes, type Bytes } from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { isSameId } from './open-documents.ts'
import type { DocumentStatus, StoredEntry } from './ports.ts'
import type { PublishedSnapshot } from './snapshot-ports.ts'
import type { Subscription } from './subscription.ts'

/** What of the log and of a snapshot is told inline. */
export interface Inline {
  readonly entries: readonly StoredEntry[]
  /** SNAPSHOT_CHUNK frames of the whole snapshot; none when it does not come along. */
  readonly chunks: readonly Bytes[]
}

/** More entries than fit a page, whatever their size. */
const MANY = 1024

/**
 * The newest that this device may start from: one of its own member's, or one that another device attested; where the log from there on is not
 * held any more, whatever there is.
 */
export async function findSnapshot(
  subscription: Subscription,
  { mode, genesisHash, base, snapshots }: DocumentStatus,
): Promise<PublishedSnapshot | null> {
  const { newest, attested, usable } = snapshots
  if (newest === null || usable === null) return null
  const isNewest = equalBytes(newest.id, usable.id)
  const isNewer = attested === null || !equalBytes(newest.id, attested.id)
  if (isNewest && isNewer && (await isOwn(subscription, newest, mode, genesisHash))) return newest
  if (attested !== null && attested.seq >= base) return attested
  return base > 0 ? usable : null
}

async function isOwn(
  { hub, peer }: Subscription,
  { device, member }: PublishedSnapshot,
  mode: DocumentStatus['mode'],
  genesisHash: Bytes,
): Promise<boolean> {
  if (isSameId(device, peer.device)) return true
  if (mode === 'shared-key') return false
  const { members } = await hub.members.current(genesisHash)
  const own = members.lastMemberOf(peer.device)
  return own !== null && equalBytes(own, member)
}

/**
 * What comes along after a cursor: the log, where it fits a page; else the snapshot with as much of what follows it as fits beside it; of a
 * snapshot that does not fit, nothing, since the client is to choose.
 */
export async function readInline(
  { store, limits }: Context,
  { hub }: Subscription,
  cursorSeq: number,
  { head, base }: DocumentStatus,
  snapshot: PublishedSnapshot | null,
): Promise<Inline> {
  const readUpTo = async (after: number, bytes: number): Promise<readonly StoredEntry[]> => {
    const entries = await store.read(hub.id, after, { entries: MANY, bytes })
    return entries.filter((entry) => entry.seq <= head.seq)
  }
  if (cursorSeq === head.seq) return { entries: [], chunks: [] }
  // Where the next body is gone, a record that stands alone before the gap is no help.
  const entries = cursorSeq < base ? [] : await readUpTo(cursorSeq, limits.pageBytes)
  const isWhole = entries.at(-1)?.seq === head.seq
  if (isWhole || snapshot === null || snapshot.seq <= cursorSeq) return { entries, chunks: [] }
  const left = limits.pageBytes - snapshot.bytes
  if (left < 0) return { entries: [], chunks: [] }
  const chunks = await readChunks(store, hub.id, snapshot)
  if (chunks === null) return { entries, chunks: [] }
  const tail = snapshot.seq < head.seq ? await readUpTo(snapshot.seq, left) : []
  const [first] = tail
  return { chunks, entries: first !== undefined && first.envelope.length > left ? [] : tail }
}

/** All of it; `null` when it was dropped meanwhile. */
async function readChunks(
  { snapshots }: Context['store'],
  document: Bytes,
  { id: snapshotId, bytes: total }: PublishedSnapshot,
): Promise<readonly Bytes[] | null> {
  const chunks: Bytes[] = []
  for (let offset = 0; offset < total;) {
    const read = await snapshots.read(document, snapshotId, offset)
    if (read === null) return null
    const { bytes } = read
    chunks.push(encodeRelayFrame({ type: 'snapshot-chunk', document, snapshotId, total, offset, bytes }))
    offset += bytes.length
  }
  return chunks
}
