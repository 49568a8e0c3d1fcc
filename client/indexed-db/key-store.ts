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

/**
 * Keys in `database`. Tabs share it: the last `set` of a name stands. Throws `KEY_STORE_DAMAGED` for a value that does not open, and as the
 * database does.
 */
export function createIndexedDbKeyStore(database: Database): KeyStore {
  const turns = new Turns()
  return {
    get: async (name) => {
      const { value, key } = await database.read(['keys', 'wrapping'], async (tables) => ({
        value: await tables.objectStore('keys').get(name),
        key: await tables.objectStore('wrapping').get(WRAPPING_ROW),
      }))
      return value === undefined ? null : unwrapValue(checkKey(key), name, value)
    },
    set: (name, value) => {
      const copy = value.slice()
      return turns.take(() => storeValue(database, name, copy, 'put'))
    },
    add: (name, value) => {
      const copy = value.slice()
      return turns.take(() => storeValue(database, name, copy, 'add'))
    },
    delete: (name) => turns.take(() => database.write(['keys'], (tables) => tables.objectStore('keys').delete(name))),
    list: async (prefix) => {
      const names = await database.read(['keys'], (tables) => tables.objectStore('keys').getAllKeys())
      return names.filter((name) => name.startsWith(prefix)).toSorted()
    },
  }
}

/** `add` stores where nothing is. */
async function storeValue(database: Database, name: string, value: Bytes, how: 'put' | 'add'): Promise<void> {
  for (;;) {
    const wrapping = await loadWrappingKey(database)
    const wrapped = await wrapValue(wrapping, name, value)
    const isStored = await database.write(['keys', 'wrapping'], async (tables) => {
      // Another tab may have wiped the database meanwhile: under the old key nobody could read this again.
      const current = await tables.objectStore('wrapping').get(WRAPPING_ROW)
      if (current === undefined || !equalBytes(current.id, wrapping.id)) return false
      const isFree = how === 'put' || (await tables.objectStore('keys').getKey(name)) === undefined
      if (isFree) await tables.objectStore('keys').put(wrapped, name)
      return true
    })
    if (isStored) return
  }
}
