/**
 * A WebSocket class that counts what passes through another and tells of acknowledgements: figures for reports, from outside the
 * provider.
 *
 * @module
 */
import { decodeRelayFrame, RELAY_FRAME, toBytes, type AckFrame } from '@y-sealed/protocol'
import type { Socket, SocketConstructor, SocketOptions } from '../../connection/socket.ts'

/** Bytes of WebSocket messages, without TLS and framing. */
export class Traffic {
  bytesSent = 0
  bytesReceived = 0
  /** Own entries that the relay has acknowledged; one that was acknowledged twice counts twice. */
  entriesAcknowledged = 0
  /** Sockets that opened. */
  connections = 0
  onAck: ((ack: AckFrame) => void) | null = null

  sent(bytes: number): void {
    this.bytesSent += bytes
  }

  received(data: unknown): void {
    if (!(data instanceof ArrayBuffer) && !ArrayBuffer.isView(data)) return
    const bytes = toBytes(data)
    this.bytesReceived += bytes.length
    if (bytes[0] !== RELAY_FRAME.ack) return
    const frame = decodeRelayFrame(bytes)
    if (!frame.ok || frame.value.type !== 'ack') return
    this.entriesAcknowledged += frame.value.count
    this.onAck?.(frame.value)
  }
}

/** A class that behaves as `Base` does and reports to `traffic`. */
export function meterSockets(Base: SocketConstructor, traffic: Traffic): SocketConstructor {
  return class MeteredSocket implements Socket {
    static readonly checksPins = Base.checksPins ?? false
    readonly #socket: Socket
    onopen: Socket['onopen'] = null
    onclose: Socket['onclose'] = null
    onerror: Socket['onerror'] = null
    onmessage: Socket['onmessage'] = null

    constructor(url: string, protocols: string[], options?: SocketOptions) {
      const socket = new Base(url, protocols, options)
      this.#socket = socket
      socket.onopen = (event) => {
        traffic.connections += 1
        this.onopen?.(event)
      }
      socket.onclose = (event) => this.onclose?.(event)
      socket.onerror = (event) => this.onerror?.(event)
      socket.onmessage = (event) => {
        traffic.received(event.data)
        this.onmessage?.(event)
      }
    }

    get binaryType(): string {
      return this.#socket.binaryType
    }

    set binaryType(type: string) {
      this.#socket.binaryType = type
    }

    get readyState(): number {
      return this.#socket.readyState
    }

    get bufferedAmount(): number {
      return this.#socket.bufferedAmount
    }

    send(data: Uint8Array<ArrayBuffer>): void {
      traffic.sent(data.length)
      this.#socket.send(data)
    }

    close(code?: number, reason?: string): void {
      this.#socket.close(code, reason)
    }
  }
}
