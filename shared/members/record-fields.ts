/**
 * The fields of every record but the genesis: shapes, encoders and decoders side by side. Rule KM9.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { readIntroduced, writeIntroduced } from '../envelope/content/introduced.ts'
import { SIGNATURE_BYTES } from '../envelope/envelope.ts'
import { readSignedHead, writeSignedHead, type SignedHead } from '../log/signed-head.ts'
import type { Reader } from '../wire/reader.ts'
import type { SortedRows } from '../wire/sorted-rows.ts'
import type { Writer } from '../wire/writer.ts'
import { readCertificate, writeCertificate, type Certificate } from './certificate.ts'
import { ID_BYTES } from './device-id.ts'
import { readMemberRole, ROLE, type MemberRole } from './role.ts'
import {
  BACK_LINK_BYTES,
  readDevices,
  readEpoch,
  readRotation,
  readWraps,
  WRAP_BYTES,
  writeDevices,
  writeEpoch,
  writeRotation,
  writeWraps,
  type Rotation,
} from './rotation.ts'
import { readSealedName, writeSealedName } from './sealed-name.ts'

/** Adds a device, the signer's own (`sponsored`) or another's. */
export interface AddFields {
  readonly type: 'add'
  readonly sponsored: boolean
  readonly role: MemberRole
  readonly certificate: Certificate
  readonly wrap: Bytes
  readonly sealedName: Bytes
}

export function writeAdd(writer: Writer, fields: AddFields): Writer {
  writeCertificate(writer.flag(fields.sponsored).u8(ROLE[fields.role]), fields.certificate)
  return writeSealedName(writer.fixed(fields.wrap, WRAP_BYTES), fields.sealedName)
}

export function readAdd(reader: Reader): AddFields {
  return {
    type: 'add',
    sponsored: reader.flag(),
    role: readMemberRole(reader),
    certificate: readCertificate(reader),
    wrap: reader.fixed(WRAP_BYTES),
    sealedName: readSealedName(reader),
  }
}

/** Gives a device another role. */
export interface RoleFields {
  readonly type: 'role'
  readonly device: Bytes
  readonly role: MemberRole
}

export function writeRole(writer: Writer, fields: RoleFields): Writer {
  return writer.fixed(fields.device, ID_BYTES).u8(ROLE[fields.role])
}

export function readRoleFields(reader: Reader): RoleFields {
  return { type: 'role', device: reader.fixed(ID_BYTES), role: readMemberRole(reader) }
}

/** Makes a link by which others may join. */
export interface LinkFields {
  readonly type: 'link'
  /** Of the link's own keys. */
  readonly certificate: Certificate
  readonly role: MemberRole
  /** Unix seconds, 0 for never. */
  readonly expiresAt: number
  /** How many may join by it, 0 for any number. */
  readonly uses: number
  readonly wrap: Bytes
  readonly sealedName: Bytes
}

export function writeLink(writer: Writer, fields: LinkFields): Writer {
  writeCertificate(writer, fields.certificate).u8(ROLE[fields.role]).u64(fields.expiresAt).u32(fields.uses)
  return writeSealedName(writer.fixed(fields.wrap, WRAP_BYTES), fields.sealedName)
}

export function readLink(reader: Reader): LinkFields {
  return {
    type: 'link',
    certificate: readCertificate(reader),
    role: readMemberRole(reader),
    expiresAt: reader.u64(),
    uses: reader.u32(),
    wrap: reader.fixed(WRAP_BYTES),
    sealedName: readSealedName(reader),
  }
}

/** Joins by a link. */
export interface JoinFields {
  readonly type: 'join'
  readonly link: Bytes
  readonly certificate: Certificate
  /** By the link's key over {@link joinInput}, 64 bytes. */
  readonly linkSignature: Bytes
  readonly wrap: Bytes
  readonly sealedName: Bytes
}

export function writeJoin(writer: Writer, fields: JoinFields): Writer {
  writeCertificate(writer.fixed(fields.link, ID_BYTES), fields.certificate)
  writer.fixed(fields.linkSignature, SIGNATURE_BYTES).fixed(fields.wrap, WRAP_BYTES)
  return writeSealedName(writer, fields.sealedName)
}

export function readJoin(reader: Reader): JoinFields {
  return {
    type: 'join',
    link: reader.fixed(ID_BYTES),
    certificate: readCertificate(reader),
    linkSignature: reader.fixed(SIGNATURE_BYTES),
    wrap: reader.fixed(WRAP_BYTES),
    sealedName: readSealedName(reader),
  }
}

/** Ends a link. */
export interface RevokeLinkFields {
  readonly type: 'revoke-link'
  readonly link: Bytes
  readonly rotation: Rotation
}

export function writeRevokeLink(writer: Writer, fields: RevokeLinkFields): Writer {
  return writeRotation(writer.fixed(fields.link, ID_BYTES), fields.rotation)
}

export function readRevokeLink(reader: Reader): RevokeLinkFields {
  return { type: 'revoke-link', link: reader.fixed(ID_BYTES), rotation: readRotation(reader) }
}

/** Removes devices, and all that they sponsored. */
export interface RemoveFields {
  readonly type: 'remove'
  /** 1 to 1000 ids; see `packDevices`. */
  readonly devices: SortedRows
  readonly rotation: Rotation
}

export function writeRemove(writer: Writer, fields: RemoveFields): Writer {
  return writeRotation(writeDevices(writer, fields.devices), fields.rotation)
}

export function readRemove(reader: Reader): RemoveFields {
  return { type: 'remove', devices: readDevices(reader), rotation: readRotation(reader) }
}

/** Changes the key and nothing else. */
export interface EpochFields {
  readonly type: 'epoch'
  readonly rotation: Rotation
}

export function readEpochFields(reader: Reader): EpochFields {
  return { type: 'epoch', rotation: readRotation(reader) }
}

/** Gives an epoch's key again where a wrap or a back link was void. [KM6] */
export interface RewrapFields {
  readonly type: 'rewrap'
  readonly epoch: number
  /** 72 bytes, or none. */
  readonly backLink: Bytes | null
  readonly wraps: SortedRows
}

export function writeRewrap(writer: Writer, { epoch, backLink, wraps }: RewrapFields): Writer {
  writeEpoch(writer, epoch).flag(backLink !== null)
  if (backLink !== null) writer.fixed(backLink, BACK_LINK_BYTES)
  return writeWraps(writer, wraps)
}

export function readRewrap(reader: Reader): RewrapFields {
  return {
    type: 'rewrap',
    epoch: readEpoch(reader),
    backLink: reader.flag() ? reader.fixed(BACK_LINK_BYTES) : null,
    wraps: readWraps(reader),
  }
}

/** Goes on from a head that the relay kept, giving up the one that it lost. */
export interface RestartFields {
  readonly type: 'restart'
  /** What is given up. */
  readonly lostHead: SignedHead
  /** Upon which the log goes on: the head just before this record. */
  readonly keptHead: SignedHead
  /** Its author, by the room's key; `shared-key` mode only. [KM15] */
  readonly introduction: Certificate | null
}

export function writeRestart(writer: Writer, fields: RestartFields): Writer {
  writeSignedHead(writeSignedHead(writer, fields.lostHead), fields.keptHead)
  return writeIntroduced(writer, fields.introduction)
}

export function readRestart(reader: Reader): RestartFields {
  const lostHead = readSignedHead(reader)
  const keptHead = readSignedHead(reader)
  return { type: 'restart', lostHead, keptHead, introduction: readIntroduced(reader) }
}
