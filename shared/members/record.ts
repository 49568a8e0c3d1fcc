/**
 * Bodies of the member log: ten types, read whole in one place. What a record may do is not said here. Rule KM9.
 *
 * @module
 */
import { isZero, type Bytes } from '../bytes.ts'
import { HASH_BYTES } from '../crypto/hash.ts'
import { MAX_SEALED_BYTES } from '../limits.ts'
import { unreachable } from '../unreachable.ts'
import type { DecodeResult } from '../wire/fault.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { readGenesis, writeGenesis, type Genesis } from './genesis.ts'
import {
  readAdd,
  readEpochFields,
  readJoin,
  readLink,
  readRemove,
  readRestart,
  readRevokeLink,
  readRewrap,
  readRoleFields,
  writeAdd,
  writeJoin,
  writeLink,
  writeRemove,
  writeRestart,
  writeRevokeLink,
  writeRewrap,
  writeRole,
  type AddFields,
  type EpochFields,
  type JoinFields,
  type LinkFields,
  type RemoveFields,
  type RestartFields,
  type RevokeLinkFields,
  type RewrapFields,
  type RoleFields,
} from './record-fields.ts'
import { writeRotation } from './rotation.ts'

/** First byte of a record body. [KM9] */
export const RECORD = {
  genesis: 1,
  add: 2,
  role: 3,
  link: 4,
  join: 5,
  'revoke-link': 6,
  remove: 7,
  epoch: 8,
  rewrap: 9,
  restart: 10,
} as const

export type RecordType = keyof typeof RECORD

/** The fields of a record. */
export type RecordFields =
  | Genesis
  | AddFields
  | RoleFields
  | LinkFields
  | JoinFields
  | RevokeLinkFields
  | RemoveFields
  | EpochFields
  | RewrapFields
  | RestartFields

/** A record: its fields, and the id of the record before it (32 bytes; zeros in a genesis). */
export type RecordBody = { readonly recordPrev: Bytes } & RecordFields

function readFields(type: number, reader: Reader): RecordFields | null {
  switch (type) {
    case RECORD.genesis:
      return readGenesis(reader)
    case RECORD.add:
      return readAdd(reader)
    case RECORD.role:
      return readRoleFields(reader)
    case RECORD.link:
      return readLink(reader)
    case RECORD.join:
      return readJoin(reader)
    case RECORD['revoke-link']:
      return readRevokeLink(reader)
    case RECORD.remove:
      return readRemove(reader)
    case RECORD.epoch:
      return readEpochFields(reader)
    case RECORD.rewrap:
      return readRewrap(reader)
    case RECORD.restart:
      return readRestart(reader)
    default:
      reader.fail('type')
      return null
  }
}

/** Reads a record's body. Never throws; byte fields are views of `body`; no signature in it has been checked. [WI3] */
export function decodeRecord(body: Bytes): DecodeResult<RecordBody> {
  if (body.length > MAX_SEALED_BYTES.record) return { ok: false, fault: 'size' }
  const reader = new Reader(body)
  const type = reader.u8()
  const recordPrev = reader.fixed(HASH_BYTES)
  reader.require(type !== RECORD.genesis || isZero(recordPrev), 'zero')
  const fields = readFields(type, reader)
  return fields === null ? { ok: false, fault: reader.fault ?? 'type' } : reader.finish({ recordPrev, ...fields })
}

function writeFields(writer: Writer, fields: RecordFields): Writer {
  switch (fields.type) {
    case 'genesis':
      return writeGenesis(writer, fields)
    case 'add':
      return writeAdd(writer, fields)
    case 'role':
      return writeRole(writer, fields)
    case 'link':
      return writeLink(writer, fields)
    case 'join':
      return writeJoin(writer, fields)
    case 'revoke-link':
      return writeRevokeLink(writer, fields)
    case 'remove':
      return writeRemove(writer, fields)
    case 'epoch':
      return writeRotation(writer, fields.rotation)
    case 'rewrap':
      return writeRewrap(writer, fields)
    case 'restart':
      return writeRestart(writer, fields)
    default:
      return unreachable(fields, 'record')
  }
}

/** The body of a record. Throws `TypeError` or `RangeError` for one that {@link decodeRecord} would refuse. */
export function encodeRecord(body: RecordBody): Bytes {
  if (body.type === 'genesis' && !isZero(body.recordPrev)) throw new RangeError('nothing stands before a genesis')
  const writer = new Writer(1_024).u8(RECORD[body.type]).fixed(body.recordPrev, HASH_BYTES)
  const bytes = writeFields(writer, body).finish()
  if (bytes.length > MAX_SEALED_BYTES.record) throw new RangeError('the record is too long')
  return bytes
}
