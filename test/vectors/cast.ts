/**
 * Who appears in the vectors: fixed seeds and everything that follows from them. Test keys, worth nothing anywhere.
 *
 * @module
 */
import {
  concatBytes,
  documentIdOf,
  encodeRecord,
  frameFields,
  genesisHash,
  sodiumSha512,
  type Bytes,
  type RecordBody,
} from '@y-sealed/protocol'
import { Device, EpochKey, Room, type DeviceSeeds } from '@y-sealed/protocol/sealing'

import { xchachaEncrypt } from '../support/independent/chacha.ts'
import { u32 } from '../support/independent/hash.ts'
import { sealBoxWith } from '../support/independent/sealed-box.ts'

/** `length` bytes that anybody can write down: first, first + 1, … */
export function counting(length: number, first: number): Bytes {
  return Uint8Array.from({ length }, (_, i) => (first + i) & 0xff)
}

/** The same byte `length` times. */
export function filled(length: number, byte: number): Bytes {
  return new Uint8Array(length).fill(byte)
}

export const SEEDS = {
  alice: { sign: filled(32, 0xa1), box: filled(32, 0xa2) },
  bob: { sign: filled(32, 0xb1), box: filled(32, 0xb2) },
  link: { sign: filled(32, 0xc1), box: filled(32, 0xc2) },
  relay: { sign: filled(32, 0xd1), box: filled(32, 0xd2) },
  nextRelay: { sign: filled(32, 0xe1), box: filled(32, 0xe2) },
} as const satisfies Record<string, DeviceSeeds>

export const EPOCH_KEYS = { first: counting(32, 0x10), second: counting(32, 0x30) } as const
export const APP_KEY = counting(32, 0x50)
export const ROOM_NAME = 'notes/Zürich'
export const SESSION = counting(8, 0x70)
export const OTHER_SESSION = counting(8, 0x78)
export const SALT = counting(16, 0x80)

/** XChaCha20-Poly1305 with the nonce in front, as names and back links have it. */
export function sealWithNonceInFront(key: Bytes, nonce: Bytes, plaintext: Bytes, data: Bytes): Bytes {
  return concatBytes(nonce, xchachaEncrypt(key, nonce, plaintext, data))
}

/** A name sealed under a fixed nonce. [KM8] */
export function sealNameWith(nonce: Bytes, name: string, id: Bytes, key: EpochKey): Bytes {
  const text = new TextEncoder().encode(name)
  const plaintext = new Uint8Array(64)
  plaintext.set([text.length, ...text])
  const data = frameFields('y-sealed/v1/name', id, u32(key.epoch))
  return sealWithNonceInFront(key.subkey('metadata'), nonce, plaintext, data)
}

/** A back link under a fixed nonce. [KM7] */
export function sealBackLinkWith(nonce: Bytes, older: EpochKey, newer: EpochKey, document: Bytes): Bytes {
  const data = frameFields('y-sealed/v1/back-link', document, u32(older.epoch), u32(newer.epoch))
  return sealWithNonceInFront(newer.subkey('backLink'), nonce, older.exportKey(), data)
}

/** Everything that the vectors are made of. libsodium must be ready. */
export interface Cast {
  readonly alice: Device
  readonly bob: Device
  readonly link: Device
  readonly relay: Device
  readonly nextRelay: Device
  readonly first: EpochKey
  readonly second: EpochKey
  readonly room: Room
  readonly wrap: Bytes
  readonly genesisBody: Bytes
  readonly genesisHash: Bytes
  readonly document: Bytes
  readonly roomGenesisBody: Bytes
  readonly roomDocument: Bytes
}

export function createCast(): Cast {
  const alice = new Device(SEEDS.alice)
  const first = new EpochKey(1, EPOCH_KEYS.first)
  const room = new Room(APP_KEY, new TextEncoder().encode(ROOM_NAME))
  const wrap = sealBoxWith(filled(32, 0x61), first.exportKey(), alice.boxPublic)
  const genesis: RecordBody = {
    recordPrev: new Uint8Array(32),
    type: 'genesis',
    mode: 'members',
    salt: SALT,
    certificate: alice.certificate(),
    commitment: first.commitment,
    wrap,
    sealedName: sealNameWith(counting(24, 0x90), 'Alice’s phone', alice.id, first),
  }
  const genesisBody = encodeRecord(genesis)
  const roomGenesisBody = encodeRecord({
    recordPrev: new Uint8Array(32),
    type: 'genesis',
    mode: 'shared-key',
    commitment: room.epochKey.commitment,
    roomPublic: room.publicKey,
  })
  const hash = genesisHash(sodiumSha512, genesisBody)
  return {
    alice,
    bob: new Device(SEEDS.bob),
    link: new Device(SEEDS.link),
    relay: new Device(SEEDS.relay),
    nextRelay: new Device(SEEDS.nextRelay),
    first,
    second: new EpochKey(2, EPOCH_KEYS.second),
    room,
    wrap,
    genesisBody,
    genesisHash: hash,
    document: documentIdOf(hash),
    roomGenesisBody,
    roomDocument: documentIdOf(genesisHash(sodiumSha512, roomGenesisBody)),
  }
}
