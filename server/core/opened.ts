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
import { entriesToFrames, splitPages } from './entry-frames.ts'
import type { DocumentStatus, StoredEntry } from './ports.ts'
import { signHead } from './signed-head.ts'
import type { Subscription } from './subscription.ts'

const NO_ID: Bytes = new Uint8Array(HASH_BYTES)

/** What was read for one answer. */
export interface Reading {
  readonly status: DocumentStatus
  /** `null`: nothing of the log is told, because the client's cursor is not in it or it may not read. [FR6] [AU12] */
  readonly log: { readonly entries: readonly StoredEntry[]; readonly records: readonly StoredEntry[] } | null
}

/** Says that there is no such document yet, and sets the subscription live from its beginning. */
export function sendAbsent(context: Context, subscription: Subscription): void {
  subscription.peer.send(
    encodeRelayFrame({ ...frameOf(subscription), present: false, head: zeroHead(), oldestSeq: 0, through: 0 }),
  )
  subscription.goLive(0, context.clock.now())
}

/** Says what there is, and sets the subscription live from the head that it named. */
export function sendPresent(context: Context, subscription: Subscription, cursorSeq: number, reading: Reading): void {
  const { clock, limits, headKey } = context
  const { hub, peer } = subscription
  const { status, log } = reading
  const isTold = log !== null && subscription.link === null
  const through = isTold ? (log.entries.at(-1)?.seq ?? cursorSeq) : 0
  const head = signHead(headKey, hub.id, status.head)
  peer.send(encodeRelayFrame({ ...frameOf(subscription), present: true, head, oldestSeq: 1, through }))
  if (log !== null) {
    for (const frame of recordsToFrames(hub.id, log.records, limits.pageBytes)) peer.send(frame)
    for (const frame of entriesToFrames(log.entries, limits.pageBytes)) peer.send(frame)
  }
  const now = clock.now()
  subscription.goLive(status.head.seq, now)
  if (!subscription.mayRead(now)) return
  for (const frame of hub.presence.frames(clock.monotonic())) peer.send(frame)
}

type Common = Omit<OpenedFrame, 'present' | 'head' | 'oldestSeq' | 'through'>

function frameOf({ hub, grant, role }: Subscription): Common {
  return {
    type: 'opened',
    document: hub.id,
    role,
    permissions: packPermissions(grant.permissions),
    expiresAtMs: grant.expiresAtMs,
    snapshotId: NO_ID,
    snapshotSeq: 0,
    snapshotBytes: 0,
  }
}

/** RECORDS frames, one at least: the last says `more` 0, so that a client knows when it has them all. */
function recordsToFrames(document: Bytes, records: readonly StoredEntry[], pageBytes: number): readonly Bytes[] {
  if (records.length === 0) return [encodeRecords(document, false, [])]
  const pages = splitPages(records, pageBytes)
  return pages.map((page, i) => encodeRecords(document, i < pages.length - 1, page))
}
