/**
 * Sockets that count what comes in.
 *
 * @module
 */
import type { SocketConstructor } from '@y-sealed/client'

export interface Meter {
  readonly WebSocket: SocketConstructor
  /** Bytes of all messages that came in so far. */
  readonly received: number
}

/** A class like `Base`, by default the platform's. */
export function createMeteredSocket(Base: SocketConstructor | undefined): Meter {
  const Platform = (Base ?? globalThis.WebSocket) as unknown as typeof WebSocket
  let received = 0
  class MeteredSocket extends Platform {
    constructor(url: string, protocols: string[]) {
      super(url, protocols)
      this.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => (received += data.byteLength))
    }
  }
  return {
    WebSocket: MeteredSocket,
    get received() {
      return received
    },
  }
}
