/**
 * A relay that lies, as one client meets it: a WebSocket class whose messages pass through a trick, in front of the real relay over real TLS.
 * The same under Node and in Chromium, where no proxy can be told what to do from within a test. What needs a second relay behind one
 * address, or its signature on what it never showed, is `lying-relay.ts`'s.
 *
 * @module
 */
import type { SocketConstructor } from '@y-sealed/client'
import { decodeClientFrame, decodeRelayFrame, type Bytes, type ClientFrame, type RelayFrame } from '@y-sealed/protocol'

type Socket = InstanceType<SocketConstructor>

/** What goes on in place of a message, in order; `undefined` lets it pass. `say` brings the client something later, or by itself. */
export type SocketTrick<Frame> = (
  frame: Frame | null,
  message: Bytes,
  say: (message: Bytes) => void,
) => readonly Bytes[] | undefined

/** Both ways of one lie. */
export interface Lie {
  readonly toClient?: SocketTrick<RelayFrame>
  readonly toRelay?: SocketTrick<ClientFrame>
}

export interface Liar {
  readonly WebSocket: SocketConstructor
  /** What is told from now on; `null` is the truth. */
  lie: Lie | null
  /** When (ms) a client was first told something else than the relay said, since {@link Liar.lie} was set last; `null`: never. */
  readonly liedAt: number | null
  /** When a client was first told, after that, the head that the relay has signed: the first honest word by which it can know. */
  readonly honestAt: number | null
  /** Ends every socket without a word. */
  cut(): void
}

export function createLiar(Base: SocketConstructor | undefined): Liar {
  const Platform: SocketConstructor = Base ?? globalThis.WebSocket
  const open = new Set<LyingSocket>()
  const liar: { lie: Lie | null; liedAt: number | null; honestAt: number | null } = {
    lie: null,
    liedAt: null,
    honestAt: null,
  }
  const note = (isLie: boolean, frame: RelayFrame | null): void => {
    if (isLie) liar.liedAt ??= performance.now()
    else if (liar.liedAt !== null && (frame?.type === 'opened' || frame?.type === 'head'))
      liar.honestAt ??= performance.now()
  }

  class LyingSocket implements Socket {
    onopen: Socket['onopen'] = null
    onclose: Socket['onclose'] = null
    onerror: Socket['onerror'] = null
    onmessage: Socket['onmessage'] = null
    readonly #socket: Socket
    #isCut = false

    constructor(url: string, protocols: string[]) {
      const socket = new Platform(url, protocols)
      socket.binaryType = 'arraybuffer'
      this.#socket = socket
      open.add(this)
      socket.onopen = (event: never) => this.onopen?.(event)
      socket.onerror = (event: never) => this.onerror?.(event)
      socket.onclose = (event) => this.#end(event)
      socket.onmessage = ({ data }) => this.#hear(new Uint8Array(data as ArrayBuffer))
    }

    get binaryType(): string {
      return this.#socket.binaryType
    }

    set binaryType(_type: string) {
      // Messages are read here first.
    }

    get readyState(): number {
      return this.#isCut ? 3 : this.#socket.readyState
    }

    get bufferedAmount(): number {
      return this.#socket.bufferedAmount
    }

    send(data: Bytes): void {
      const decoded = decodeClientFrame(data)
      const said = liar.lie?.toRelay?.(decoded.ok ? decoded.value : null, data, (message) => this.#say(message))
      if (said !== undefined) note(true, null)
      for (const message of said ?? [data]) this.#socket.send(message)
    }

    close(code?: number, reason?: string): void {
      this.#socket.close(code, reason)
    }

    cut(): void {
      this.#end({ code: 1006, reason: '' })
      this.#socket.close()
    }

    #hear(message: Bytes): void {
      const decoded = decodeRelayFrame(message)
      const frame = decoded.ok ? decoded.value : null
      const said = liar.lie?.toClient?.(frame, message, (later) => this.#say(later))
      note(said !== undefined, frame)
      for (const each of said ?? [message]) this.#say(each)
    }

    #say(message: Bytes): void {
      if (!this.#isCut) this.onmessage?.({ data: message.slice().buffer })
    }

    #end(event: { readonly code: number; readonly reason: string }): void {
      if (this.#isCut) return
      this.#isCut = true
      open.delete(this)
      this.onclose?.(event)
    }
  }

  return {
    WebSocket: LyingSocket,
    get lie() {
      return liar.lie
    },
    set lie(lie) {
      if (lie !== null) liar.liedAt = liar.honestAt = null
      liar.lie = lie
    },
    get liedAt() {
      return liar.liedAt
    },
    get honestAt() {
      return liar.honestAt
    },
    cut: () => {
      for (const socket of open) socket.cut()
    },
  }
}
