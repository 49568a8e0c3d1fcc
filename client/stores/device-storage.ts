/**
 * All that a device keeps for an app, as one thing: its keys, sealed edits on their way, sealed logs. Rules KM1, CL13.
 *
 * @module
 */
import { bytesToBase64url } from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'
import { HeadMemory } from '../log/head-memory.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { createMemoryDocumentStore, type DocumentStore } from './document-store.ts'
import type { TabHolds } from './tab-holds.ts'
import type { Tabs } from './tabs.ts'

/** `openBrowserStorage()` in a browser, `openNodeStorage()` of `@y-sealed/client/node` under Node, or an app's own. */
export interface DeviceStorage {
  readonly keys: KeyStore
  readonly outbox: Outbox
  readonly documents: DocumentStore
  /** The other tabs that share it, where there can be any. */
  readonly tabs?: Tabs
  /** What goes on in one of them, for the others to ask. */
  readonly holds?: TabHolds
}

/**
 * A DocumentStore for a device that has a KeyStore and nothing else: logs in memory, and with the keys the newest signed head of each, so that
 * a relay that was rolled back is noticed by the next run too. [LO6]
 */
export function createHeadStore(keys: KeyStore): DocumentStore {
  const logs = createMemoryDocumentStore()
  const memoryByDocument = new Map<string, HeadMemory>()
  const memoryOf = (document: Uint8Array<ArrayBuffer>): HeadMemory => {
    const name = bytesToBase64url(document)
    const memory = memoryByDocument.get(name) ?? new HeadMemory(keys, document.slice())
    memoryByDocument.set(name, memory)
    return memory
  }
  return {
    ...logs,
    append: async (document, entries, head) => {
      await logs.append(document, entries, head)
      if (head !== undefined) await memoryOf(document).keep(head)
    },
    delete: async (document, entry) => {
      await logs.delete(document, entry)
      await memoryOf(document).forget()
    },
    extent: async (document) => {
      const { baseSeq, lastSeq } = await logs.extent(document)
      return { baseSeq, lastSeq, head: await memoryOf(document).recall() }
    },
  }
}
