/**
 * A device's keys on paper and in a file: the file holds them sealed, the paper the key to it, and neither is of use alone. Rule KM21.
 *
 * @module
 */
import {
  concatBytes,
  frameFields,
  hashFields,
  Reader,
  sodiumSha512,
  SyncError,
  Writer,
  type Bytes,
} from '@y-sealed/protocol'
import { openSecret, randomBytes, sealSecret } from '@y-sealed/protocol/sealing'
import { readReadableKey, writeReadableKey } from '../keys/readable-key.ts'

/** What a device keeps, by its names in the KeyStore. */
export type KeyEntries = ReadonlyMap<string, Bytes>

/** The two halves of a recovery. */
export interface Recovery {
  /** 28 characters in groups of four, shown once and kept apart from the file. */
  readonly key: string
  /** The same for a QR code: without dashes, so that it takes a QR code's denser alphabet. */
  readonly qr: string
  /** The sealed keys, to be kept anywhere. */
  readonly file: Bytes
}

const VERSION = 1
/** A recovery key. [KM21] */
const KEY_BYTES = 16
const GROUP_LENGTH = 4
const MAX_NAME_BYTES = 1_024
const MAX_VALUE_BYTES = 16_777_216

/** Seals entries under a fresh random key. Needs `cryptoReady()`. [KM21] */
export function writeRecovery(entries: KeyEntries): Recovery {
  const secret = randomBytes(KEY_BYTES)
  const writer = new Writer(4_096).u32(entries.size)
  for (const name of [...entries.keys()].toSorted()) {
    writer.text(name, MAX_NAME_BYTES).bytes32(entries.get(name) as Bytes, MAX_VALUE_BYTES)
  }
  const key = writeReadableKey(secret, GROUP_LENGTH)
  const version = Uint8Array.of(VERSION)
  const file = concatBytes(version, sealSecret(writer.finish(), fileData(version), fileKey(secret)))
  return { key, qr: key.replaceAll('-', ''), file }
}

/**
 * The entries of a recovery file. Throws `RECOVERY_KEY` for a key with a slip in it, `RECOVERY_VERSION` for a file of a newer version,
 * and `RECOVERY_FILE` when this key does not open this file: another key's, or a damaged one. Needs `cryptoReady()`. [KM21]
 */
export function readRecovery(file: Bytes, key: string): KeyEntries {
  const secret = readReadableKey(key, KEY_BYTES)
  if (secret === null) throw new SyncError('RECOVERY_KEY', 'the recovery key is mistyped: check each group')
  const version = file.slice(0, 1)
  if (version.length === 1 && version[0] !== VERSION) {
    throw new SyncError('RECOVERY_VERSION', 'the recovery file was made by a newer version of the app')
  }
  const opened = openSecret(file.subarray(1), fileData(version), fileKey(secret))
  const entries = opened && readEntries(opened)
  if (entries === null) throw new SyncError('RECOVERY_FILE', 'this recovery key does not open this file')
  return entries
}

function readEntries(bytes: Bytes): KeyEntries | null {
  const reader = new Reader(bytes)
  const count = reader.u32()
  const entries = new Map<string, Bytes>()
  for (let i = 0; i < count && reader.fault === null; i++) {
    entries.set(reader.text(MAX_NAME_BYTES), reader.bytes32(MAX_VALUE_BYTES).slice())
  }
  const result = reader.finish(entries)
  return result.ok && entries.size === count ? entries : null
}

function fileKey(secret: Bytes): Bytes {
  return hashFields(sodiumSha512, 'y-sealed/v1/recovery', secret)
}

function fileData(version: Bytes): Bytes {
  return frameFields('y-sealed/v1/recovery', version)
}
