/**
 * PUSH: from envelopes to one unit of the log, and from the store's verdict to ACK or NACK. What needs no look at the log is judged
 * here; the rest inside the transaction that stores. Rules FR3, FR8, FR9, LO7, AU6.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  envelopeId,
  HEADER_BYTES,
  KIND,
  MAX_SEALED_BYTES,
  RECORD,
  SIGNATURE_BYTES,
  type Envelope,
  type PushFrame,
  type PushPartFrame,
} from '@y-sealed/protocol'

import type { Action } from './authorise.ts'
import { readGenesis } from './genesis.ts'
import { newEntry } from './new-entry.ts'
import { isSameId } from './open-documents.ts'
import { payFor } from './pay-push.ts'
import { append, refuseStale } from './push-append.ts'
import { actionOfRecord, pushRecord } from './push-record.ts'
import { pushSnapshotEntry } from './push-snapshot.ts'
import type { AppendUnit, NewEntry } from './ports.ts'
import type { Refusal, RefusedFrame } from './refusal.ts'
import type { Socket } from './socket.ts'
import { FOREIGN_DEVICE_WEIGHT } from './strikes.ts'
import type { Subscription } from './subscription.ts'

/** A part as long as may be, with header and signature. */
const PART_BYTES = MAX_SEALED_BYTES.part + HEADER_BYTES + SIGNATURE_BYTES

/** What pushing these envelopes needs. A PUSH that holds anything but updates and binds holds that alone. [FR3] */
function actionOf(first: Envelope): Action {
  switch (first.kind) {
    case KIND.record:
      if (first.sealed[0] === RECORD.genesis) return 'push-genesis'
      return actionOfRecord(first.sealed)
    case KIND.publication:
    case KIND.attestation:
      return 'publish'
    default:
      return 'push-entries'
  }
}

/** Carries a PUSH to the store, or refuses it. */
export function handlePush(socket: Socket, { envelopes }: PushFrame): void | Promise<void> {
  const first = envelopes[0] as Envelope
  const refused = refusedFrame(CLIENT_FRAME.push, first, first.counter)
  const subscription = admit(socket, first, refused)
  if (subscription === null) return
  const bytes = envelopes.reduce((sum, envelope) => sum + envelope.bytes.length, 0)
  const payment = payFor(socket, subscription, refused, bytes, first.kind === KIND.record)
  if (payment === null) return
  if (first.kind === KIND.record && first.sealed[0] !== RECORD.genesis) {
    return pushRecord(socket, subscription, first, payment)
  }
  if (first.kind === KIND.publication || first.kind === KIND.attestation) {
    return pushSnapshotEntry(socket, subscription, first, payment)
  }
  const unit = readUnit(socket, subscription, envelopes)
  if (unit === null) return refuseStale(socket, subscription, refused)
  if ('code' in unit) return socket.refuse(refused, unit)
  append(socket, subscription, unit, payment)
}

/** Keeps a part until its group is whole, and carries that to the store. An inner part is answered only if it is refused. [LO9] */
export function handlePushPart(socket: Socket, part: PushPartFrame): void | Promise<void> {
  const { envelope } = part
  const refused = refusedFrame(CLIENT_FRAME['push-part'], envelope, envelope.counter - part.index)
  const subscription = admit(socket, envelope, refused)
  if (subscription === null) return
  const { hub, parts } = subscription
  const { context, device } = socket
  if (hub.document === null) return socket.refuse(refused, { code: 'UNKNOWN_DOCUMENT' })
  // One of an epoch that never was is refused when it is whole.
  const commitment = hub.document.commitments.get(envelope.epoch) ?? hub.document.commitment
  const staging = parts.take(part, context.clock.monotonic(), (each) =>
    newEntry(each, envelopeId(context.sha512, commitment, each)),
  )
  // A group is paid for when it begins, so that it never ends for want of the rest; what stands alone pays for itself.
  const isFirst = part.index === 0 && staging.kind === 'waits'
  if (isFirst || staging.kind === 'stray') {
    const bytes = isFirst ? Math.min(part.count * PART_BYTES, context.limits.groupBytes) : envelope.bytes.length
    const payment = payFor(socket, subscription, refused, bytes, false)
    if (payment === null) return isFirst ? parts.refuse() : undefined
    if (isFirst) subscription.partsPayment = payment
  }
  // Whole before its epoch is judged: the answer is one for the group.
  switch (staging.kind) {
    case 'waits':
    case 'swallowed':
      return
    case 'stray':
      return socket.refuse(refused, { code: 'COUNTER_GAP', detail: staging.expected })
    case 'no-room':
      parts.refuse()
      return socket.refuse(refused, { code: 'RATE', retryAfterMs: context.limits.retryAfterMs })
    case 'too-large':
      parts.refuse()
      return socket.refuse(refused, { code: 'QUOTA', detail: context.limits.groupBytes })
    case 'complete': {
      if (!hub.document.commitments.has(envelope.epoch)) return refuseStale(socket, subscription, refused)
      const entries = staging.entries as [NewEntry, ...NewEntry[]]
      append(
        socket,
        subscription,
        {
          document: hub.id,
          device,
          session: envelope.session,
          group: true,
          needs: 'writer',
          entries,
        },
        subscription.partsPayment,
      )
    }
  }
}

/** The subscription on which this may be pushed now; `null` when it was refused. [AU6] */
function admit(socket: Socket, first: Envelope, refused: RefusedFrame): Subscription | null {
  const { context, documents } = socket
  const subscription = documents.findLive(first.document)
  const refuse = (refusal: Refusal, weight?: number): null => {
    socket.refuse(refused, refusal, weight)
    return null
  }
  if (subscription === null) return refuse({ code: 'NOT_OPEN' })
  if (!isSameId(first.device, socket.device) && !isJoin(subscription, first)) {
    return refuse({ code: 'FORBIDDEN' }, FOREIGN_DEVICE_WEIGHT)
  }
  const action = actionOf(first)
  // Everybody who holds a room's key is its admin. [LO14]
  const isRoomRestart = action === 'push-restart' && subscription.hub.document?.mode === 'shared-key'
  const code = subscription.refuse(isRoomRestart ? 'push-entries' : action, context.clock.now())
  if (code !== null) return refuse({ code })
  if (socket.pushesInFlight < context.limits.pushesInFlight) return subscription
  return refuse({ code: 'RATE', retryAfterMs: context.limits.retryAfterMs })
}

function refusedFrame(type: number, { document, session }: Envelope, counter: number): RefusedFrame {
  return { type, document, session, counter }
}

/** On a link's socket a device that joins speaks for itself. [AU12] */
function isJoin({ link }: Subscription, { kind, sealed }: Envelope): boolean {
  return link !== null && kind === KIND.record && sealed[0] === RECORD.join
}

/** The unit that the store is to append, or why there is none; `null` for one of an epoch that never was. */
function readUnit(
  { context: { sha512 }, device, signPublic }: Socket,
  { hub }: Subscription,
  envelopes: readonly Envelope[],
): AppendUnit | Refusal | null {
  const first = envelopes[0] as Envelope
  const { session } = first
  if (first.kind === KIND.record) {
    const genesis = readGenesis(sha512, first, signPublic)
    if (genesis === null) return { code: 'BAD_ENVELOPE' }
    const { entry, creation } = genesis
    return { document: hub.id, device, session, group: false, needs: 'none', entries: [entry], creation }
  }
  const document = hub.document
  if (document === null) return { code: 'UNKNOWN_DOCUMENT' }
  // Of an epoch that is over too: what was stored in it before is acknowledged, which only the store can tell. [LO7]
  const commitment = first.epoch === document.epoch ? document.commitment : document.commitments.get(first.epoch)
  if (commitment === undefined) return null
  const entries = envelopes.map((envelope) => newEntry(envelope, envelopeId(sha512, commitment, envelope)))
  // Written out: a spread would give each unit a shape of its own, and everything that reads it the slow way of V8.
  return {
    document: hub.id,
    device,
    session,
    group: false,
    needs: 'writer',
    entries: entries as [NewEntry, ...NewEntry[]],
  }
}
