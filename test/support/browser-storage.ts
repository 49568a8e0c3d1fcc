/**
 * Storage in this browser for one test, and tabs that share it.
 *
 * @module
 */
import { openBrowserStorage, wipeBrowserStorage, type BrowserStorage } from '@y-sealed/client'
import { onTestFinished, vi } from 'vitest'

import type { TabAnswer, TabRequest } from './storage-tab.ts'

let count = 0

/** A name that no other test uses; what is stored under it goes when the test is over. */
export function makeStorageName(): string {
  const name = `test-${crypto.randomUUID()}-${count++}`
  onTestFinished(() => wipeBrowserStorage({ name }))
  return name
}

/** Opens a storage, which is closed when the test is over. */
export async function openStorage(name: string): Promise<BrowserStorage> {
  const storage = await openBrowserStorage({ name })
  onTestFinished(() => storage.close())
  return storage
}

/** As {@link openStorage}, in a browser that has no Web Locks. */
export async function openWithoutLocks(name: string): Promise<BrowserStorage> {
  const spy = vi.spyOn(navigator, 'locks', 'get').mockReturnValue(undefined as unknown as LockManager)
  return await openStorage(name).finally(() => spy.mockRestore())
}

/** One store of a storage that a contract opens, and opens again. */
export function makeStorageHarness<T>(
  part: (storage: BrowserStorage) => T,
  openOne = openStorage,
): {
  open(): Promise<T>
  reopen(): Promise<T>
} {
  const name = makeStorageName()
  let current: BrowserStorage | null = null
  const openNext = async (): Promise<T> => {
    await current?.close()
    current = await openOne(name)
    return part(current)
  }
  return { open: openNext, reopen: openNext }
}

/** What a tab is told without its number. */
type Request<R = TabRequest> = R extends { readonly id: number } ? Omit<R, 'id'> : never

/** A worker with connections and locks of its own, which ends at any moment, as tabs do. */
export class StorageTab {
  readonly #worker = new Worker(new URL('storage-tab.ts', import.meta.url), { type: 'module' })
  readonly #resolveById = new Map<number, (answer: TabAnswer) => void>()

  constructor() {
    onTestFinished(() => this.crash())
    this.#worker.addEventListener('message', ({ data }: MessageEvent<TabAnswer>) => {
      this.#resolveById.get(data.id)?.(data)
    })
  }

  /** What the tab's own storage says. Throws what the storage throws, as text. */
  async ask(request: Request): Promise<unknown> {
    const id = count++
    const answered = new Promise<TabAnswer>((resolve) => this.#resolveById.set(id, resolve))
    this.#worker.postMessage({ ...request, id }, [])
    const answer = await answered
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.result
  }

  /** Ends it in the middle of whatever it does. */
  crash(): void {
    this.#worker.terminate()
  }
}
