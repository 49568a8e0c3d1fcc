/**
 * Tabs by BroadcastChannel: bytes to all others of this origin that share a storage. Where there is none, each tab hears of the relay alone.
 *
 * @module
 */
import { bytesToBase64url, type Bytes } from '@y-sealed/protocol'
import type { TabLine, Tabs } from '../stores/tabs.ts'

/** `scope`: the storage's name. */
export function createBroadcastTabs(scope: string): Tabs {
  return {
    join: (document, hear) =>
      typeof BroadcastChannel === 'undefined'
        ? NOBODY
        : openLine(`y-sealed/tabs/${scope}/${bytesToBase64url(document)}`, hear),
  }
}

const NOBODY: TabLine = { send: () => undefined, close: () => undefined }

function openLine(name: string, hear: (message: Bytes) => void): TabLine {
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (data instanceof Uint8Array && data.buffer instanceof ArrayBuffer) hear(data as Bytes)
  })
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel, not a window
    send: (message) => channel.postMessage(message),
    close: () => channel.close(),
  }
}
