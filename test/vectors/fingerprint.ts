/**
 * One hash over everything on the wire: all vectors, and the tables of labels, numbers and limits. When it changes, the
 * protocol has changed. Rule WI6 and the opening words of SPEC.md.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import * as protocol from '@y-sealed/protocol'

import { formatVectors, type VectorFile } from './vector.ts'

const SPEC = new URL('../../shared/SPEC.md', import.meta.url)

/** The labels of WI6, as SPEC.md lists them. */
export function labelsOfSpec(): readonly string[] {
  const section = /\*\*\[WI6\]\*\*(.*?)\*\*\[WI7\]\*\*/su.exec(readFileSync(SPEC, 'utf8'))?.[1] ?? ''
  return [...section.matchAll(/`(y-sealed\/v1\/[a-z-]+)`/gu)].map((match) => match[1]!).sort()
}

/** Numbers that two implementations must agree on. Limits that only one side keeps are not among them. */
const TABLES = {
  kinds: protocol.KIND,
  offsets: protocol.OFFSET,
  clientFrames: protocol.CLIENT_FRAME,
  relayFrames: protocol.RELAY_FRAME,
  records: protocol.RECORD,
  modes: protocol.MODE,
  roles: protocol.ROLE,
  permissions: protocol.PERMISSIONS,
  refusals: Object.fromEntries(
    Object.entries(protocol.REFUSALS).map(([code, { number, retry }]) => [code, [number, retry]]),
  ),
  closeCodes: protocol.CLOSE_CODES,
  sealedBytes: protocol.MAX_SEALED_BYTES,
  limits: [
    protocol.MAX_MESSAGE_TO_RELAY,
    protocol.MAX_PLAIN_MESSAGE_TO_RELAY,
    protocol.MAX_MESSAGE_TO_CLIENT,
    protocol.MAX_ENVELOPES_PER_PUSH,
    protocol.MAX_TOKEN_CHARACTERS,
    protocol.MAX_AUDIENCE_BYTES,
    protocol.MAX_HEAD_KEY_STATEMENTS,
    protocol.MAX_ATTACHMENT_BYTES,
    protocol.MAX_PARTS,
    protocol.MAX_PARTED_UPDATE_BYTES,
    protocol.MAX_CHUNK_BYTES,
    protocol.MAX_SNAPSHOT_ENVELOPE_BYTES,
    protocol.MAX_ITEMS_PER_RECORD,
    protocol.MAX_AWARENESS_STATE_BYTES,
    protocol.AUTHENTICATION_WINDOW,
    protocol.SESSION_SILENCE_SEQS,
    protocol.MAX_CLOCK_GROWTH,
  ],
  socket: [protocol.SUBPROTOCOL, protocol.SOCKET_PATH],
}

/** The fingerprint, 64 hexadecimal digits. */
export function fingerprintOf(files: ReadonlyMap<string, VectorFile>): string {
  const hash = createHash('sha256')
  for (const [name, file] of files) hash.update(`${name}\n${formatVectors(file)}`)
  return hash.update(JSON.stringify([labelsOfSpec(), TABLES])).digest('hex')
}
