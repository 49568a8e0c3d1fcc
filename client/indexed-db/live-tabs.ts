/**
 * Which of the tabs that share a storage are there: they are asked, and who is there answers at once. A tab that is suspended, or busy, may be
 * taken for gone; whoever asks must be able to live with that. Rule CL16.
 *
 * @module
 */
import { startTimer } from '../platform.ts'

/** Messages reach tabs in the background without delay; this is for one that is in the middle of something. */
const PATIENCE_MS = 250

/** `ask`: a number that its answers repeat. */
type Message =
  | { readonly ask: string; readonly tabs: readonly string[] }
  | { readonly answer: string; readonly tab: string }

export class LiveTabs {
  /** This tab's name: nobody else has or had it. */
  readonly ownId: string = crypto.randomUUID()
  readonly #channel: BroadcastChannel | null
  readonly #hearByAsk = new Map<string, (tab: string) => void>()

  /** `scope`: the storage's name. */
  constructor(scope: string) {
    this.#channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(`y-sealed/claims/${scope}`)
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<Message>) => this.#hear(data))
  }

  /** False where tabs cannot be asked. */
  get canAsk(): boolean {
    return this.#channel !== null
  }

  /** Those of `tabs` that answer. */
  ask(tabs: readonly string[]): Promise<ReadonlySet<string>> {
    const present = new Set<string>()
    const channel = this.#channel
    if (channel === null || tabs.length === 0) return Promise.resolve(present)
    const ask = crypto.randomUUID()
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        this.#hearByAsk.delete(ask)
        resolve(present)
      }
      const cancel = startTimer(PATIENCE_MS, end)
      this.#hearByAsk.set(ask, (tab) => {
        if (tabs.includes(tab)) present.add(tab)
        if (present.size === new Set(tabs).size) end()
      })
      this.#say({ ask, tabs })
    })
  }

  /** Answers nobody any more. */
  close(): void {
    this.#channel?.close()
  }

  #hear(message: Message): void {
    if ('answer' in message) this.#hearByAsk.get(message.answer)?.(message.tab)
    else if (message.tabs.includes(this.ownId)) this.#say({ answer: message.ask, tab: this.ownId })
  }

  #say(message: Message): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel, not a window
    this.#channel?.postMessage(message)
  }
}
