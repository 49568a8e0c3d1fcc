/**
 * Everything that a phone keeps for an app in a native shell: keys in Keychain or Keystore, sealed logs and sealed edits in a native database, which
 * no system clears away as it may clear a web view's.
 *
 * @module
 */
import type { DeviceStorage } from '../stores/device-storage.ts'
import { createSqliteDocumentStore } from './document-store.ts'
import { createSecureKeyStore, type SecureStorage } from './key-store.ts'
import { createSqliteOutbox } from './outbox.ts'
import { SqliteDatabase, type SqliteConnection } from './sqlite-database.ts'

export interface NativeStorageOptions {
  /** An open connection of `@capacitor-community/sqlite`; one storage has one to itself. */
  readonly connection: SqliteConnection
  /** `SecureStorage` of `@aparajita/capacitor-secure-storage`. */
  readonly secureStorage: SecureStorage
}

export interface NativeStorage extends DeviceStorage {
  /** Resolves when all is stored; the connection stays the caller's, to be closed behind it. */
  close(): Promise<void>
}

/** Opens the storage, or makes it. Throws `STORAGE_UNAVAILABLE` where the database cannot be used. */
export async function openNativeStorage({ connection, secureStorage }: NativeStorageOptions): Promise<NativeStorage> {
  const database = await SqliteDatabase.open(connection)
  return {
    keys: createSecureKeyStore(secureStorage),
    outbox: createSqliteOutbox(database),
    documents: createSqliteDocumentStore(database),
    close: () => database.close(),
  }
}
