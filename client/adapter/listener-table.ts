/**
 * Listeners of a WebSocket as the platform keeps them: one `on…` property and any number of `addEventListener` for each event. Of its own,
 * because React Native has no EventTarget and Node 20 no CloseEvent.
 *
 * @module
 */
import { surfaceError } from '../platform.ts'

export type SocketEventName = 'open' | 'message' | 'error' | 'close'

/** What listeners are given: the fields of the platform's events that a provider reads. */
export interface SocketEvent {
  readonly type: SocketEventName
  readonly target: unknown
  readonly data?: ArrayBuffer
  readonly code?: number
  readonly reason?: string
  readonly wasClean?: boolean
  readonly message?: string
  readonly error?: unknown
}

type Handler = (event: SocketEvent) => void
type Listener = Handler | { handleEvent: Handler }

interface Registered {
  readonly listener: Listener
  readonly once: boolean
}

export class ListenerTable {
  /** By event: what `onopen` and the like hold. */
  readonly handlers: Record<SocketEventName, Handler | null> = { open: null, message: null, error: null, close: null }
  readonly #registered: Record<SocketEventName, Registered[]> = { open: [], message: [], error: [], close: [] }

  /** Unknown events are nobody's; the same listener is registered once. */
  add(name: string, listener: Listener | null, options?: boolean | { readonly once?: boolean }): void {
    const list = this.#registered[name as SocketEventName] as Registered[] | undefined
    if (!list || listener === null || list.some((entry) => entry.listener === listener)) return
    list.push({ listener, once: typeof options === 'object' && options.once === true })
  }

  remove(name: string, listener: Listener | null): void {
    const list = this.#registered[name as SocketEventName] as Registered[] | undefined
    const at = list?.findIndex((entry) => entry.listener === listener) ?? -1
    if (at >= 0) list?.splice(at, 1)
  }

  /** Tells everybody. What one throws surfaces as the platform's would, and the others are told all the same. */
  dispatch(event: SocketEvent): void {
    const { target, type } = event
    const handler = this.handlers[type]
    if (handler !== null) call(() => handler.call(target, event))
    for (const entry of Array.from(this.#registered[type])) {
      const { listener, once } = entry
      if (once) this.remove(type, listener)
      call(() => (typeof listener === 'function' ? listener.call(target, event) : listener.handleEvent(event)))
    }
  }
}

function call(run: () => void): void {
  try {
    run()
  } catch (error) {
    surfaceError(error)
  }
}
