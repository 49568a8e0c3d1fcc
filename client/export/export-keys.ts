/**
 * The keys in an exported document, sealed under a key that people keep apart from the file. Rule EX4.
 *
 * @module
 */
import { frameFields, hashFields, Reader, sodiumSha512, SyncError, Writer, type Bytes } from '@y-sealed/protocol'
import { EPOCH_KEY_BYTES, EpochKey, openSecret, randomBytes, sealSecret } from '@y-sealed/protocol/sealing'
import { readReadableKey, writeReadableKey } from '../keys/readable-key.ts'

const LABEL = 'y-sealed/v1/export'
/** As a recovery key. [KM21] */
const SECRET_BYTES = 16
const GROUP_LENGTH = 4

/** Seals epoch keys under a fresh secret: the sealed part, and the secret as 28 characters to be written down. Needs `cryptoReady()`. */
export function sealExportKeys(
  genesisHash: Bytes,
  epochKeys: readonly EpochKey[],
): { readonly key: string; readonly sealed: Bytes } {
  const secret = randomBytes(SECRET_BYTES)
  const writer = new Writer(36 * epochKeys.length)
  for (const key of epochKeys.toSorted((one, other) => one.epoch - other.epoch)) {
    writer.u32(key.epoch).fixed(key.exportKey(), EPOCH_KEY_BYTES)
  }
  const sealed = sealSecret(writer.finish(), frameFields(LABEL, genesisHash), fileKey(secret))
  return { key: writeReadableKey(secret, GROUP_LENGTH), sealed }
}

/** Throws `EXPORT_KEY` for a key with a slip in it, and `EXPORT_WRONG_KEY` for that of another file. Needs `cryptoReady()`. */
export function openExportKeys(genesisHash: Bytes, sealed: Bytes, key: string): readonly EpochKey[] {
  const secret = readReadableKey(key, SECRET_BYTES)
  if (secret === null) throw new SyncError('EXPORT_KEY', 'the key is mistyped: check each group')
  const opened = openSecret(sealed, frameFields(LABEL, genesisHash), fileKey(secret))
  const keys = opened && readKeys(opened)
  if (keys === null) throw new SyncError('EXPORT_WRONG_KEY', 'this key does not open this file')
  return keys
}

function readKeys(bytes: Bytes): readonly EpochKey[] | null {
  const reader = new Reader(bytes)
  const keys: EpochKey[] = []
  while (reader.remaining > 0) {
    const epoch = reader.u32()
    const key = reader.fixed(EPOCH_KEY_BYTES)
    reader.require(epoch > (keys.at(-1)?.epoch ?? 0), 'order')
    if (reader.fault === null) keys.push(new EpochKey(epoch, key.slice()))
  }
  const result = reader.finish(keys)
  return result.ok ? result.value : null
}

function fileKey(secret: Bytes): Bytes {
  return hashFields(sodiumSha512, LABEL, secret)
}
