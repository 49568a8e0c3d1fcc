/**
 * The phone's own storage: Keychain or Keystore for keys, a native database for sealed notes.
 *
 * @module
 */
import { SecureStorage } from '@aparajita/capacitor-secure-storage'
import { CapacitorSQLite, SQLiteConnection, type SQLiteDBConnection } from '@capacitor-community/sqlite'
import { openNativeStorage, type NativeStorage } from '@y-sealed/client/capacitor'

const NAME = 'notes'
const KEY_PREFIX = 'y-sealed/'
/** What is stored is sealed before it comes here; another key would have to lie beside the first. */
const IS_ENCRYPTED = false
const VERSION = 1
const IS_READ_ONLY = false

const sqlite = new SQLiteConnection(CapacitorSQLite)
let connection: SQLiteDBConnection | null = null

/** Opens it, or makes it. Rejects where the phone does not let it. */
export async function openPhoneStorage(): Promise<NativeStorage> {
  await SecureStorage.setSynchronize(false)
  await SecureStorage.setKeyPrefix(KEY_PREFIX)
  connection = await connect()
  await connection.open()
  return await openNativeStorage({ connection, secureStorage: SecureStorage })
}

/** A page that is loaded anew finds the connection that it had. */
async function connect(): Promise<SQLiteDBConnection> {
  const { result: isConsistent } = await sqlite.checkConnectionsConsistency()
  const { result: isOpen } = await sqlite.isConnection(NAME, IS_READ_ONLY)
  if (isConsistent === true && isOpen === true) return await sqlite.retrieveConnection(NAME, IS_READ_ONLY)
  return await sqlite.createConnection(NAME, IS_ENCRYPTED, 'no-encryption', VERSION, IS_READ_ONLY)
}

/** Forgets all of it, the keys first: without them the rest is of no use to anybody. */
export async function wipePhoneStorage(): Promise<void> {
  await SecureStorage.clear(false)
  await connection?.delete()
}
