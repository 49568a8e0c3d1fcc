/**
 * A KeyStore in IndexedDB: names in clear, values wrapped by a key that no script can read. Rule KM1.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'
import { Turns } from '../stores/turns.ts'
import type { Database } from './database.ts'
import { checkKey, loadWrappingKey, unwrapValue, WRAPPING_ROW, wrapValue } from './wrapping-key.ts'

/** A KeyStore whose keys can be stored once more. */
export interface RewritableKeyStore extends KeyStore {
  /** Stores what this page has read or stored, where it is not: the browser has thrown the database away. */
  rewrite(): Promise<void>
  /** Knows nothing of that any more, or of one name: it was deleted on purpose. */
  forget(name?: string): void
}

export interface IndexedDbKeyStoreOptions {
  /** Resolves when {@link RewritableKeyStore.rewrite} was called if it had to be. */
  readonly look: () => Promise<void>
  /** Something is stored. */
  readonly onStored: () => void
  /** A name is deleted. */
  readonly onDeleted: (name: string) => void
}

/**
 * Keys in `database`. Tabs share it: the last `set` of a name stands. Throws `KEY_STORE_DAMAGED` for a value that does not open, and as the
 * database does.
 */
export function createIndexedDbKeyStore(
  database: Database,
  { look, onStored, onDeleted }: IndexedDbKeyStoreOptions,
): RewritableKeyStore {
  const turns = new Turns()
  /** What this page knows: without it, a device whose storage was evicted would be another one with the next run. */
  const known = new Map<string, Bytes>()
  /** What is being read meanwhile may be deleted by now. */
  let forgotten = 0
  const read = async (name: string): Promise<Bytes | null> => {
    const { value, key } = await database.read(['keys', 'wrapping'], async (tables) => ({
      value: await tables.objectStore('keys').get(name),
      key: await tables.objectStore('wrapping').get(WRAPPING_ROW),
    }))
    return value === undefined ? null : unwrapValue(checkKey(key), name, value)
  }
  const store = (name: string, value: Bytes, how: 'put' | 'add'): Promise<void> => {
    const copy = value.slice()
    return turns.take(async () => {
      const stands = await storeValue(database, name, copy, how)
      if (stands) known.set(name, copy)
      onStored()
    })
  }
  return {
    get: async (name) => {
      const before = forgotten
      const value = await read(name)
      if (value !== null && before === forgotten) known.set(name, value.slice())
      if (value !== null || !known.has(name)) return value
      // It was there: another tab has deleted it, or the browser everything.
      await look()
      const again = await read(name)
      if (again === null) known.delete(name)
      return again
    },
    set: (name, value) => store(name, value, 'put'),
    add: (name, value) => store(name, value, 'add'),
    delete: (name) => {
      known.delete(name)
      return turns.take(async () => {
        await database.write(['keys'], (tables) => tables.objectStore('keys').delete(name))
        onDeleted(name)
      })
    },
    list: async (prefix) => {
      const names = await database.read(['keys'], (tables) => tables.objectStore('keys').getAllKeys())
      return names.filter((name) => name.startsWith(prefix)).toSorted()
    },
    rewrite: async () => {
      // Not in its turn: what is stored meanwhile is newer, and stands.
      for (const [name, value] of known) await storeValue(database, name, value, 'add')
      if (known.size > 0) onStored()
    },
    forget: (name) => {
      forgotten += 1
      if (name === undefined) known.clear()
      else known.delete(name)
    },
  }
}

/** `add` stores where nothing is. True if it was stored. */
async function storeValue(database: Database, name: string, value: Bytes, how: 'put' | 'add'): Promise<boolean> {
  for (;;) {
    const wrapping = await loadWrappingKey(database)
    const wrapped = await wrapValue(wrapping, name, value)
    const result = await database.write(['keys', 'wrapping'], async (tables) => {
      // Another tab may have wiped the database meanwhile: under the old key nobody could read this again.
      const current = await tables.objectStore('wrapping').get(WRAPPING_ROW)
      if (current === undefined || !equalBytes(current.id, wrapping.id)) return 'again'
      const isFree = how === 'put' || (await tables.objectStore('keys').getKey(name)) === undefined
      if (isFree) await tables.objectStore('keys').put(wrapped, name)
      return isFree
    })
    if (result !== 'again') return result
  }
}
