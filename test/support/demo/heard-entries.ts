/**
 * What a phone is told by its sockets, as anybody who holds the phone may look at it: which entries came, and when.
 *
 * @module
 */
import { bytesToBase64url, decodeRelayFrame, toBytes } from '@y-sealed/protocol'
import type { Page } from 'playwright'

export interface HeardEntry {
  /** Unix ms. */
  readonly at: number
  /** Base64url. */
  readonly document: string
  readonly epoch: number
}

/** From the next page load on; the list grows. */
export function hearEntries(page: Page): readonly HeardEntry[] {
  const heard: HeardEntry[] = []
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      if (typeof payload === 'string') return
      const decoded = decodeRelayFrame(toBytes(payload))
      if (!decoded.ok || decoded.value.type !== 'entries') return
      const at = Date.now()
      for (const { document, epoch } of decoded.value.envelopes)
        heard.push({ at, document: bytesToBase64url(document), epoch })
    })
  })
  return heard
}
