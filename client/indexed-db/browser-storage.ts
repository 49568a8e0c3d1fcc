/**
 * Everything that a browser keeps for an app, in one IndexedDB database: keys, sealed edits on their way, sealed logs. Nothing in it can be
 * read without the keys, and the keys not without this browser.
 *
 * @module
 */
import type { Outbox } from '../outbox/outbox.ts'
import type { DeviceStorage } from '../stores/device-storage.ts'
import type { TabHolds } from '../stores/tab-holds.ts'
import type { Tabs } from '../stores/tabs.ts'
import { createBroadcastTabs } from './broadcast-tabs.ts'
import { Database, deleteDatabase } from './database.ts'
import { DeletedNames } from './deleted-names.ts'
import { createIndexedDbDocumentStore } from './document-store.ts'
import { EvictionWatch } from './eviction-watch.ts'
import { KeptMarker } from './kept-marker.ts'
import { createIndexedDbKeyStore } from './key-store.ts'
import { findLocks, LockClaims } from './lock-claims.ts'
import { LockHolds } from './lock-holds.ts'
import { createIndexedDbOutbox } from './outbox.ts'
import { RowClaims } from './row-claims.ts'
import { loadWrappingKey } from './wrapping-key.ts'

export interface BrowserStorageOptions {
  /** The database's name (default `y-sealed`): another one for another person on the same origin. */
  readonly name?: string
}

/**
 * Stores that may be open in many tabs at once. Each of their methods throws `STORAGE_FULL` when the browser's quota is used up,
 * `STORAGE_UNAVAILABLE` when it keeps nothing any more, `STORAGE_NEWER` after another tab has loaded a newer version of the app, and
 * `STORAGE_CLOSED` after `close`.
 */
export interface BrowserStorage extends DeviceStorage {
  /** Shows each tab its own sessions and those of tabs that are gone. */
  readonly outbox: Outbox
  readonly tabs: Tabs
  readonly holds: TabHolds
  /**
   * The browser has thrown away, since an earlier visit, what was kept here: keys, and edits that had not left. Known where its other storage has
   * outlasted that; false says nothing. Under a running page each provider tells it (`evicted`).
   */
  readonly wasEvicted: boolean
  /** Ends this tab's part; resolves when others can take over what it had on its way. */
  close(): Promise<void>
}

/**
 * Opens the storage, or makes it. Throws `STORAGE_UNAVAILABLE` where the browser lets nothing be kept (private browsing, lockdown mode, a
 * page that is not served securely): the stores in memory will do then, and the app should say so. Throws `KEY_STORE_DAMAGED` when the keys
 * do not open any more: nothing is made in their place.
 */
export async function openBrowserStorage({ name = 'y-sealed' }: BrowserStorageOptions = {}): Promise<BrowserStorage> {
  const database = new Database(name)
  const id = await loadWrappingKey(database).then(
    (wrapping) => wrapping.id,
    async (error: unknown) => {
      await database.close()
      throw error
    },
  )
  const locks = await findLocks(globalThis.navigator?.locks)
  const claims = locks === null ? new RowClaims(name, database) : new LockClaims(name, locks)
  const holds = new LockHolds(name, locks)
  const marker = new KeptMarker(name)
  const wasEvicted = database.isNew && marker.isThere
  if (marker.isWiped) marker.remove()
  const watch = new EvictionWatch(database, {
    id,
    isWiped: () => marker.isWiped,
    rewrite: () => keys.rewrite(),
    forget: () => keys.forget(),
  })
  const onStored = (): void => {
    marker.set()
    watch.stored()
  }
  const deleted = new DeletedNames(name, (deletedName) => keys.forget(deletedName))
  const keys = createIndexedDbKeyStore(database, {
    look: () => watch.look(),
    onStored,
    onDeleted: (deletedName) => deleted.tell(deletedName),
  })
  return {
    keys,
    outbox: createIndexedDbOutbox(database, claims),
    documents: createIndexedDbDocumentStore(database, (listener) => watch.add(listener)),
    tabs: createBroadcastTabs(name),
    holds,
    wasEvicted,
    close: async () => {
      holds.close()
      deleted.close()
      await claims.close()
      await database.close()
    },
  }
}

/**
 * Deletes everything of that name from this browser, also under other tabs. What no relay has is lost. Until it is opened again, a word that this was
 * done stays under that name in the browser's local storage: no tab is to take it for an accident.
 */
export function wipeBrowserStorage({ name = 'y-sealed' }: BrowserStorageOptions = {}): Promise<void> {
  new KeptMarker(name).wipe()
  return deleteDatabase(name)
}
