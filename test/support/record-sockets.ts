/**
 * A WebSocket class that keeps all that is sent and received by it, as whoever is at the other end sees it.
 *
 * @module
 */

export interface SocketRecord {
  readonly Socket: typeof WebSocket
  /** How many bytes went by. */
  readonly bytes: number
  base64(): string
}

export function recordSockets(Platform: typeof WebSocket): SocketRecord {
  const pieces: Uint8Array[] = []
  class Socket extends Platform {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      this.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (data instanceof ArrayBuffer) pieces.push(new Uint8Array(data.slice(0)))
      })
    }
    override send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
      pieces.push(bytesOf(data))
      // Whatever it was, the platform takes it.
      super.send(data as string)
    }
  }
  return {
    Socket,
    get bytes() {
      return pieces.reduce((sum, { length }) => sum + length, 0)
    },
    base64: () => {
      let text = ''
      for (const piece of pieces) for (const byte of piece) text += String.fromCodePoint(byte)
      return btoa(text)
    },
  }
}

function bytesOf(data: unknown): Uint8Array {
  if (typeof data === 'string') return new TextEncoder().encode(data)
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0))
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
  throw new TypeError('what was sent is neither text nor bytes')
}
