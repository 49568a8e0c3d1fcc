/**
 * What a push costs, and what is said to whoever cannot pay: RATE with the time until it can, or QUOTA where time does not help. Rules
 * FR15, FR20; rows H1, H11.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import { payPush, type Payment } from './rates.ts'
import type { RefusedFrame } from './refusal.ts'
import type { Socket } from './socket.ts'
import type { Subscription } from './subscription.ts'

/** Takes the price of one unit of `bytes`; `null` when it was refused. */
export function payFor(
  socket: Socket,
  { hub, grant, throttle }: Subscription,
  refused: RefusedFrame,
  bytes: number,
  isRecord: boolean,
): Payment | null {
  const { context, rates, network } = socket
  const now = context.clock.monotonic()
  // While a wait lasts nothing passes: what overtook it would only leave a gap behind.
  const waitsMs = throttle.waitMs(now)
  if (waitsMs > 0) {
    socket.refuse(refused, { code: 'RATE', retryAfterMs: waitsMs }, throttle.weigh())
    return null
  }
  const payer = { subject: grant.subject, document: hub.key, network }
  const paid = payPush(
    rates,
    context.rates,
    payer,
    { pushes: 1, bytes, isRecord, isCreation: isRecord && hub.document === null },
    now,
  )
  if (typeof paid === 'number') {
    socket.refuse(refused, { code: 'RATE', retryAfterMs: throttle.begin(paid, now) }, 0)
    return null
  }
  const room = hub.logSize.roomLeft(isRecord, hub.lastSeq)
  if (bytes <= room) return paid
  // Weighs nothing, for a window of pushes may be on its way; it is paid for all the same, so that a flood comes to its end.
  socket.refuse(refused, { code: 'QUOTA', detail: room }, 0)
  return null
}

/** Takes the price of a record that counts from its member too, whichever device it came by; false when it was refused. [T37] */
export function payForMember(
  socket: Socket,
  { hub, throttle }: Subscription,
  refused: RefusedFrame,
  member: Bytes,
  payment: Payment,
): boolean {
  const { clock, rates, keyOf } = socket.context
  const now = clock.monotonic()
  const bucket = rates.recordsByMember.of(`${hub.key} ${keyOf(member)}`, now)
  const waitMs = payment.payMore(bucket, 1, now)
  if (waitMs === 0) return true
  payment.giveBack()
  socket.refuse(refused, { code: 'RATE', retryAfterMs: throttle.begin(waitMs, now) }, 0)
  return false
}
