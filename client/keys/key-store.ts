/**
 * Where a device keeps what it must not lose and nobody else may have: its own seeds, epoch keys, pins. The port, and its in-memory twin.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

/** A small map of secrets by name. Values are a few hundred bytes, and 36 more for each epoch that a document had. Adapters encrypt at rest where the platform can. */
export interface KeyStore {
  get(name: string): Promise<Bytes | null>
  /** Resolves when the value would survive a crash. */
  set(name: string, value: Bytes): Promise<void>
  /** As {@link set} where nothing has that name; otherwise nothing changes. Of several at a time, from any tab or process, one stands. */
  add(name: string, value: Bytes): Promise<void>
  delete(name: string): Promise<void>
  /** Names that begin with `prefix`, in ascending order. */
  list(prefix: string): Promise<readonly string[]>
}

/** A KeyStore that forgets everything when the process ends. */
export function createMemoryKeyStore(): KeyStore {
  const values = new Map<string, Bytes>()
  return {
    get: (name) => Promise.resolve(values.get(name)?.slice() ?? null),
    set: (name, value) => {
      values.set(name, value.slice())
      return Promise.resolve()
    },
    add: (name, value) => {
      if (!values.has(name)) values.set(name, value.slice())
      return Promise.resolve()
    },
    delete: (name) => {
      values.delete(name)
      return Promise.resolve()
    },
    list: (prefix) => Promise.resolve([...values.keys()].filter((name) => name.startsWith(prefix)).toSorted()),
  }
}
