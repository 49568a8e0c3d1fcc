/**
 * PUSH of a record that is not the genesis: judged against the records before it, then handed to the store, which stores it upon no other
 * record head. Rules KM16–KM18, AU6, AU12, LO7.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  envelopeId,
  equalBytes,
  RECORD,
  type Bytes,
  type CountedRecord,
  type Envelope,
  type MemberLog,
  type RecordRefusal,
  type RefusalCode,
} from '@y-sealed/protocol'

import type { Action } from './authorise.ts'
import { newEntry } from './new-entry.ts'
import { isSameId } from './open-documents.ts'
import { payForMember } from './pay-push.ts'
import { ackOf, append, refuseStale } from './push-append.ts'
import { roomRestart } from './room-restart.ts'
import type { Payment } from './rates.ts'
import { effectOf } from './record-effect.ts'
import type { RefusedFrame } from './refusal.ts'
import type { Socket } from './socket.ts'
import type { Subscription } from './subscription.ts'

/** Behind type and record-prev: the first field of a record, of `add` whether it is sponsored. [KM9] */
const FIRST_FIELD = 33

/** The least that pushing such a body needs; a `remove` that names others needs more. [AU6] */
export function actionOfRecord(body: Bytes): Action {
  switch (body[0]) {
    case RECORD.genesis:
      return 'push-genesis'
    case RECORD.join:
      return 'push-join'
    case RECORD.add:
      return body[FIRST_FIELD] === 1 ? 'push-own-record' : 'push-record'
    case RECORD.remove:
    case RECORD.epoch:
    case RECORD.rewrap:
      return 'push-own-record'
    case RECORD.restart:
      return 'push-restart'
    default:
      return 'push-record'
  }
}

/** Why a record is refused, in words for the log: its own fault, or that of the socket that brings it. */
type Reason = RecordRefusal | 'shared-key' | 'permission' | 'other-link' | 'link-used'

const CODES: Readonly<Record<Reason, RefusalCode>> = {
  stale: 'RECORD_STALE',
  epoch: 'EPOCH_STALE',
  stranger: 'FORBIDDEN',
  'not-allowed': 'FORBIDDEN',
  'last-admin': 'FORBIDDEN',
  'unknown-link': 'FORBIDDEN',
  'part-of-member': 'FORBIDDEN',
  'too-many': 'QUOTA',
  malformed: 'BAD_ENVELOPE',
  signature: 'BAD_ENVELOPE',
  certificate: 'BAD_ENVELOPE',
  'known-device': 'BAD_ENVELOPE',
  'unknown-device': 'BAD_ENVELOPE',
  rotation: 'BAD_ENVELOPE',
  wraps: 'BAD_ENVELOPE',
  'shared-key': 'BAD_ENVELOPE',
  permission: 'FORBIDDEN',
  'other-link': 'FORBIDDEN',
  'link-used': 'FORBIDDEN',
}

/** Carries a record to the store, or refuses it. Never rejects. */
export async function pushRecord(
  socket: Socket,
  subscription: Subscription,
  envelope: Envelope,
  payment: Payment,
): Promise<void> {
  const { context, hubs } = socket
  const { hub } = subscription
  const refused = {
    type: CLIENT_FRAME.push,
    document: envelope.document,
    session: envelope.session,
    counter: envelope.counter,
  }
  const { document } = hub
  if (document === null) return socket.refuse(refused, { code: 'UNKNOWN_DOCUMENT' })
  // There is one member of a room, and that is everybody who holds its key. [KM16]
  if (document.mode === 'shared-key') {
    const unit = roomRestart(context, document, envelope)
    if (unit === null) return refuse(socket, subscription, refused, 'shared-key', 0)
    return append(socket, subscription, unit, payment)
  }
  hub.holds++
  socket.pushesInFlight++
  try {
    const log = await hub.members.current(document.genesisHash)
    const verdict = log.judge(envelope)
    const reason = verdict.ok ? findObstacle(socket, subscription, log, verdict) : verdict.reason
    if (verdict.ok && reason === null) {
      // Whoever joins is no member yet.
      const member = log.members.memberOf(envelope.device)
      if (member !== null && !payForMember(socket, subscription, refused, member.id, payment)) return
      append(
        socket,
        subscription,
        {
          document: hub.id,
          device: envelope.device,
          session: envelope.session,
          needs: 'none',
          group: false,
          entries: [newEntry(envelope, verdict.id)],
          record: effectOf(context.sha512, log.members, verdict),
        },
        payment,
      )
    } else if (!(await isAnswered(socket, subscription, envelope, refused))) {
      refuse(socket, subscription, refused, reason ?? 'malformed', log.recordSeq)
    }
  } catch {
    context.metrics.count('appends_failed')
    socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs: context.limits.retryAfterMs })
  } finally {
    socket.pushesInFlight--
    hubs.release(hub)
  }
}

/** Why a record that counts may not come by this socket. */
function findObstacle(
  { device, context }: Socket,
  subscription: Subscription,
  { members }: MemberLog,
  { body, envelope }: CountedRecord,
): Reason | null {
  const now = context.clock.now()
  if (body.type === 'join') {
    const { link } = subscription
    if (link === null || !isSameId(body.link, device)) return 'other-link'
    return link.hasJoined || now >= link.expiresAtMs ? 'link-used' : null
  }
  if (body.type !== 'remove') return null
  const own = members.memberOf(envelope.device)
  const isOwn = [...body.devices].every(([named]) => members.memberOf(named) === own)
  return isOwn || subscription.refuse('push-record', now) === null ? null : 'permission'
}

/** What was stored before is acknowledged, whatever the record would be worth now. [LO7] */
async function isAnswered(
  socket: Socket,
  subscription: Subscription,
  envelope: Envelope,
  refused: RefusedFrame,
): Promise<boolean> {
  const { context } = socket
  const { hub } = subscription
  const { device, session, counter } = envelope
  const commitment = hub.document?.commitments.get(envelope.epoch)
  const stored = commitment === undefined ? null : await context.store.entryAt(hub.id, device, session, counter)
  if (commitment === undefined || stored === null) return false
  if (equalBytes(stored.id, envelopeId(context.sha512, commitment, envelope))) {
    const frame = ackOf({ document: hub.id, session }, counter, 1, stored.seq)
    hub.acknowledge({ subscription, through: stored.seq, frame })
    hub.deliver()
  } else socket.refuse(refused, { code: 'EQUIVOCATION', detail: counter })
  return true
}

function refuse(
  socket: Socket,
  subscription: Subscription,
  refused: RefusedFrame,
  reason: Reason,
  recordSeq: number,
): void {
  const { context, id } = socket
  context.metrics.count('records_refused', { reason })
  context.log.info('record-refused', { connection: id, document: context.labelOf(refused.document), reason })
  const code = CODES[reason]
  // Records stand in the epoch in force even where it is closed.
  if (code === 'EPOCH_STALE') return refuseStale(socket, subscription, refused, subscription.hub.document?.epoch)
  subscription.stale.inOrder(() => {
    socket.refuse(refused, { code, ...(code === 'RECORD_STALE' && { detail: recordSeq }) })
  })
}
