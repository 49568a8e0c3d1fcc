/**
 * How a relay changes its head key: the old key's signed word for the new one. Rule LO5.
 *
 * @module
 */
import { equalBytes, type Bytes } from '../bytes.ts'
import { frameFields } from '../crypto/hash.ts'
import { verifySignature } from '../crypto/signature.ts'
import { SIGNATURE_BYTES } from '../envelope/envelope.ts'
import { PUBLIC_KEY_BYTES } from '../members/device-id.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'

/** `old 32 ‖ new 32 ‖ signature 64`. [LO5] */
export interface HeadKeyStatement {
  readonly oldKey: Bytes
  readonly newKey: Bytes
  readonly signature: Bytes
}

/** Writes the 128 bytes. */
export function writeHeadKeyStatement(writer: Writer, statement: HeadKeyStatement): Writer {
  return writer
    .fixed(statement.oldKey, PUBLIC_KEY_BYTES)
    .fixed(statement.newKey, PUBLIC_KEY_BYTES)
    .fixed(statement.signature, SIGNATURE_BYTES)
}

/** Reads the 128 bytes; says nothing about the signature. */
export function readHeadKeyStatement(reader: Reader): HeadKeyStatement {
  return {
    oldKey: reader.fixed(PUBLIC_KEY_BYTES),
    newKey: reader.fixed(PUBLIC_KEY_BYTES),
    signature: reader.fixed(SIGNATURE_BYTES),
  }
}

/** What the old key signs. [LO5] */
export function headKeyInput(oldKey: Bytes, newKey: Bytes): Bytes {
  return frameFields('y-sealed/v1/head-key', oldKey, newKey)
}

/** True when the old key signed the new one. [LO5] */
export function verifyHeadKeyStatement({ oldKey, newKey, signature }: HeadKeyStatement): boolean {
  return verifySignature(signature, headKeyInput(oldKey, newKey), oldKey)
}

/** True when `current` is `pinned`, or verified statements lead from `pinned` to it, in whatever order they stand. [LO5] */
export function isSuccessor(pinned: Bytes, current: Bytes, statements: readonly HeadKeyStatement[]): boolean {
  const reached = [pinned]
  let open = statements.filter(verifyHeadKeyStatement)
  for (const key of reached) {
    if (equalBytes(key, current)) return true
    reached.push(...open.filter((statement) => equalBytes(statement.oldKey, key)).map(({ newKey }) => newKey))
    open = open.filter((statement) => !equalBytes(statement.oldKey, key))
  }
  return false
}
