/**
 * Vectors of keys: framing, devices, subkeys, rooms, wraps, back links, names, links.
 *
 * @module
 */
import {
  bytesToBase64url,
  concatBytes,
  encodeCertificate,
  encodeSignedHead,
  frameFields,
  genesisHash,
  hashFields,
  sodiumSha512,
} from '@y-sealed/protocol'

import { sealBoxWith } from '../support/independent/sealed-box.ts'
import {
  APP_KEY,
  counting,
  EPOCH_KEYS,
  filled,
  ROOM_NAME,
  SALT,
  sealBackLinkWith,
  sealNameWith,
  SEEDS,
  SESSION,
  type Cast,
} from './cast.ts'
import { signHead } from './log.ts'
import { vector, type Vector, type VectorFile } from './vector.ts'

const PURPOSES = ['commitment', 'update', 'snapshot', 'awareness', 'blob', 'metadata', 'backLink'] as const

function framing(): Vector[] {
  const fields = [counting(3, 1), new Uint8Array(0), counting(5, 9)]
  const label = 'y-sealed/v1/device'
  return [
    vector(
      'no field',
      ['WI5'],
      { label, fields: [] },
      {
        framed: frameFields(label),
        hash: hashFields(sodiumSha512, label),
      },
    ),
    vector(
      'three fields, one of them empty',
      ['WI5'],
      { label, fields },
      {
        framed: frameFields(label, ...fields),
        hash: hashFields(sodiumSha512, label, ...fields),
      },
    ),
  ]
}

function devices({ alice, bob, link }: Cast): Vector[] {
  return Object.entries({ alice, bob, link }).map(([name, device]) => {
    const seeds = SEEDS[name as 'alice' | 'bob' | 'link']
    return vector(
      `device ${name}`,
      ['KM1'],
      { signSeed: seeds.sign, boxSeed: seeds.box },
      {
        signPublic: device.signPublic,
        boxPublic: device.boxPublic,
        id: device.id,
        certificate: encodeCertificate(device.certificate()),
      },
    )
  })
}

function epochKeys({ first, second }: Cast): Vector[] {
  return [first, second].map((key) =>
    vector(
      `subkeys of epoch ${key.epoch}`,
      ['KM5'],
      { key: key.exportKey() },
      {
        ...Object.fromEntries(PURPOSES.map((purpose) => [purpose, key.subkey(purpose)])),
        publicCommitment: key.commitment,
      },
    ),
  )
}

function transport({ alice, bob, first, second, document, wrap }: Cast): Vector[] {
  const wrapped = { key: EPOCH_KEYS.first, ephemeralPrivate: filled(32, 0x61), boxPublic: alice.boxPublic }
  const other = { key: EPOCH_KEYS.second, ephemeralPrivate: filled(32, 0x62), boxPublic: bob.boxPublic }
  const nonce = counting(24, 0x90)
  return [
    vector('wrap for alice', ['KM6'], { ...wrapped, openedWithSeed: SEEDS.alice.box }, { wrap }),
    vector(
      'wrap for bob',
      ['KM6'],
      { ...other, openedWithSeed: SEEDS.bob.box },
      {
        wrap: sealBoxWith(other.ephemeralPrivate, other.key, other.boxPublic),
      },
    ),
    vector(
      'back link from epoch 2 to 1',
      ['KM7'],
      {
        document,
        nonce,
        oldEpoch: 1,
        oldKey: EPOCH_KEYS.first,
        newEpoch: 2,
        newKey: EPOCH_KEYS.second,
      },
      { backLink: sealBackLinkWith(nonce, first, second, document) },
    ),
    ...['', 'Alice’s phone', 'x'.repeat(63)].map((name) =>
      vector(
        `sealed name of ${name.length} characters`,
        ['KM8'],
        {
          name,
          id: alice.id,
          epoch: 1,
          epochKey: EPOCH_KEYS.first,
          nonce,
        },
        { sealedName: sealNameWith(nonce, name, alice.id, first) },
      ),
    ),
  ]
}

function documents({
  genesisBody,
  genesisHash: hash,
  document,
  alice,
  room,
  roomGenesisBody,
  roomDocument,
}: Cast): Vector[] {
  const introduction = { appKey: APP_KEY, roomName: ROOM_NAME, document: roomDocument, session: SESSION }
  return [
    vector('document of members', ['KM3'], { genesisBody, salt: SALT }, { genesisHash: hash, document }),
    vector(
      'room',
      ['KM13', 'KM3'],
      { appKey: APP_KEY, roomName: ROOM_NAME },
      {
        epochKey: room.epochKey.exportKey(),
        commitment: room.epochKey.commitment,
        roomPublic: room.publicKey,
        genesisBody: roomGenesisBody,
        genesisHash: genesisHash(sodiumSha512, roomGenesisBody),
        document: roomDocument,
      },
    ),
    vector(
      'introduction of alice',
      ['KM15'],
      {
        ...introduction,
        signSeed: SEEDS.alice.sign,
        boxSeed: SEEDS.alice.box,
      },
      { introduction: encodeCertificate(room.introduce(roomDocument, alice, SESSION)) },
    ),
  ]
}

function links(cast: Cast): Vector[] {
  const seed = counting(32, 0xc0)
  const head = signHead(cast, 9, filled(32, 0x99))
  const headBytes = encodeSignedHead(head)
  const fragment = concatBytes(Uint8Array.of(1), cast.genesisHash, seed, cast.relay.signPublic, headBytes)
  return [
    vector(
      'link seed',
      ['KM12'],
      { seed },
      {
        signSeed: hashFields(sodiumSha512, 'y-sealed/v1/link-sign', seed),
        boxSeed: hashFields(sodiumSha512, 'y-sealed/v1/link-box', seed),
      },
    ),
    vector(
      'fragment',
      ['KM12'],
      {
        genesisHash: cast.genesisHash,
        seed,
        headKey: cast.relay.signPublic,
        signedHead: headBytes,
      },
      { bytes: fragment, fragment: bytesToBase64url(fragment) },
    ),
  ]
}

export function keyVectors(cast: Cast): VectorFile {
  return {
    about: 'Framing and hashing, devices, epoch keys and what carries them, rooms, links. Byte fields are hexadecimal.',
    vectors: [
      ...framing(),
      ...devices(cast),
      ...epochKeys(cast),
      ...documents(cast),
      ...transport(cast),
      ...links(cast),
    ],
  }
}
