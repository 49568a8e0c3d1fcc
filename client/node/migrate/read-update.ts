/**
 * A Yjs update of somebody else, in either encoding, as the document that it makes.
 *
 * @module
 */
import * as Y from 'yjs'
import { MigrateError } from './migrate-error.ts'

export type UpdateFormat = 'v1' | 'v2'

/**
 * The document. Without `format` the one is taken in which the bytes are a whole update. Throws `BAD_SOURCE` for bytes that are none, and for
 * an update that depends on edits which are not in it: importing it would lose what hangs on them.
 */
export function readUpdate(bytes: Uint8Array, format: UpdateFormat | null): Y.Doc {
  // A V2 update begins with a byte that is kept for features to come; a V1 update with how many clients it speaks of.
  const guesses: readonly UpdateFormat[] = bytes[0] === 0 ? ['v2', 'v1'] : ['v1', 'v2']
  const docs = (format === null ? guesses : [format]).map((each) => tryRead(bytes, each))
  const whole = docs.find((doc) => doc !== null && doc.store.pendingStructs === null && doc.store.pendingDs === null)
  if (whole) return whole
  if (docs.some((doc) => doc !== null)) {
    throw new MigrateError(
      'BAD_SOURCE',
      'the update depends on edits that are not in it: export the whole document (Y.encodeStateAsUpdate) and import that',
    )
  }
  throw new MigrateError(
    'BAD_SOURCE',
    'that is no Yjs update: give a file with what Y.encodeStateAsUpdate or Y.encodeStateAsUpdateV2 returned',
  )
}

function tryRead(bytes: Uint8Array, format: UpdateFormat): Y.Doc | null {
  const doc = new Y.Doc()
  try {
    // oxlint-disable-next-line no-restricted-properties -- other people's documents come in Yjs' first encoding too
    if (format === 'v1') Y.applyUpdate(doc, bytes)
    else Y.applyUpdateV2(doc, bytes)
  } catch {
    return null
  }
  const isNothing = doc.store.clients.size === 0 && doc.store.pendingStructs === null && doc.store.pendingDs === null
  return isNothing ? null : doc
}
