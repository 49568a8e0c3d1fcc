/**
 * READ: a page of the log for whoever asks for it; nobody is sent more than they asked for. Rules FR7, FR14.
 *
 * @module
 */
import { CLIENT_FRAME, encodeRelayFrame, type ReadFrame } from '@y-sealed/protocol'

import { sendEntries } from './entry-frames.ts'
import type { Socket } from './socket.ts'

/** More entries than fit a page, whatever their size. */
const MANY = 1024

/** Answers READ. Never rejects. */
export async function handleRead(socket: Socket, { document, after, maxBytes }: ReadFrame): Promise<void> {
  const { context } = socket
  const { limits, store } = context
  const refused = { type: CLIENT_FRAME.read, document }
  const subscription = socket.documents.findLive(document)
  if (subscription === null) return socket.refuse(refused, { code: 'NOT_OPEN' })
  const code = subscription.refuse('read', context.clock.now())
  if (code !== null) return socket.refuse(refused, { code })
  if (socket.readsInFlight >= limits.readsInFlight) {
    return socket.refuse(refused, { code: 'RATE', retryAfterMs: limits.retryAfterMs })
  }
  if (subscription.telling !== null) {
    // Entries are judged by the records: those come first.
    socket.readsInFlight++
    await subscription.telling.catch(() => undefined).finally(() => socket.readsInFlight--)
    if (subscription.state !== 'live') return
  }
  // Whoever does not take what it asked for is not given more of it.
  if (socket.bufferedBytes > limits.liveQueueBytes) {
    return socket.refuse(refused, { code: 'RATE', retryAfterMs: limits.retryAfterMs }, 0)
  }
  const { hub } = subscription
  const { subject } = subscription.grant
  const turn = context.rates.reads.begin(subject)
  if (turn === false) return socket.refuse(refused, { code: 'RATE', retryAfterMs: limits.retryAfterMs }, 0)
  socket.readsInFlight++
  try {
    if (turn !== true) await turn
    if (!socket.isOpen) return
    const entries = await store.read(hub.id, after, { entries: MANY, bytes: Math.min(maxBytes, limits.pageBytes) })
    // What this relay has not delivered yet may stand behind a record that removes the reader: then it is the store's word that counts.
    const isAhead = (entries.at(-1)?.seq ?? 0) > hub.lastSent && hub.document?.mode === 'members'
    if (isAhead && (await hub.access.ask(socket.device)).role === 'none') {
      // The answer is CLOSED, behind the record.
      void hub.refresh()
      return
    }
    if (!subscription.mayRead(context.clock.now())) return
    if (entries.length === 0 && after < hub.lastSeq) {
      const [status] = await store.status([hub.id])
      const base = status?.base ?? 0
      if (after < base) return socket.refuse(refused, { code: 'TRIMMED', detail: base + 1 }, 0)
    }
    sendEntries(entries, limits.pageBytes, (frame, rest) => socket.send(frame, rest))
    const through = entries.at(-1)?.seq ?? after
    const headSeq = Math.max(hub.lastSeq, entries.at(-1)?.seq ?? 0)
    if (through >= headSeq) subscription.caughtUp(entries.at(-1)?.seq ?? hub.lastSeq)
    socket.send(encodeRelayFrame({ type: 'read-done', document: hub.id, through, headSeq }))
  } catch {
    context.metrics.count('reads_failed')
    socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs: limits.retryAfterMs })
  } finally {
    context.rates.reads.end(subject)
    socket.readsInFlight--
  }
}
