/**
 * PUT_SNAPSHOT: pieces of a snapshot go to the store as they come; when the last is there, the whole is held against its name before anybody
 * may publish it. The relay holds a piece or two in memory, never the whole. Rules FR3, FR17, LO10; row F18.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  encodeRelayFrame,
  envelopeIdPrefix,
  equalBytes,
  KIND,
  prevOf,
  readHeader,
  signatureInput,
  verifySignature,
  type Bytes,
  type Header,
  type PutSnapshotFrame,
} from '@y-sealed/protocol'

import { isSameId } from './open-documents.ts'
import { Payment } from './rates.ts'
import type { Refusal, RefusedFrame } from './refusal.ts'
import { refuseStale } from './push-append.ts'
import type { StagedRef, StageResult } from './snapshot-ports.ts'
import type { Socket } from './socket.ts'
import { FOREIGN_DEVICE_WEIGHT } from './strikes.ts'
import type { Subscription } from './subscription.ts'

/** Takes a piece, or refuses it. Never rejects. */
export async function handlePutSnapshot(socket: Socket, frame: PutSnapshotFrame): Promise<void> {
  const { context, documents, hubs } = socket
  const { limits, clock, metrics } = context
  const { document, offset, total, bytes } = frame
  const refused = { type: CLIENT_FRAME['put-snapshot'], document }
  const subscription = documents.findLive(document)
  if (subscription === null) return socket.refuse(refused, { code: 'NOT_OPEN' })
  const { hub } = subscription
  const code = subscription.refuse('publish', clock.now())
  if (code !== null) return socket.refuse(refused, { code })
  if (socket.chunksInFlight >= limits.chunksInFlight) {
    return socket.refuse(refused, { code: 'RATE', retryAfterMs: limits.retryAfterMs })
  }
  // What cannot become a snapshot is refused before it is sent whole.
  if (offset === 0 && !isBegun(socket, subscription, refused, bytes, total)) return
  const payment = pay(socket, subscription, refused, bytes.length)
  if (payment === null) return
  const staged = { document: hub.id, device: socket.device.slice(), snapshotId: frame.snapshotId.slice() }
  socket.chunksInFlight++
  hub.holds++
  try {
    const result = await context.store.snapshots.stage(
      { ...staged, total, offset, bytes },
      { maxBytes: limits.documentStagedBytes, maxSnapshots: limits.documentStagedSnapshots },
    )
    const isTaken = result.status === 'taken' && result.held === offset + bytes.length
    if (isTaken) metrics.count('snapshot_bytes_staged', undefined, bytes.length)
    else payment.giveBack()
    await answer(socket, subscription, refused, { staged, total, result })
  } catch {
    payment.giveBack()
    metrics.count('stagings_failed')
    socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs: limits.retryAfterMs })
  } finally {
    socket.chunksInFlight--
    hubs.release(hub)
  }
}

interface Staged {
  readonly staged: StagedRef
  readonly total: number
  readonly result: StageResult
}

async function answer(
  socket: Socket,
  subscription: Subscription,
  refused: RefusedFrame,
  { staged, total, result }: Staged,
): Promise<void> {
  switch (result.status) {
    case 'unknown':
      return socket.refuse(refused, { code: 'UNKNOWN_DOCUMENT' })
    case 'deleted':
      return socket.refuse(refused, { code: 'DELETED' })
    case 'mismatch':
      return socket.refuse(refused, { code: 'BAD_ENVELOPE' })
    case 'no-room':
      return socket.refuse(refused, { code: 'QUOTA', detail: result.bytes }, 0)
    case 'taken': {
      const isWhole = result.held === total && !result.isVerified
      const fault = isWhole ? await verify(socket, subscription, staged, total) : null
      if (fault === 'stale') return refuseStale(socket, subscription, refused)
      if (fault !== null) return socket.refuse(refused, fault)
      const { document, snapshotId } = staged
      return socket.send(encodeRelayFrame({ type: 'snapshot-taken', document, snapshotId, nextOffset: result.held }))
    }
  }
}

/** Is this the beginning of a snapshot of the socket's device, of this document and of the epoch in force? Refused otherwise. */
function isBegun(
  socket: Socket,
  subscription: Subscription,
  refused: RefusedFrame,
  bytes: Bytes,
  total: number,
): boolean {
  const read = readHeader(bytes)
  const fault =
    read.ok && read.envelopeBytes === total
      ? findFault(socket, subscription, read.header)
      : ({ code: 'BAD_ENVELOPE' } as const)
  if (fault === null) return true
  if (fault === 'stale') refuseStale(socket, subscription, refused)
  else socket.refuse(refused, fault, fault.code === 'FORBIDDEN' ? FOREIGN_DEVICE_WEIGHT : undefined)
  return false
}

/** `stale`: of an epoch that is not in force, or closed. */
function findFault({ device }: Socket, { hub }: Subscription, header: Header): Refusal | 'stale' | null {
  if (header.kind !== KIND.snapshot || header.seenSeq === 0) return { code: 'BAD_ENVELOPE' }
  if (!isSameId(header.document, hub.id) || !isSameId(header.device, device)) return { code: 'FORBIDDEN' }
  const { document } = hub
  return document === null || header.epoch !== document.epoch || document.isEpochClosed ? 'stale' : null
}

/** Holds what is staged whole against its name and its author's key; what is not what it says goes. */
async function verify(
  socket: Socket,
  subscription: Subscription,
  staged: StagedRef,
  total: number,
): Promise<Refusal | 'stale' | null> {
  const { snapshots } = socket.context.store
  const ends = await snapshots.ends(staged)
  const read = ends === null ? null : readHeader(ends.header)
  const isHeader = read !== null && read.ok && read.envelopeBytes === total
  const fault = isHeader ? findFault(socket, subscription, read.header) : ({ code: 'BAD_ENVELOPE' } as const)
  const commitment = subscription.hub.document?.commitment
  if (fault !== null || ends === null || !isHeader || commitment === undefined) {
    await snapshots.discard(staged)
    return fault ?? { code: 'BAD_ENVELOPE' }
  }
  const id = await snapshots.hash(staged, envelopeIdPrefix(commitment, total))
  // Gone meanwhile: the next piece begins it anew.
  if (id === null) return { code: 'SNAPSHOT_MISSING' }
  const isSigned =
    equalBytes(id, staged.snapshotId) && verifySignature(ends.signature, signatureInput(id), socket.signPublic)
  if (!isSigned) {
    await snapshots.discard(staged)
    return { code: 'BAD_ENVELOPE' }
  }
  const { epoch, seenSeq, seenTranscript } = read.header
  await snapshots.accept(staged, { epoch, seq: seenSeq, transcript: prevOf(seenTranscript) })
  return null
}

/** From what its person may stage in an hour, which is as long as it stays, and store in a day; `null` when it was refused. */
function pay(socket: Socket, { grant }: Subscription, refused: RefusedFrame, bytes: number): Payment | null {
  const { rates, clock } = socket.context
  const now = clock.monotonic()
  const payment = new Payment([])
  for (const buckets of [rates.stagedBySubject, rates.storageBySubject]) {
    const retryAfterMs = payment.payMore(buckets.of(grant.subject, now), bytes, now)
    if (retryAfterMs === 0) continue
    payment.giveBack()
    socket.refuse(refused, { code: 'RATE', retryAfterMs }, 0)
    return null
  }
  return payment
}
