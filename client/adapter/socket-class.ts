/**
 * A WebSocket class whose other end is in this process: what a foreign provider is given in place of the platform's. It has the platform's
 * states, constants, events and manners, and nothing of what is said. Rule CL60.
 *
 * @module
 */
import { toBytes, type Bytes } from '@y-sealed/protocol'
import { ListenerTable, type SocketEvent, type SocketEventName } from './listener-table.ts'

/** The other end. */
export interface Conversation {
  /** The provider has sent a message; never before {@link SocketEnd.open}. */
  receive(message: Bytes): void
  /** The provider has closed; called once, and not for what this end has closed. */
  closed(): void
}

/** What the other end may do. After the socket is closed, by whomever, none of it does anything. */
export interface SocketEnd {
  readonly isOpen: boolean
  /** From CONNECTING to OPEN. */
  open(): void
  /** A message to the provider; only while open. */
  deliver(message: Bytes): void
  /** Closes with a code; where it has not been open, after an `error` event, as a failed dial. */
  close(code: number, reason: string): void
}

/** Begins a conversation for a new socket. What it throws, `new` throws. It may use `end` once it has returned. */
export type Converse = (end: SocketEnd, url: string) => Conversation

/** Fits `WebSocketPolyfill` as the providers declare it. */
export type WebSocketClass = typeof globalThis.WebSocket

const CONNECTING = 0
const OPEN = 1
const CLOSING = 2
const CLOSED = 3

/** A class of its own for each provider's options. */
export function createSocketClass(converse: Converse): WebSocketClass {
  class SealedWebSocket {
    static readonly CONNECTING = CONNECTING
    static readonly OPEN = OPEN
    static readonly CLOSING = CLOSING
    static readonly CLOSED = CLOSED
    // Providers read `ws.OPEN` off the instance; the prototype has them too, below.
    declare readonly CONNECTING: 0
    declare readonly OPEN: 1
    declare readonly CLOSING: 2
    declare readonly CLOSED: 3
    /** Messages are always an ArrayBuffer, whatever stands here. */
    binaryType = 'arraybuffer'
    readonly bufferedAmount = 0
    readonly extensions = ''
    /** None of those that were offered: nothing of this class's arguments reaches the network. */
    readonly protocol = ''
    readonly url: string
    readonly #listeners = new ListenerTable()
    readonly #conversation: Conversation
    #state = CONNECTING

    constructor(url: string | URL) {
      this.url = String(url)
      this.#conversation = converse(this.#createEnd(), this.url)
    }

    get readyState(): number {
      return this.#state
    }

    get onopen(): ListenerTable['handlers']['open'] {
      return this.#listeners.handlers.open
    }

    set onopen(handler: ListenerTable['handlers']['open']) {
      this.#listeners.handlers.open = handler
    }

    get onmessage(): ListenerTable['handlers']['message'] {
      return this.#listeners.handlers.message
    }

    set onmessage(handler: ListenerTable['handlers']['message']) {
      this.#listeners.handlers.message = handler
    }

    get onerror(): ListenerTable['handlers']['error'] {
      return this.#listeners.handlers.error
    }

    set onerror(handler: ListenerTable['handlers']['error']) {
      this.#listeners.handlers.error = handler
    }

    get onclose(): ListenerTable['handlers']['close'] {
      return this.#listeners.handlers.close
    }

    set onclose(handler: ListenerTable['handlers']['close']) {
      this.#listeners.handlers.close = handler
    }

    addEventListener(...args: Parameters<ListenerTable['add']>): void {
      this.#listeners.add(...args)
    }

    removeEventListener(...args: Parameters<ListenerTable['remove']>): void {
      this.#listeners.remove(...args)
    }

    dispatchEvent(event: SocketEvent): boolean {
      this.#listeners.dispatch(event)
      return true
    }

    /** As the platform: throws while connecting, and is silent once closed. Text is refused: no provider sends any. */
    send(data: unknown): void {
      if (this.#state === CONNECTING) throw invalidState()
      if (!(data instanceof ArrayBuffer) && !ArrayBuffer.isView(data)) throw new TypeError('a message is bytes')
      if (this.#state === OPEN) this.#conversation.receive(toBytes(data))
    }

    /** What was sent before is still looked after; the `close` event follows. */
    close(code = 1000, reason = ''): void {
      if (this.#state >= CLOSING) return
      this.#state = CLOSING
      this.#conversation.closed()
      queueMicrotask(() => this.#end(code, reason))
    }

    #createEnd(): SocketEnd {
      const isOpen = (): boolean => this.#state === OPEN
      return {
        get isOpen() {
          return isOpen()
        },
        open: () => {
          if (this.#state !== CONNECTING) return
          this.#state = OPEN
          this.#tell('open')
        },
        deliver: (message) => {
          if (isOpen()) this.#tell('message', { data: message.slice().buffer })
        },
        close: (code, reason) => {
          if (this.#state >= CLOSING) return
          if (this.#state === CONNECTING) this.#tell('error', { message: reason, error: new Error(reason) })
          this.#end(code, reason)
        },
      }
    }

    #end(code: number, reason: string): void {
      if (this.#state === CLOSED) return
      this.#state = CLOSED
      this.#tell('close', { code, reason, wasClean: code !== 1006 })
    }

    #tell(type: SocketEventName, fields: Partial<SocketEvent> = {}): void {
      this.#listeners.dispatch({ type, target: this, ...fields })
    }
  }
  Object.assign(SealedWebSocket.prototype, { CONNECTING, OPEN, CLOSING, CLOSED })
  return SealedWebSocket as unknown as WebSocketClass
}

function invalidState(): Error {
  const error = new Error('the socket is still connecting')
  error.name = 'InvalidStateError'
  return error
}
