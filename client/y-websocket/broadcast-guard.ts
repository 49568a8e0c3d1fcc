/**
 * Notices a y-websocket that speaks to other tabs by BroadcastChannel or localStorage, in clear, and stops it before the document is in what
 * it says. Rule CL64.
 *
 * y-websocket connects its socket first and says to the channel, in the same turn, its state vector and only then its content; lib0 hands
 * what is said to everybody in the page who listens, with the provider that says it.
 *
 * @module
 */
import { subscribe, unsubscribe } from 'lib0/broadcastchannel'

export const BROADCAST_REFUSED: string =
  'y-sealed: this provider would send the document in clear to other tabs, by BroadcastChannel or localStorage: ' +
  'give it `disableBc: true`'

/**
 * Watches the channel of one room from now on, until what it returns is called. A provider of this page is destroyed and its constructor, or
 * `connect`, throws `TypeError`; `onLeak` is told, also where another tab is heard, or a second copy of lib0.
 */
export function watchBroadcasts(channel: string, onLeak: () => void): () => void {
  let isOver = false
  const stop = (): void => {
    isOver = true
    unsubscribe(channel, listener)
  }
  const listener = (_data: unknown, origin: unknown): void => {
    if (isOver) return
    stop()
    onLeak()
    if (!isProvider(origin)) return
    // It is half constructed, and would go on with every edit: nobody else can end it.
    origin.destroy()
    throw new TypeError(BROADCAST_REFUSED)
  }
  subscribe(channel, listener)
  return stop
}

function isProvider(origin: unknown): origin is { destroy(): void } {
  return typeof origin === 'object' && origin !== null && 'destroy' in origin
}
