/**
 * Sealed names as records carry them: none, or 104 opaque bytes. Rule KM8.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'

/** A nonce, 64 bytes of ciphertext and a tag. */
export const SEALED_NAME_BYTES = 104

function isName(name: Uint8Array): boolean {
  return name.length === 0 || name.length === SEALED_NAME_BYTES
}

export function writeSealedName(writer: Writer, name: Bytes): Writer {
  if (!isName(name)) throw new RangeError('a sealed name has 0 or 104 bytes')
  return writer.bytes16(name, SEALED_NAME_BYTES)
}

export function readSealedName(reader: Reader): Bytes {
  const name = reader.bytes16(SEALED_NAME_BYTES)
  reader.require(isName(name), 'name')
  return name
}
