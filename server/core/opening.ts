/**
 * OPEN: subscribe first, read after, so that nothing falls between and nothing comes twice out of order. Live entries are held
 * back until the answer has been sent; then they follow it. Rules FR5, FR6, FR13, AU6.
 *
 * @module
 */
import { CLIENT_FRAME, equalBytes, isZero, startTranscript, type OpenFrame, type RefusalCode } from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { judgeToken } from './grant.ts'
import { restoredFrame } from './restored-frame.ts'
import { findSnapshot, readInline } from './opening-snapshot.ts'
import { sendAbsent, sendPresent, type Reading } from './opened.ts'
import type { DocumentStatus, StoredEntry } from './ports.ts'
import type { Socket } from './socket.ts'
import { StagedParts } from './staged-parts.ts'
import { Subscription } from './subscription.ts'

/** How often an opening begins again because too much came in while it read. */
const MAX_ATTEMPTS = 5

/** Opens a document on a socket, or refuses to. The token is judged before anything is looked up: no answer tells whether it exists. [G1] */
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
  if (slot.isCancelled) return
  if (grant === null) {
    documents.remove(slot)
    return socket.refuse(refused, { code: 'TOKEN_REFUSED' })
  }
  const { hub, started, isFirst } = hubs.acquire(document)
  const subscription = new Subscription(
    hub,
    socket,
    grant,
    limits.toleranceMs,
    new StagedParts(context.staging, limits.groupBytes),
  )
  slot.subscription = subscription
  hub.subscribers.add(subscription)
  let code: RefusalCode | null
  try {
    const row = await started
    code = await answer(context, subscription, frame, isFirst ? row : undefined)
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
 * Answers for a subscription that its hub already holds, and sets it live; or gives the refusal, having sent nothing.
 * `row`: the document's row where it has just been read. Rejects when the store does.
 */
async function answer(
  context: Context,
  subscription: Subscription,
  frame: OpenFrame,
  row: DocumentStatus | null | undefined,
): Promise<RefusalCode | null> {
  const { hub } = subscription
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const status = attempt === 1 && row !== undefined ? row : await hub.readStatus()
    if (subscription.state !== 'opening') return null
    if (status === null) {
      if (!subscription.grant.permissions.has('create')) return 'UNKNOWN_DOCUMENT'
      // It came into being while the row was read: read it again.
      if (hub.document !== null) continue
      sendAbsent(context, subscription)
      return null
    }
    if (status.deleted) return 'DELETED'
    await hub.observe(status)
    const { version } = hub.access
    if (status.mode === 'members') {
      const { role, link } = await hub.access.ask(subscription.peer.device)
      subscription.role = role
      subscription.link = link
    }
    const reading = await read(context, subscription, frame, status)
    if (subscription.state !== 'opening') return null
    if (version !== hub.access.version) {
      // A record has come in: it may have changed what this device may do.
      subscription.startOver()
      continue
    }
    if (status.mode === 'members' && subscription.role === 'none' && subscription.link === null) return 'FORBIDDEN'
    if (!subscription.isOverrun) {
      await sendPresent(context, subscription, frame.cursorSeq, reading)
      // Nothing may be written until it is given back: whoever has it, and whoever would write, is told.
      if (status.lost !== null && hub.subscribers.has(subscription)) {
        subscription.peer.send(await restoredFrame(context, subscription))
      }
      return null
    }
    subscription.startOver()
  }
  return 'UNAVAILABLE'
}

async function read(
  context: Context,
  subscription: Subscription,
  frame: OpenFrame,
  status: DocumentStatus,
): Promise<Reading> {
  const now = context.clock.now()
  // A link's socket gets the records, whatever place it has come from, and no entries. [AU12]
  if (subscription.link !== null) {
    const isTold = subscription.mayReadRecords(now)
    const isNew = !equalBytes(frame.recordHead, status.recordHead)
    const records = isTold && isNew ? await readFirstRecords(context, subscription) : []
    const told = { records, hasMore: hasMore(records, status), entries: [], chunks: [], isCursorHeld: false }
    return { status, snapshot: null, log: isTold ? told : null }
  }
  if (!subscription.mayRead(now)) return { status, snapshot: null, log: null }
  const isCursorHeld = await isInLog(context, frame, status)
  const snapshot = isCursorHeld ? await findSnapshot(subscription, status) : null
  const isNew = !equalBytes(frame.recordHead, status.recordHead)
  const records = isNew ? await readFirstRecords(context, subscription) : []
  const isPart = hasMore(records, status)
  // What was appended since the row was read is held back, and follows live.
  const inline =
    isPart || !isCursorHeld
      ? { entries: [], chunks: [] }
      : await readInline(context, subscription, frame.cursorSeq, status, snapshot)
  return { status, snapshot, log: { records, hasMore: isPart, ...inline, isCursorHeld } }
}

/** Is the client's cursor a place in this log? [FR6] */
async function isInLog({ store, sha512 }: Context, frame: OpenFrame, status: DocumentStatus): Promise<boolean> {
  const { document, cursorSeq, cursorTranscript } = frame
  if (cursorSeq > status.head.seq) return false
  if (cursorSeq === 0) {
    return isZero(cursorTranscript) || equalBytes(cursorTranscript, startTranscript(sha512, status.genesisHash))
  }
  const transcript = await store.transcriptAt(document, cursorSeq)
  // Older than the marks: nobody can tell any more, and the client will say so. [LO15]
  if (transcript === null) return cursorSeq <= status.base
  return equalBytes(transcript, cursorTranscript)
}

/** The id of an older record names no seq, so whoever does not hold the newest gets them from the first on: here as many as may wait. */
function readFirstRecords({ store, limits }: Context, { hub }: Subscription): Promise<readonly StoredEntry[]> {
  return store.readRecords(hub.id, 0, limits.liveQueueBytes)
}

function hasMore(records: readonly StoredEntry[], { recordSeq }: DocumentStatus): boolean {
  return records.length > 0 && (records.at(-1) as StoredEntry).seq < recordSeq
}
