/**
 * READ_IDS: the marks of a stretch of the log, from which T is recomputed where the entries themselves are not held any more. Rules FR19,
 * LO2, LO15.
 *
 * @module
 */
import { CLIENT_FRAME, concatBytes, encodeRelayFrame, MARK_BYTES, type ReadIdsFrame } from '@y-sealed/protocol'

import type { Socket } from './socket.ts'

/** Answers READ_IDS. Never rejects. */
export async function handleReadIds(socket: Socket, { document, after, through }: ReadIdsFrame): Promise<void> {
  const { context } = socket
  const { limits, store, rates } = context
  const refused = { type: CLIENT_FRAME['read-ids'], document }
  const subscription = socket.documents.findLive(document)
  if (subscription === null) return socket.refuse(refused, { code: 'NOT_OPEN' })
  const code = subscription.refuse('read', context.clock.now())
  if (code !== null) return socket.refuse(refused, { code })
  const { retryAfterMs } = limits
  const isBusy = socket.readsInFlight >= limits.readsInFlight
  if (isBusy) return socket.refuse(refused, { code: 'RATE', retryAfterMs })
  if (socket.bufferedBytes > limits.liveQueueBytes) return socket.refuse(refused, { code: 'RATE', retryAfterMs }, 0)
  const { hub } = subscription
  const { subject } = subscription.grant
  const turn = rates.reads.begin(subject)
  if (turn === false) return socket.refuse(refused, { code: 'RATE', retryAfterMs }, 0)
  socket.readsInFlight++
  try {
    if (turn !== true) await turn
    if (!socket.isOpen) return
    // Not beyond what was delivered: that may stand behind a record that removes the reader.
    const wanted = Math.min(through, hub.lastSent) - after
    const max = Math.min(wanted, Math.floor(limits.pageBytes / MARK_BYTES))
    const marks = max > 0 ? await store.readMarks(hub.id, after, max) : []
    if (!subscription.mayRead(context.clock.now())) return
    if (max > 0 && marks.length === 0) {
      const [status] = await store.status([hub.id])
      return socket.refuse(refused, { code: 'TRIMMED', detail: (status?.base ?? 0) + 1 })
    }
    socket.send(encodeRelayFrame({ type: 'ids', document: hub.id, seq: after + 1, ids: concatBytes(...marks) }))
  } catch {
    context.metrics.count('reads_failed')
    socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs })
  } finally {
    rates.reads.end(subject)
    socket.readsInFlight--
  }
}
