/**
 * AWARENESS: from a device about itself to the document's other readers, as it came, and never stored. Its signature is the receivers'
 * to verify: the socket has proved the device. Rules FR10, AU6.
 *
 * @module
 */
import { CLIENT_FRAME, type AwarenessFrame, type Bytes } from '@y-sealed/protocol'

import { isSameId } from './open-documents.ts'
import type { Socket } from './socket.ts'
import { FOREIGN_DEVICE_WEIGHT } from './strikes.ts'

/** Shows the state, or refuses it. `frame` is the message as it came. */
export function handleAwareness(socket: Socket, { envelope }: AwarenessFrame, frame: Bytes): void {
  const { context } = socket
  const { document, session, counter } = envelope
  const refused = { type: CLIENT_FRAME.awareness, document, session, counter }
  const subscription = socket.documents.findLive(document)
  if (subscription === null) return socket.refuse(refused, { code: 'NOT_OPEN' })
  if (!isSameId(envelope.device, socket.device)) {
    return socket.refuse(refused, { code: 'FORBIDDEN' }, FOREIGN_DEVICE_WEIGHT)
  }
  const code = subscription.refuse('awareness', context.clock.now())
  if (code !== null) return socket.refuse(refused, { code })
  const now = context.clock.monotonic()
  const waitMs = socket.rates.awareness.waitMs(1, now)
  if (waitMs > 0) return socket.refuse(refused, { code: 'RATE', retryAfterMs: waitMs })
  socket.rates.awareness.take(1, now)
  const { hub } = subscription
  const { epoch = 0, isEpochClosed = false } = hub.document ?? {}
  if (envelope.epoch !== epoch || isEpochClosed) {
    return socket.refuse(refused, { code: 'EPOCH_STALE', detail: epoch + (isEpochClosed ? 1 : 0) })
  }
  const last = hub.presence.counterOf(envelope)
  if (counter <= last) return socket.refuse(refused, { code: 'COUNTER_GAP', detail: last + 1 })
  if (!hub.presence.hasRoom(envelope, subscription, context.limits.shownSessions)) {
    return socket.refuse(refused, { code: 'RATE', retryAfterMs: context.limits.retryAfterMs })
  }
  hub.presenceNews.show(envelope, frame, subscription)
}
