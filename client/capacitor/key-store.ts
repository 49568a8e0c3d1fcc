/**
 * A KeyStore in the phone's own: the Keychain, or a key of the Android Keystore around what is stored. It never leaves the phone, by no backup and
 * by no account. Rule KM1.
 *
 * @module
 */
import { base64urlToBytes, bytesToBase64url, SyncError, type Bytes } from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'
import { Turns } from '../stores/turns.ts'

/** What is used of `SecureStorage` of `@aparajita/capacitor-secure-storage`. */
export interface SecureStorage {
  keys(sync?: boolean): Promise<string[]>
  get(key: string, convertDate?: boolean, sync?: boolean): Promise<unknown>
  set(key: string, data: string, convertDate?: boolean, sync?: boolean, access?: number): Promise<void>
  remove(key: string, sync?: boolean): Promise<unknown>
}

/**
 * `afterFirstUnlockThisDeviceOnly` of the Keychain: not in backups, and not on another phone. Not `whenUnlocked…`: an app that has just gone out
 * of view still takes what the relay confirms, while the phone may be locked.
 */
const THIS_DEVICE_ONLY = 3
/** No dates are looked for in values. */
const AS_TEXT = false
/** Not by iCloud. */
const NOT_SYNCED = false

/** Keys in `storage`, which is this app's alone. Throws `KEY_STORE_DAMAGED` for a value that is none, and as the plugin does. */
export function createSecureKeyStore(storage: SecureStorage): KeyStore {
  // One web view is all of the app: whoever comes first has set it when the next one asks.
  const turns = new Turns()
  const put = (name: string, value: Bytes): Promise<void> =>
    storage.set(name, bytesToBase64url(value), AS_TEXT, NOT_SYNCED, THIS_DEVICE_ONLY)
  const find = async (name: string): Promise<Bytes | null> => {
    const stored = await storage.get(name, AS_TEXT, NOT_SYNCED)
    if (stored === null || stored === undefined) return null
    const value = typeof stored === 'string' ? base64urlToBytes(stored) : null
    if (value === null) throw new SyncError('KEY_STORE_DAMAGED', 'what the phone keeps under this name is no key')
    return value
  }
  return {
    get: (name) => turns.take(() => find(name)),
    set: (name, value) => {
      const copy = value.slice()
      return turns.take(() => put(name, copy))
    },
    add: (name, value) => {
      const copy = value.slice()
      return turns.take(async () => {
        if ((await find(name)) === null) await put(name, copy)
      })
    },
    delete: (name) =>
      turns.take(async () => {
        await storage.remove(name, NOT_SYNCED)
      }),
    list: (prefix) =>
      turns.take(async () => {
        const names = await storage.keys(NOT_SYNCED)
        return names.filter((name) => name.startsWith(prefix)).toSorted()
      }),
  }
}
