/**
 * The key under which a browser keeps all others: AES-256-GCM by WebCrypto, not extractable, so that whoever copies the database's files
 * has no key, and a script in the page can use it but not carry it away. Rule KM1.
 *
 * @module
 */
import { concatBytes, SyncError, toBytes, type Bytes } from '@y-sealed/protocol'
import type { Database, WrappingKey } from './database.ts'
import { storageUnavailable } from './storage-error.ts'

/** Format of a wrapped value: `u8 1 ‖ iv 12 ‖ ciphertext ‖ tag 16`. */
const FORMAT = 1
const IV_BYTES = 12
const TAG_BYTES = 16
const LABEL = 'y-sealed/v1/key-store'

/** The wrapping key's only row. */
export const WRAPPING_ROW = 'key'

/**
 * The database's wrapping key, made on first use: of two tabs that make one, both get the same. Throws `KEY_STORE_DAMAGED` when it is gone
 * and wrapped values are there: a new one would open none of them.
 */
export async function loadWrappingKey(database: Database): Promise<WrappingKey> {
  const known = await database.read(['wrapping'], (tables) => tables.objectStore('wrapping').get(WRAPPING_ROW))
  if (known !== undefined) return checkKey(known)
  const fresh = await makeKey()
  return database.write(['wrapping', 'keys'], async (tables) => {
    const others = await tables.objectStore('wrapping').get(WRAPPING_ROW)
    if (others !== undefined) return checkKey(others)
    if ((await tables.objectStore('keys').count()) > 0) throw keyStoreDamaged()
    await tables.objectStore('wrapping').put(fresh, WRAPPING_ROW)
    return fresh
  })
}

/** `value` for nobody's eyes, and under no other name. */
export async function wrapValue({ key }: WrappingKey, name: string, value: Bytes): Promise<Bytes> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const ciphertext = await crypto.subtle.encrypt(algorithm(iv, name), key, value)
  return concatBytes(new Uint8Array([FORMAT]), iv, toBytes(ciphertext))
}

/** The value that was wrapped under this name. Throws `KEY_STORE_DAMAGED` for anything else. */
export async function unwrapValue({ key }: WrappingKey, name: string, wrapped: Bytes): Promise<Bytes> {
  if (wrapped[0] !== FORMAT || wrapped.length < 1 + IV_BYTES + TAG_BYTES) throw keyStoreDamaged()
  try {
    const iv = wrapped.slice(1, 1 + IV_BYTES)
    return toBytes(await crypto.subtle.decrypt(algorithm(iv, name), key, wrapped.slice(1 + IV_BYTES)))
  } catch (error) {
    throw keyStoreDamaged(error)
  }
}

/** A key as it was read; some browsers give `null` where they cannot open it. */
export function checkKey(row: WrappingKey | undefined): WrappingKey {
  if (row?.key instanceof CryptoKey && row.id instanceof Uint8Array) return row
  throw keyStoreDamaged()
}

function algorithm(iv: Bytes, name: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`${LABEL}/${name}`) }
}

async function makeKey(): Promise<WrappingKey> {
  // Missing where the page is not served securely.
  const subtle: SubtleCrypto | undefined = crypto.subtle
  if (!subtle) throw storageUnavailable()
  const key = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  return { id: crypto.getRandomValues(new Uint8Array(16)), key }
}

function keyStoreDamaged(cause?: unknown): SyncError {
  return new SyncError('KEY_STORE_DAMAGED', "the browser's key store does not open: its files are damaged", { cause })
}
