/**
 * What was lost comes back: a relay that is shown its own signature on a head that its log lacks takes the entries up to it from whoever
 * has them, and nothing else until it has them. Rules FR16, LO14.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  decodeRecord,
  equalBytes,
  frameDocument,
  RECORD,
  readWholeEnvelope,
  startTranscript,
  verifySignedHead,
  type Bytes,
  type RestoreFrame,
  type ShowHeadFrame,
  type ShowIdsFrame,
  type SignedHead,
} from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { giveBack } from './give-back.ts'
import type { Head } from './ports.ts'
import { isSameHead, RestorePlan } from './restore-plan.ts'
import type { Refusal } from './refusal.ts'
import { restoredFrame, tellWhole } from './restored-frame.ts'
import type { Socket } from './socket.ts'
import type { Subscription } from './subscription.ts'

const RECORDS_AT_ONCE = 1 << 20

type Frame = ShowHeadFrame | ShowIdsFrame | RestoreFrame

/** SHOW_HEAD: notes what the log lacks, and says so. Never rejects. */
export function handleShowHead(socket: Socket, frame: ShowHeadFrame): Promise<void> {
  return work(socket, frame, async (subscription) => {
    const { context } = socket
    const { head, genesisHash } = frame
    const { hub } = subscription
    const isOurs = equalBytes(hub.document?.genesisHash ?? genesisHash, genesisHash)
    if (!isOurs || head.seq === 0 || !isSignedHere(context, hub.id, head)) return { code: 'BAD_ENVELOPE' }
    const shown = { seq: head.seq, transcript: head.transcript.slice() }
    subscription.plan?.clear()
    subscription.plan = new RestorePlan(genesisHash.slice(), shown, context.sha512, context.staging)
    if (!(await isGivenUp(context, hub.id, shown))) await note(context, subscription, shown)
    subscription.peer.send(await restoredFrame(context, subscription))
    return null
  })
}

/** SHOW_IDS: what leads to the head that was shown. Answered at its last, or when it is refused. Never rejects. */
export function handleShowIds(socket: Socket, frame: ShowIdsFrame): Promise<void> {
  return work(socket, frame, async (subscription) => {
    const { context } = socket
    const { plan, hub } = subscription
    if (plan === null) return { code: 'COUNTER_GAP' }
    if (frame.seq !== plan.next) {
      const before = await headAt(context, subscription, plan, frame.seq - 1)
      if (before === null) return { code: 'COUNTER_GAP', detail: hub.lastSeq + 1 }
      plan.begin(before)
    }
    const step = plan.take(frame.ids)
    if (step === 'more') return null
    if (step === 'proven') {
      // It follows the log, so that a restart that gave up others beyond it did not mean this one.
      await note(context, subscription, plan.shown)
      subscription.peer.send(await restoredFrame(context, subscription))
      return null
    }
    plan.clear()
    return step === 'wrong' ? { code: 'BAD_ENVELOPE' } : { code: 'RATE', retryAfterMs: context.limits.retryAfterMs }
  })
}

/** RESTORE: stores what follows the head, and says how far the log has come. Never rejects. */
export function handleRestore(socket: Socket, frame: RestoreFrame): Promise<void> {
  return work(socket, frame, async (subscription) => {
    const { context } = socket
    const { hub } = subscription
    const before = await hub.readStatus()
    if (before?.deleted === true) return { code: 'DELETED' }
    const refusal = await giveBack(context, subscription, frame)
    const after = await hub.readStatus()
    const stored = (after?.head.seq ?? 0) - (before?.head.seq ?? 0)
    context.metrics.count('entries_restored', undefined, stored)
    if (refusal !== null) return refusal
    subscription.peer.send(await restoredFrame(context, subscription))
    if (before?.lost === null || after === null || after.lost !== null) return null
    hub.restores.hasHealed = true
    const { seq } = after.head
    context.log.info('document-restored', { connection: socket.id, document: context.labelOf(hub.id), seq })
    return null
  })
}

/** Does one frame after another for each document, so that those who give back at once do not cross each other. */
async function work(
  socket: Socket,
  frame: Frame,
  run: (subscription: Subscription) => Promise<Refusal | null>,
): Promise<void> {
  const { context, hubs } = socket
  const { limits, clock } = context
  const document = (frameDocument(frame) as Bytes).slice()
  const refused = { type: CLIENT_FRAME[frame.type], document }
  const subscription = socket.documents.findLive(document)
  if (subscription === null) return socket.refuse(refused, { code: 'NOT_OPEN' })
  const code = subscription.refuse('restore', clock.now())
  if (code !== null) return socket.refuse(refused, { code })
  if (socket.restoresInFlight >= limits.restoresInFlight) {
    return socket.refuse(refused, { code: 'RATE', retryAfterMs: limits.retryAfterMs })
  }
  const { hub } = subscription
  socket.restoresInFlight++
  hub.holds++
  try {
    await hub.restores.inTurn(async () => {
      if (subscription.state !== 'live') return
      const refusal = await run(subscription)
      if (refusal !== null) socket.refuse(refused, refusal)
    })
    // Whoever was giving back is done: now the others may write again.
    if (hub.restores.isIdle && hub.restores.hasHealed) {
      hub.restores.hasHealed = false
      await tellWhole(context, subscription)
    }
  } catch {
    context.metrics.count('restores_failed')
    socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs: limits.retryAfterMs })
  } finally {
    socket.restoresInFlight--
    hubs.release(hub)
  }
}

/** By the head key in force, or by one that it has followed. [LO5] */
function isSignedHere({ headKey }: Context, document: Bytes, head: SignedHead): boolean {
  const keys = [headKey.publicKey, ...(headKey.statements ?? []).map(({ oldKey }) => oldKey)]
  return keys.some((key) => verifySignedHead(document, head, key))
}

/** Did a restart give up this head, or one further on? Whoever is behind the restart knows it by itself. */
async function isGivenUp({ store }: Context, document: Bytes, head: Head): Promise<boolean> {
  for (let after = 0; ;) {
    const records = await store.readRecords(document, after, RECORDS_AT_ONCE)
    const last = records.at(-1)
    if (last === undefined) return false
    after = last.seq
    if (records.some(({ envelope }) => givesUp(envelope, head))) return true
  }
}

function givesUp(envelope: Bytes, { seq, transcript }: Head): boolean {
  const body = readWholeEnvelope(envelope)?.sealed
  const record = body?.[0] === RECORD.restart ? decodeRecord(body) : null
  if (record === null || !record.ok || record.value.type !== 'restart') return false
  const { lostHead } = record.value
  return seq < lostHead.seq || (seq === lostHead.seq && equalBytes(transcript, lostHead.transcript))
}

/** What the log lacks once this head is known is noted, durably. */
async function note({ store, metrics, log, labelOf }: Context, { hub, peer }: Subscription, head: Head): Promise<void> {
  const lost = await store.noteSigned(hub.id, head)
  if (lost === null || !isSameHead(lost, head)) return
  metrics.count('heads_lost')
  log.warn('log-behind-signature', { connection: peer.id, document: labelOf(hub.id), seq: lost.seq })
}

/** The place before `seq` as the log has it; of a document that is lost altogether, its beginning. */
async function headAt(
  { store, sha512 }: Context,
  { hub }: Subscription,
  plan: RestorePlan,
  seq: number,
): Promise<Head | null> {
  if (seq === 0) return { seq, transcript: startTranscript(sha512, plan.genesisHash) }
  const transcript = await store.transcriptAt(hub.id, seq)
  return transcript === null ? null : { seq, transcript }
}
