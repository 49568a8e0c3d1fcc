/**
 * The network of one phone on a page of several: with an airplane mode of its own, since the browser has a switch for the whole page only, and by
 * the line of the demo's host, which can lie. The client takes the classes that reach the network as options.
 *
 * @module
 */
import type { SealedDocumentsOptions } from '@y-sealed/client'

/** As in `host/line.ts`. */
const LINE_PATH = '/demo/line'

const open = new Set<WebSocket>()
let isOn = false

class SwitchedSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(new URL(LINE_PATH, url), protocols)
    open.add(this)
    this.addEventListener('close', () => open.delete(this))
    if (isOn) this.close()
  }
}

/** For `SealedDocuments.open`. */
export const SWITCHED_NETWORK: Pick<SealedDocumentsOptions, 'WebSocket' | 'fetch'> = {
  WebSocket: SwitchedSocket,
  async fetch(url, init) {
    if (isOn) throw new TypeError('airplane mode')
    return await fetch(url, init)
  },
}

export function setAirplaneMode(value: boolean): void {
  isOn = value
  if (isOn) for (const socket of open) socket.close()
  // As the browser says it of a whole page.
  window.dispatchEvent(new Event(isOn ? 'offline' : 'online'))
}

/** Who waits for a network need not wait longer, if there is one. */
export function redial(): void {
  if (!isOn) window.dispatchEvent(new Event('online'))
}
