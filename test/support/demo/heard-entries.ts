/**
 * What a phone is told by its sockets, and tells, as anybody who holds the phone may look at it: which entries, and when.
 *
 * @module
 */
import { bytesToBase64url, decodeClientFrame, decodeRelayFrame, toBytes } from '@y-sealed/protocol'
import type { Page } from 'playwright'

export interface HeardEntry {
  /** By the clock that was given. */
  readonly at: number
  /** Base64url. */
  readonly document: string
  readonly epoch: number
}

/** What the relay tells, from the next page load on; the list grows. */
export function hearEntries(page: Page, now: () => number): readonly HeardEntry[] {
  return watch(page, now, 'framereceived', (bytes) => {
    const decoded = decodeRelayFrame(bytes)
    return decoded.ok && decoded.value.type === 'entries' ? decoded.value.envelopes : []
  })
}

/** What the phone sends to be stored, from the next page load on; the list grows. */
export function hearPushes(page: Page, now: () => number): readonly HeardEntry[] {
  return watch(page, now, 'framesent', (bytes) => {
    const decoded = decodeClientFrame(bytes)
    return decoded.ok && decoded.value.type === 'push' ? decoded.value.envelopes : []
  })
}

interface Envelope {
  readonly document: Uint8Array
  readonly epoch: number
}

function watch(
  page: Page,
  now: () => number,
  event: 'framereceived' | 'framesent',
  envelopesOf: (bytes: Uint8Array<ArrayBuffer>) => readonly Envelope[],
): readonly HeardEntry[] {
  const heard: HeardEntry[] = []
  page.on('websocket', (socket) => {
    const take = ({ payload }: { readonly payload: string | Buffer }): void => {
      if (typeof payload === 'string') return
      const at = now()
      for (const { document, epoch } of envelopesOf(toBytes(payload)))
        heard.push({ at, document: bytesToBase64url(document), epoch })
    }
    // One name or the other: Playwright's types know each alone.
    if (event === 'framesent') socket.on('framesent', take)
    else socket.on('framereceived', take)
  })
  return heard
}
