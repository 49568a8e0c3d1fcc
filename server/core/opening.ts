/**
 * OPEN: subscribe first, read after, so that nothing falls between and nothing comes twice out of order. Live entries are held
 * back until the answer has been sent; then they follow it. Rules FR5, FR6, FR10.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  encodeRelayFrame,
  encodeRecords,
  equalBytes,
  HASH_BYTES,
  isZero,
  packPermissions,
  startTranscript,
  zeroHead,
  type Bytes,
  type OpenFrame,
  type RefusalCode,
} from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { judgeToken } from './grant.ts'
import type { DocumentStatus, StoredEntry } from './ports.ts'
import { signHead } from './signed-head.ts'
import type { Socket } from './socket.ts'
import { entriesToFrames, Subscription } from './subscription.ts'

/** More entries than fit a page, whatever their size. */
const MANY = 1024
/** How often an opening begins again because too much came in while it read. */
const MAX_ATTEMPTS = 5
const NO_ID: Bytes = new Uint8Array(HASH_BYTES)

/** What was read for one answer. */
interface Reading {
  readonly status: DocumentStatus
  /** `null` when the client's cursor is not in this log. [FR6] */
  readonly entries: readonly StoredEntry[] | null
  readonly records: readonly StoredEntry[]
}

/** Opens a document on a socket, or refuses to. Never rejects. */
export async function handleOpen(socket: Socket, frame: OpenFrame): Promise<void> {
  const { context, documents, hubs } = socket
  const { limits } = context
  const document = frame.document.slice()
  const refused = { type: CLIENT_FRAME.open, document }
  if (documents.find(document) !== null) return socket.refuse(refused, { code: 'ALREADY_OPEN' })
  if (documents.size >= limits.documentsPerSocket) {
    return socket.refuse(refused, { code: 'RATE', retryAfterMs: limits.retryAfterMs })
  }
  const slot = documents.add(document)
  const grant = await judgeToken(socket, frame.token, document)
  if (slot.isCancelled || !socket.isOpen) return
  if (grant === null) {
    documents.remove(slot)
    return socket.refuse(refused, { code: 'TOKEN_REFUSED' })
  }
  const { hub, started, isFirst } = hubs.acquire(document)
  const subscription = new Subscription(hub, socket, grant, limits.toleranceMs)
  slot.subscription = subscription
  hub.subscriptions.add(subscription)
  let code: RefusalCode | null
  try {
    const row = await started
    code = await answerOpen(context, subscription, frame, isFirst ? row : undefined)
  } catch {
    context.metrics.count('opens_failed')
    code = 'UNAVAILABLE'
  }
  // Ended while it was being opened: deleted, or lost.
  if (code === null && hub.isEnded) code = hub.endedWith
  if (code !== null && !slot.isCancelled) {
    documents.remove(slot)
    socket.refuse(refused, { code, retryAfterMs: code === 'UNAVAILABLE' ? limits.retryAfterMs : 0 })
  }
  if (code !== null) hub.remove(subscription)
  hubs.release(hub)
}

/**
 * Answers OPEN for a subscription that its hub already holds, and sets it live. Gives the refusal, if it is one; nothing has been sent
 * then. Rejects when the store does.
 */
async function answerOpen(
  context: Context,
  subscription: Subscription,
  frame: OpenFrame,
  row: DocumentStatus | null | undefined,
): Promise<RefusalCode | null> {
  const { hub } = subscription
  let known = row
  for (let attempt = 1; ; attempt++) {
    const status = known === undefined ? await hub.readStatus() : known
    known = undefined
    if (status === null) {
      if (!subscription.grant.permissions.has('create')) return 'UNKNOWN_DOCUMENT'
      // Created while the row was read: the hub has heard of it.
      if (hub.document !== null && attempt < MAX_ATTEMPTS) continue
      if (subscription.state === 'opening') sendAbsent(context, subscription)
      return null
    }
    if (status.deleted) return 'DELETED'
    hub.observe(status)
    if (status.mode === 'members') subscription.role = await context.store.roleOf(hub.id, subscription.peer.device)
    const reading = await readFor(context, subscription, frame, status)
    if (subscription.state !== 'opening') return null
    if (subscription.isOverrun && attempt < MAX_ATTEMPTS) {
      subscription.startOver()
      continue
    }
    if (subscription.isOverrun) return 'UNAVAILABLE'
    sendPresent(context, subscription, frame, reading)
    return null
  }
}

async function readFor(
  { store, sha512, clock, limits }: Context,
  subscription: Subscription,
  frame: OpenFrame,
  status: DocumentStatus,
): Promise<Reading> {
  const { id } = subscription.hub
  const { cursorSeq, cursorTranscript } = frame
  if (cursorSeq > status.head.seq) return { status, entries: null, records: [] }
  if (cursorSeq === 0) {
    const isStart =
      isZero(cursorTranscript) || equalBytes(cursorTranscript, startTranscript(sha512, status.genesisHash))
    if (!isStart) return { status, entries: null, records: [] }
  } else {
    const transcript = await store.transcriptAt(id, cursorSeq)
    if (transcript === null || !equalBytes(transcript, cursorTranscript)) return { status, entries: null, records: [] }
  }
  if (!subscription.mayRead(clock.now())) return { status, entries: [], records: [] }
  const hasRecords = equalBytes(frame.recordHead, status.recordHead)
  const [records, entries] = await Promise.all([
    hasRecords ? [] : readAllRecords(subscription, store, limits.pageBytes),
    cursorSeq === status.head.seq ? [] : store.read(id, cursorSeq, { entries: MANY, bytes: limits.pageBytes }),
  ])
  return { status, records, entries: entries.filter((entry) => entry.seq <= status.head.seq) }
}

/** All records: the id of an older record names no seq, so whoever does not hold the newest gets them from the first on. */
async function readAllRecords(
  { hub }: Subscription,
  store: Context['store'],
  pageBytes: number,
): Promise<readonly StoredEntry[]> {
  const records: StoredEntry[] = []
  for (;;) {
    const page = await store.readRecords(hub.id, records.at(-1)?.seq ?? 0, pageBytes)
    if (page.length === 0) return records
    records.push(...page)
  }
}

function sendAbsent(context: Context, subscription: Subscription): void {
  const { hub, grant, peer } = subscription
  peer.send(
    encodeRelayFrame({
      type: 'opened',
      document: hub.id,
      present: false,
      head: zeroHead(),
      role: 'none',
      permissions: packPermissions(grant.permissions),
      expiresAtMs: grant.expiresAtMs,
      oldestSeq: 0,
      snapshotId: NO_ID,
      snapshotSeq: 0,
      snapshotBytes: 0,
      through: 0,
    }),
  )
  subscription.goLive(0, context.clock.now())
}

function sendPresent(context: Context, subscription: Subscription, frame: OpenFrame, reading: Reading): void {
  const { hub, grant, peer, role } = subscription
  const { status, entries, records } = reading
  const { head } = status
  const now = context.clock.now()
  const mayRead = subscription.mayRead(now)
  peer.send(
    encodeRelayFrame({
      type: 'opened',
      document: hub.id,
      present: true,
      head: signHead(context.headKey, hub.id, head),
      role,
      permissions: packPermissions(grant.permissions),
      expiresAtMs: grant.expiresAtMs,
      oldestSeq: 1,
      snapshotId: NO_ID,
      snapshotSeq: 0,
      snapshotBytes: 0,
      through: entries === null || !mayRead ? 0 : (entries.at(-1)?.seq ?? frame.cursorSeq),
    }),
  )
  if (mayRead && entries !== null) {
    for (const page of recordsToFrames(hub.id, records, context.limits.pageBytes)) peer.send(page)
    for (const page of entriesToFrames(entries, context.limits.pageBytes)) peer.send(page)
  }
  subscription.goLive(head.seq, now)
  if (!mayRead) return
  for (const shown of hub.presence.frames(context.clock.monotonic())) peer.send(shown)
}

/** RECORDS frames, one at least: the last has `more` 0, so that a client knows when it has them all. */
function recordsToFrames(document: Bytes, records: readonly StoredEntry[], pageBytes: number): Bytes[] {
  const frames: Bytes[] = []
  let from = 0
  let bytes = 0
  for (let i = 0; i <= records.length; i++) {
    const size = records[i]?.envelope.length ?? 0
    if (i < records.length && (i === from || bytes + size <= pageBytes)) {
      bytes += size
      continue
    }
    frames.push(encodeRecords(document, i < records.length, records.slice(from, i)))
    from = i
    bytes = size
  }
  return frames
}
