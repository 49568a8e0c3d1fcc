/**
 * A promise of one event or another of a provider.
 *
 * @module
 */

interface Listenable {
  on(name: string, listener: (...args: never[]) => void): unknown
  off(name: string, listener: (...args: never[]) => void): void
}

/** What settles the promise: return an `Error` to reject, `true` to resolve, `false` to wait on. */
export type EventJudge = (argument: unknown) => Error | boolean

/** Resolves or rejects by whichever of the named events its judge first decides. Listens to nothing afterwards. */
export function awaitEvent(source: Listenable, judges: Readonly<Record<string, EventJudge>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const listeners = Object.entries(judges).map(([name, judge]) => {
      const listener = (argument?: unknown): void => {
        const verdict = judge(argument)
        if (verdict === false) return
        for (const [other, registered] of listeners) source.off(other, registered)
        if (verdict === true) resolve()
        else reject(verdict)
      }
      return [name, listener] as const
    })
    for (const [name, listener] of listeners) source.on(name, listener)
  })
}
