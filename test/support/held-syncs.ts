/**
 * Syncs of this process under a test's hand: each is made, and what became of it is told when the test says so.
 *
 * @module
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { onTestFinished, vi } from 'vitest'

export interface HeldSyncs {
  /** Asked for and not yet told. */
  readonly waiting: number
  /** Tells the oldest, once it is made; with an error, that it was not. Resolves when those who waited have heard of it. */
  tell(error?: Error): Promise<void>
  /** What is asked for from now on is told as soon as it is made; what waits, too. */
  letGo(): Promise<void>
}

/** Until the end of the test. */
export function holdSyncs(): HeldSyncs {
  const sync = fs.fdatasync
  const held: ((error?: Error) => Promise<void>)[] = []
  Reflect.set(fs, 'fdatasync', (descriptor: number, told: fs.NoParamCallback) => {
    const made = new Promise<NodeJS.ErrnoException | null>((resolve) => sync(descriptor, resolve))
    held.push(async (error) => {
      const outcome = await made
      told(error ?? outcome)
    })
  })
  syncBuiltinESMExports()
  const restore = (): void => {
    Reflect.set(fs, 'fdatasync', sync)
    syncBuiltinESMExports()
  }
  onTestFinished(restore)
  const tell = async (error?: Error): Promise<void> => {
    await vi.waitUntil(() => held.length > 0)
    await held.shift()?.(error)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return {
    get waiting() {
      return held.length
    },
    tell,
    async letGo() {
      restore()
      while (held.length > 0) await tell()
    },
  }
}
