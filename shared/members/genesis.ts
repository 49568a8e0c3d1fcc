/**
 * The first record of a document, whose hash is the document's name. Rules KM2, KM3, KM9, KM13.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { HASH_BYTES, hashFields, type Sha512 } from '../crypto/hash.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { unreachable } from '../unreachable.ts'
import { readCertificate, writeCertificate, type Certificate } from './certificate.ts'
import { ID_BYTES, PUBLIC_KEY_BYTES } from './device-id.ts'
import { WRAP_BYTES } from './rotation.ts'
import { readSealedName, writeSealedName } from './sealed-name.ts'

/** Trust modes by name. [KM2] */
export const MODE = { members: 1, 'shared-key': 2 } as const

export type Mode = keyof typeof MODE

/** The only suite. [KM2] */
export const SUITE = 1

const SALT_BYTES = 16

/** Genesis of a document whose members are in its log. */
export interface MembersGenesis {
  readonly type: 'genesis'
  readonly mode: 'members'
  /** 16 random bytes: two documents of one device and key would otherwise be one. */
  readonly salt: Bytes
  /** The first admin. */
  readonly certificate: Certificate
  readonly commitment: Bytes
  readonly wrap: Bytes
  readonly sealedName: Bytes
}

/** Genesis of a room: nothing random, so that all who hold its key compute the same document id. [KM13] */
export interface RoomGenesis {
  readonly type: 'genesis'
  readonly mode: 'shared-key'
  readonly commitment: Bytes
  /** Ed25519, 32 bytes. */
  readonly roomPublic: Bytes
}

export type Genesis = MembersGenesis | RoomGenesis

/** Writes the fields after `record-prev`. */
export function writeGenesis(writer: Writer, genesis: Genesis): Writer {
  writer.u8(MODE[genesis.mode]).u8(SUITE)
  switch (genesis.mode) {
    case 'members': {
      writeCertificate(writer.fixed(genesis.salt, SALT_BYTES), genesis.certificate)
      writer.fixed(genesis.commitment, HASH_BYTES).fixed(genesis.wrap, WRAP_BYTES)
      return writeSealedName(writer, genesis.sealedName)
    }
    case 'shared-key':
      return writer.fixed(genesis.commitment, HASH_BYTES).fixed(genesis.roomPublic, PUBLIC_KEY_BYTES)
    default:
      return unreachable(genesis, 'mode')
  }
}

/** Reads the fields after `record-prev`. */
export function readGenesis(reader: Reader): Genesis {
  const mode = reader.u8()
  reader.require(mode === MODE.members || mode === MODE['shared-key'], 'mode')
  reader.require(reader.u8() === SUITE, 'suite')
  return mode === MODE['shared-key'] ? readRoomGenesis(reader) : readMembersGenesis(reader)
}

function readRoomGenesis(reader: Reader): RoomGenesis {
  return {
    type: 'genesis',
    mode: 'shared-key',
    commitment: reader.fixed(HASH_BYTES),
    roomPublic: reader.fixed(PUBLIC_KEY_BYTES),
  }
}

function readMembersGenesis(reader: Reader): MembersGenesis {
  return {
    type: 'genesis',
    mode: 'members',
    salt: reader.fixed(SALT_BYTES),
    certificate: readCertificate(reader),
    commitment: reader.fixed(HASH_BYTES),
    wrap: reader.fixed(WRAP_BYTES),
    sealedName: readSealedName(reader),
  }
}

/** The 32 bytes that name a document in links and safety codes; `body` is the genesis record's whole body. [KM3] */
export function genesisHash(sha512: Sha512, body: Bytes): Bytes {
  return hashFields(sha512, 'y-sealed/v1/genesis', body)
}

/** The 16 bytes that name it on the wire. [KM3] */
export function documentIdOf(hash: Bytes): Bytes {
  if (hash.length !== HASH_BYTES) throw new TypeError('a genesis hash has 32 bytes')
  return hash.slice(0, ID_BYTES)
}
