/**
 * The answer to OPEN: OPENED, the records, and what of the log fits a page. Rules FR5, FR6.
 *
 * @module
 */
import {
  encodeRecords,
  encodeRelayFrame,
  HASH_BYTES,
  packPermissions,
  zeroHead,
  type Bytes,
  type OpenedFrame,
} from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { sendEntries, splitPages } from './entry-frames.ts'
import type { DocumentStatus, StoredEntry } from './ports.ts'
import { pause } from './pause.ts'
import type { PublishedSnapshot } from './snapshot-ports.ts'
import { signHead } from './signed-head.ts'
import type { Subscription } from './subscription.ts'

/** How long a peer that has enough to take is left alone. */
const DRAIN_MS = 20
const NO_ID: Bytes = new Uint8Array(HASH_BYTES)

/** What was read for one answer. */
export interface Reading {
  readonly status: DocumentStatus
  /** What OPENED names; `null`: none that this client may start from. */
  readonly snapshot: PublishedSnapshot | null
  /** `null`: nothing of the log is told, because it may not read. [FR6] */
  readonly log: {
    readonly entries: readonly StoredEntry[]
    /** SNAPSHOT_CHUNK frames that come before them. */
    readonly chunks: readonly Bytes[]
    /** The first of them where there are more; then there are no entries. */
    readonly records: readonly StoredEntry[]
    readonly hasMore: boolean
    /** Is the client's cursor a place in this log? Else no entries are told, nor are they on a link's socket. [FR6] [AU12] */
    readonly isCursorHeld: boolean
  } | null
}

/** Says that there is no such document yet, and sets the subscription live from its beginning. */
export function sendAbsent(context: Context, subscription: Subscription): void {
  subscription.peer.send(
    encodeRelayFrame({ ...frameOf(subscription, null), present: false, head: zeroHead(), oldestSeq: 0, through: 0 }),
  )
  subscription.goLive(0, context.clock.now())
}

/**
 * Says what there is, and sets the subscription live from the head that it named. Records that are too many to wait for one peer follow
 * as it takes them. Rejects when the store does.
 */
export async function sendPresent(
  context: Context,
  subscription: Subscription,
  cursorSeq: number,
  reading: Reading,
): Promise<void> {
  const { clock, limits, headKey } = context
  const { hub, peer } = subscription
  const { status, log, snapshot } = reading
  const isTold = log?.isCursorHeld === true
  const from = isTold && log.chunks.length > 0 && snapshot !== null ? snapshot.seq : cursorSeq
  const through = isTold ? (log.entries.at(-1)?.seq ?? from) : 0
  const hasMore = log?.hasMore === true
  const head = signHead(headKey, hub.id, status.head)
  const oldestSeq = status.base + 1
  peer.send(encodeRelayFrame({ ...frameOf(subscription, snapshot), present: true, head, oldestSeq, through }))
  if (log !== null) {
    for (const frame of recordsToFrames(hub.id, log.records, limits.pageBytes, hasMore)) peer.send(frame)
    for (const frame of log.chunks) peer.send(frame)
    sendEntries(log.entries, limits.pageBytes, (frame, rest) => peer.send(frame, rest))
  }
  if (hasMore) {
    await subscription.goLiveBehind(
      status.head.seq,
      sendMoreRecords(context, subscription, log.records, status.recordSeq),
    )
    if (subscription.state !== 'live') return
  } else subscription.goLive(status.head.seq, clock.now())
  if (!subscription.mayRead(clock.now())) return
  for (const frame of hub.presence.frames(clock.monotonic())) peer.send(frame)
}

type Common = Omit<OpenedFrame, 'present' | 'head' | 'oldestSeq' | 'through'>

function frameOf({ hub, grant, role }: Subscription, snapshot: PublishedSnapshot | null): Common {
  return {
    type: 'opened',
    document: hub.id,
    role,
    permissions: packPermissions(grant.permissions),
    expiresAtMs: grant.expiresAtMs,
    snapshotId: snapshot?.id ?? NO_ID,
    snapshotSeq: snapshot?.seq ?? 0,
    snapshotBytes: snapshot?.bytes ?? 0,
  }
}

/** The records after `sent` up to `last`, a page at a time, each when most of what went before has been taken. [H5] */
async function sendMoreRecords(
  { store, clock, limits }: Context,
  subscription: Subscription,
  sent: readonly StoredEntry[],
  last: number,
): Promise<void> {
  const { hub, peer } = subscription
  const mayGoOn = (): boolean => subscription.state === 'live' && subscription.mayReadRecords(clock.now())
  for (let after = sent.at(-1)?.seq ?? 0; after < last;) {
    const isFull = peer.bufferedBytes > limits.liveQueueBytes
    await pause(clock, isFull ? DRAIN_MS : 0)
    if (!mayGoOn()) return
    if (isFull) continue
    const read = await store.readRecords(hub.id, after, limits.pageBytes)
    if (!mayGoOn()) return
    const page = read.filter(({ seq }) => seq <= last)
    after = page.at(-1)?.seq ?? last
    for (const frame of recordsToFrames(hub.id, page, limits.pageBytes, after < last)) peer.send(frame)
  }
}

/** RECORDS frames, one at least: the last of all says `more` 0, so that a client knows when it has them. */
function recordsToFrames(
  document: Bytes,
  records: readonly StoredEntry[],
  pageBytes: number,
  hasMore: boolean,
): readonly Bytes[] {
  if (records.length === 0) return [encodeRecords(document, hasMore, [])]
  const pages = splitPages(records, pageBytes)
  return pages.map((page, i) => encodeRecords(document, hasMore || i < pages.length - 1, page))
}
