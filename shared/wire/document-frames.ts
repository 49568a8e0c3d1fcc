/**
 * Frames that open a document on a socket, keep its grant fresh, and close or delete it. Rules FR3–FR6, FR12, FR13, AU7.
 *
 * @module
 */
import { ALL_PERMISSIONS } from '../auth/permission.ts'
import { isZero, type Bytes } from '../bytes.ts'
import { HASH_BYTES } from '../crypto/hash.ts'
import { MAX_TOKEN_CHARACTERS } from '../limits.ts'
import { readSignedHead, writeSignedHead, type SignedHead } from '../log/signed-head.ts'
import { ID_BYTES } from '../members/device-id.ts'
import { readRole, ROLE, type Role } from '../members/role.ts'
import { CLIENT_FRAME, RELAY_FRAME } from './frame-type.ts'
import type { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** Subscribes to a document from a cursor on. [FR5] */
export interface OpenFrame {
  readonly type: 'open'
  readonly document: Bytes
  readonly token: string
  readonly cursorSeq: number
  /** T at the cursor, 32 bytes. */
  readonly cursorTranscript: Bytes
  /** Id of the last record known, zeros for none. */
  readonly recordHead: Bytes
}

export function encodeOpen(frame: OpenFrame): Bytes {
  return new Writer()
    .u8(CLIENT_FRAME.open)
    .fixed(frame.document, ID_BYTES)
    .text(frame.token, MAX_TOKEN_CHARACTERS)
    .u64(frame.cursorSeq)
    .fixed(frame.cursorTranscript, HASH_BYTES)
    .fixed(frame.recordHead, HASH_BYTES)
    .finish()
}

export function decodeOpen(reader: Reader): OpenFrame {
  return {
    type: 'open',
    document: reader.fixed(ID_BYTES),
    token: reader.text(MAX_TOKEN_CHARACTERS),
    cursorSeq: reader.u64(),
    cursorTranscript: reader.fixed(HASH_BYTES),
    recordHead: reader.fixed(HASH_BYTES),
  }
}

/** Answers OPEN. [FR5] */
export interface OpenedFrame {
  readonly type: 'opened'
  readonly document: Bytes
  /** False for a document that does not exist and that the token may create; `head` is then zero. */
  readonly present: boolean
  readonly head: SignedHead
  readonly role: Role
  /** Bits of {@link PERMISSIONS}. */
  readonly permissions: number
  readonly expiresAtMs: number
  readonly oldestSeq: number
  /** Zeros for none, 32 bytes. */
  readonly snapshotId: Bytes
  readonly snapshotSeq: number
  readonly snapshotBytes: number
  /** Last seq of the ENTRIES that follow at once. */
  readonly through: number
}

export function encodeOpened(frame: OpenedFrame): Bytes {
  if (!frame.present && !isZeroHead(frame.head)) throw new RangeError('an absent document has a zero head')
  const writer = new Writer().u8(RELAY_FRAME.opened).fixed(frame.document, ID_BYTES).flag(frame.present)
  return writeGrant(writeSignedHead(writer, frame.head), frame)
    .u64(frame.oldestSeq)
    .fixed(frame.snapshotId, HASH_BYTES)
    .u64(frame.snapshotSeq)
    .u32(frame.snapshotBytes)
    .u64(frame.through)
    .finish()
}

export function decodeOpened(reader: Reader): OpenedFrame {
  const document = reader.fixed(ID_BYTES)
  const present = reader.flag()
  const head = readSignedHead(reader)
  reader.require(present || isZeroHead(head), 'zero')
  return {
    type: 'opened',
    document,
    present,
    head,
    ...readGrant(reader),
    oldestSeq: reader.u64(),
    snapshotId: reader.fixed(HASH_BYTES),
    snapshotSeq: reader.u64(),
    snapshotBytes: reader.u32(),
    through: reader.u64(),
  }
}

function isZeroHead(head: SignedHead): boolean {
  return head.seq === 0 && isZero(head.transcript) && isZero(head.signature)
}

/** What OPENED and REFRESHED say of the grant. */
interface Grant {
  readonly role: Role
  readonly permissions: number
  readonly expiresAtMs: number
}

function writeGrant(writer: Writer, { role, permissions, expiresAtMs }: Grant): Writer {
  if (permissions > ALL_PERMISSIONS) throw new RangeError('no such permission')
  return writer.u8(ROLE[role]).u16(permissions).u64(expiresAtMs)
}

function readGrant(reader: Reader): Grant {
  const role = readRole(reader)
  const permissions = reader.u16()
  reader.require(permissions <= ALL_PERMISSIONS, 'reserved')
  return { role, permissions, expiresAtMs: reader.u64() }
}

/** Brings a new token for an open document. [AU7] */
export interface RefreshFrame {
  readonly type: 'refresh'
  readonly document: Bytes
  readonly token: string
}

export function encodeRefresh(frame: RefreshFrame): Bytes {
  return new Writer()
    .u8(CLIENT_FRAME.refresh)
    .fixed(frame.document, ID_BYTES)
    .text(frame.token, MAX_TOKEN_CHARACTERS)
    .finish()
}

export function decodeRefresh(reader: Reader): RefreshFrame {
  return { type: 'refresh', document: reader.fixed(ID_BYTES), token: reader.text(MAX_TOKEN_CHARACTERS) }
}

/** Answers REFRESH: the grant now in force. [AU7] */
export interface RefreshedFrame extends Grant {
  readonly type: 'refreshed'
  readonly document: Bytes
}

export function encodeRefreshed(frame: RefreshedFrame): Bytes {
  return writeGrant(new Writer(28).u8(RELAY_FRAME.refreshed).fixed(frame.document, ID_BYTES), frame).finish()
}

export function decodeRefreshed(reader: Reader): RefreshedFrame {
  return { type: 'refreshed', document: reader.fixed(ID_BYTES), ...readGrant(reader) }
}

/** Ends the subscription. [FR13] */
export interface CloseFrame {
  readonly type: 'close'
  readonly document: Bytes
}

export function encodeClose(frame: CloseFrame): Bytes {
  return new Writer(17).u8(CLIENT_FRAME.close).fixed(frame.document, ID_BYTES).finish()
}

export function decodeClose(reader: Reader): CloseFrame {
  return { type: 'close', document: reader.fixed(ID_BYTES) }
}

/** The relay ended the subscription, or answers DELETE. [FR12] [AU7] */
export interface ClosedFrame {
  readonly type: 'closed'
  readonly document: Bytes
  /** A number of {@link REFUSALS}, or one of a later version. */
  readonly code: number
  readonly retryAfterMs: number
}

export function encodeClosed(frame: ClosedFrame): Bytes {
  return new Writer(23)
    .u8(RELAY_FRAME.closed)
    .fixed(frame.document, ID_BYTES)
    .u16(frame.code)
    .u32(frame.retryAfterMs)
    .finish()
}

export function decodeClosed(reader: Reader): ClosedFrame {
  return { type: 'closed', document: reader.fixed(ID_BYTES), code: reader.u16(), retryAfterMs: reader.u32() }
}

/** Deletes a document for good. [FR12] */
export interface DeleteFrame {
  readonly type: 'delete'
  readonly document: Bytes
}

export function encodeDelete(frame: DeleteFrame): Bytes {
  return new Writer(17).u8(CLIENT_FRAME.delete).fixed(frame.document, ID_BYTES).finish()
}

export function decodeDelete(reader: Reader): DeleteFrame {
  return { type: 'delete', document: reader.fixed(ID_BYTES) }
}

/** The head now. [FR11] */
export interface HeadFrame {
  readonly type: 'head'
  readonly document: Bytes
  readonly head: SignedHead
}

export function encodeHead(frame: HeadFrame): Bytes {
  return writeSignedHead(new Writer(121).u8(RELAY_FRAME.head).fixed(frame.document, ID_BYTES), frame.head).finish()
}

export function decodeHead(reader: Reader): HeadFrame {
  return { type: 'head', document: reader.fixed(ID_BYTES), head: readSignedHead(reader) }
}
