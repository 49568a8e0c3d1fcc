/**
 * By which an entry that a disk or a browser has damaged is known: the first 8 bytes of SHA-256 over its place and its bytes. No secret, and no
 * proof against anybody: what is read is verified as what a relay sends. Rule CL13.
 *
 * @module
 */
import { concatBytes, equalBytes, toBytes, type Bytes } from '@y-sealed/protocol'
import { digest } from 'lib0/hash/sha256'

const CHECK_BYTES = 8

/** The check of `bytes` at place `seq` of a document (16 bytes). */
export function checkOf(document: Bytes, seq: number, bytes: Bytes): Bytes {
  const place = new TextEncoder().encode(`/${seq}/`)
  return toBytes(digest(concatBytes(document, place, bytes))).slice(0, CHECK_BYTES)
}

/** Is `check` theirs? */
export function isChecked(check: Bytes | undefined, document: Bytes, seq: number, bytes: Bytes): boolean {
  return check instanceof Uint8Array && equalBytes(check, checkOf(document, seq, bytes))
}
