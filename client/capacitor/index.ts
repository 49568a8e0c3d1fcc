/**
 * The client in a Capacitor shell: keys in Keychain or Keystore, logs and unsent edits in a native database, and the shell's life cycle. It imports
 * no plugin: the app hands its own in.
 *
 * @module
 */
export { createSqliteDocumentStore } from './document-store.ts'
export { createSecureKeyStore, type SecureStorage } from './key-store.ts'
export {
  followNativeLifeCycle,
  type AppPlugin,
  type NativeLifeCycleOptions,
  type NetworkPlugin,
  type Wakeable,
} from './life-cycle.ts'
export { openNativeStorage, type NativeStorage, type NativeStorageOptions } from './native-storage.ts'
export { createSqliteOutbox } from './outbox.ts'
export { SqliteDatabase, type SqliteConnection, type SqliteStatement, type SqliteValue } from './sqlite-database.ts'
