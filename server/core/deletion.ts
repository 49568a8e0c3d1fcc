/**
 * DELETE: a document ends for everybody and its id is used up. Rule FR12.
 *
 * @module
 */
import { CLIENT_FRAME, type DeleteFrame } from '@y-sealed/protocol'

import type { Socket } from './socket.ts'

/** Deletes the document, or refuses to. Every subscriber, the asker too, is answered with CLOSED. Never rejects. */
export async function handleDelete(socket: Socket, { document }: DeleteFrame): Promise<void> {
  const { context } = socket
  const refused = { type: CLIENT_FRAME.delete, document }
  const subscription = socket.documents.findLive(document)
  if (subscription === null) return socket.refuse(refused, { code: 'NOT_OPEN' })
  const { hub } = subscription
  const code = subscription.refuse('delete', context.clock.now())
  if (code !== null) return socket.refuse(refused, { code })
  hub.holds++
  try {
    // A role may have been taken away on another relay a moment ago, and this cannot be undone.
    if (hub.document?.mode === 'members') {
      subscription.role = await context.store.roleOf(hub.id, socket.device)
      const now = subscription.refuse('delete', context.clock.now())
      if (now !== null) return socket.refuse(refused, { code: now })
    }
    const isRemoved = await context.store.remove(hub.id)
    if (isRemoved) {
      context.log.info('document-deleted', { connection: socket.id, document: context.labelOf(hub.id) })
      hub.deleted()
    } else socket.refuse(refused, { code: 'UNKNOWN_DOCUMENT' })
  } catch {
    context.metrics.count('deletes_failed')
    socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs: context.limits.retryAfterMs })
  } finally {
    socket.hubs.release(hub)
  }
}
