/**
 * The inside of a tab: it opens a storage and does what it is told.
 *
 * @module
 */
import { openBrowserStorage, type BrowserStorage, type OutboxItem, type StoredEntry } from '@y-sealed/client'
import type { Bytes } from '@y-sealed/protocol'

/** What a tab is told to do. */
export type TabRequest = { readonly id: number } & (
  | { readonly do: 'open'; readonly name: string; readonly hasLocks?: boolean }
  /** Does nothing else for so long, as a page that is suspended. */
  | { readonly do: 'stall'; readonly ms: number }
  | { readonly do: 'set'; readonly key: string; readonly value: Bytes }
  | { readonly do: 'get'; readonly key: string }
  | { readonly do: 'put'; readonly item: OutboxItem }
  | { readonly do: 'list'; readonly document: Bytes }
  | { readonly do: 'append'; readonly document: Bytes; readonly entries: readonly StoredEntry[] }
)

/** What came of it. */
export interface TabAnswer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

let storage: BrowserStorage | null = null

async function obey(request: TabRequest): Promise<unknown> {
  if (request.do === 'open') {
    if (request.hasLocks === false) Object.defineProperty(navigator, 'locks', { value: undefined })
    storage = await openBrowserStorage({ name: request.name })
    return null
  }
  if (request.do === 'stall') {
    const until = performance.now() + request.ms
    while (performance.now() < until);
    return null
  }
  if (!storage) throw new Error('nothing is open')
  const { keys, outbox, documents } = storage
  if (request.do === 'set') return keys.set(request.key, request.value)
  if (request.do === 'get') return keys.get(request.key)
  if (request.do === 'put') return outbox.put(request.item)
  if (request.do === 'list') return outbox.list(request.document)
  return documents.append(request.document, request.entries)
}

addEventListener('message', ({ data }: MessageEvent<TabRequest>) => {
  void obey(data).then(
    (result) => postMessage({ id: data.id, result }),
    (error: unknown) => postMessage({ id: data.id, error: String((error as { code?: string }).code ?? error) }),
  )
})
