/**
 * What outlasts the runs of a device: memory, or files.
 *
 * @module
 */
import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  type DeviceStorage,
  type DocumentStore,
  type Outbox,
  type OutboxItem,
} from '@y-sealed/client'
import { openNodeStorage } from '@y-sealed/client/node'
import type { Bytes } from '@y-sealed/protocol'

import { makeTemporaryFolder } from '../temporary-folder.ts'

/** One at a time has it open. */
export interface Disk {
  open(): Promise<DeviceStorage>
  /** Whoever had it open is gone; what they had begun is done. */
  release(): Promise<void>
  /** Throws away all but the keys, which a running page writes once more, and tells who has it open. Absent where that does not happen. */
  readonly evict?: () => void
  /** It does not answer the other tabs of its device, or does again. Absent where there are none. */
  readonly sleep?: (sleeps: boolean) => void
  /** What lies in its outbox, whosever it is. Absent where only one can have it open, who sees all of it. */
  readonly peek?: (document: Bytes) => Promise<readonly OutboxItem[]>
  /** What was done with its outbox by whom, in short. */
  readonly trace?: readonly string[]
}

export function memoryDisk(): Disk {
  let [outbox, documents] = [createMemoryOutbox(), createMemoryDocumentStore()]
  const listeners = new Set<(keysRewritten: Promise<void>) => void>()
  const storage: DeviceStorage = {
    keys: createMemoryKeyStore(),
    outbox: forward<Outbox>(() => outbox),
    documents: {
      ...forward<DocumentStore>(() => documents),
      onEvicted: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
  }
  return {
    open: () => Promise.resolve(storage),
    release: () => Promise.resolve(),
    evict: () => {
      ;[outbox, documents] = [createMemoryOutbox(), createMemoryDocumentStore()]
      const keysRewritten = new Promise<void>((resolve) => setImmediate(resolve))
      // Some of what was under way meets the empty storage before anybody knows.
      setImmediate(() => {
        for (const tell of listeners) tell(keysRewritten)
      })
    },
  }
}

/** Whatever is there now, method by method. */
function forward<Port extends object>(port: () => Port): Port {
  const methods = Object.keys(port()).map((name) => [
    name,
    (...parameters: unknown[]): unknown => Reflect.apply(Reflect.get(port(), name) as Method, port(), parameters),
  ])
  return Object.fromEntries(methods) as Port
}

type Method = (...parameters: unknown[]) => unknown

export function fileDisk(): Disk {
  const folder = makeTemporaryFolder()
  let opened: Awaited<ReturnType<typeof openNodeStorage>> | null = null
  return {
    open: async () => (opened = await openNodeStorage(folder)),
    release: async () => {
      await opened?.close()
      opened = null
    },
  }
}
