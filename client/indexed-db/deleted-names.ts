/**
 * Which keys were deleted, told to the other tabs of one storage: names and nothing else. What a tab knows of them it is not to store anew when the
 * browser throws the database away later. Rule CL13.
 *
 * @module
 */

export class DeletedNames {
  readonly #channel: BroadcastChannel | null

  /** `scope`: the storage's name. `hear` is told of what other tabs have deleted. */
  constructor(scope: string, hear: (name: string) => void) {
    this.#channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(`y-sealed/deleted/${scope}`)
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') hear(data)
    })
  }

  /** It is deleted. */
  tell(name: string): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel, not a window
    this.#channel?.postMessage(name)
  }

  /** Hears of nothing any more. */
  close(): void {
    this.#channel?.close()
  }
}
