/**
 * Vectors of record bodies: all ten types.
 *
 * @module
 */
import {
  decodeRecord,
  encodeCertificate,
  encodeRecord,
  introductionInput,
  joinInput,
  packDevices,
  packWraps,
  type Bytes,
  type RecordBody,
  type RecordFields,
  type Rotation,
} from '@y-sealed/protocol'

import { sealBoxWith } from '../support/independent/sealed-box.ts'
import { counting, filled, sealBackLinkWith, sealNameWith, SESSION, type Cast } from './cast.ts'
import { signHead } from './log.ts'
import { vector, type VectorFile } from './vector.ts'

const RECORD_PREV = filled(32, 0x44)

/** A record and its body. */
export interface RecordCase {
  readonly value: RecordBody
  readonly bytes: Bytes
}

function createRotation({ alice, bob, first, second, document }: Cast): Rotation {
  const wrapFor = (boxPublic: Bytes, ephemeral: number): Bytes =>
    sealBoxWith(filled(32, ephemeral), second.exportKey(), boxPublic)
  return {
    epoch: 2,
    commitment: second.commitment,
    backLink: sealBackLinkWith(counting(24, 0x90), first, second, document),
    wraps: packWraps([
      [alice.id, wrapFor(alice.boxPublic, 0x63)],
      [bob.id, wrapFor(bob.boxPublic, 0x64)],
    ]),
  }
}

function laterRecords(cast: Cast): RecordFields[] {
  const { alice, bob, link, first, room, roomDocument } = cast
  const rotation = createRotation(cast)
  const wrap = sealBoxWith(filled(32, 0x62), first.exportKey(), bob.boxPublic)
  const sealedName = sealNameWith(counting(24, 0x92), 'Bob', bob.id, first)
  const noName = new Uint8Array(0)
  const [certificate, linkCertificate] = [bob.certificate(), link.certificate()]
  const linkSignature = link.sign(joinInput(cast.genesisHash, RECORD_PREV, encodeCertificate(certificate)))
  const noWraps = packWraps([])
  return [
    { type: 'add', sponsored: false, role: 'writer', certificate, wrap, sealedName },
    { type: 'add', sponsored: true, role: 'admin', certificate, wrap, sealedName: noName },
    { type: 'role', device: bob.id, role: 'reader' },
    { type: 'link', certificate: linkCertificate, role: 'writer', expiresAt: 0, uses: 0, wrap, sealedName: noName },
    { type: 'link', certificate: linkCertificate, role: 'reader', expiresAt: 1_800_000_000, uses: 5, wrap, sealedName },
    { type: 'join', link: link.id, certificate, linkSignature, wrap, sealedName },
    { type: 'revoke-link', link: link.id, rotation },
    { type: 'remove', devices: packDevices([bob.id]), rotation },
    { type: 'remove', devices: packDevices([bob.id, alice.id]), rotation: { ...rotation, wraps: noWraps } },
    { type: 'epoch', rotation },
    { type: 'rewrap', epoch: 2, backLink: null, wraps: rotation.wraps },
    { type: 'rewrap', epoch: 2, backLink: rotation.backLink, wraps: noWraps },
    {
      type: 'restart',
      lostHead: signHead(cast, 12, filled(32, 0x9c)),
      keptHead: signHead(cast, 9, filled(32, 0x99)),
      introduction: null,
    },
    {
      type: 'restart',
      lostHead: signHead(cast, 12, filled(32, 0x9c)),
      keptHead: signHead(cast, 9, filled(32, 0x99)),
      introduction: { ...certificate, signature: room.sign(introductionInput(roomDocument, bob.id, SESSION)) },
    },
  ]
}

/** Records of every type. */
export function recordCases(cast: Cast): RecordCase[] {
  const geneses = [cast.genesisBody, cast.roomGenesisBody].map((bytes) => {
    const result = decodeRecord(bytes)
    if (!result.ok) throw new Error(`a genesis is refused: ${result.fault}`)
    return { value: result.value, bytes }
  })
  const later = laterRecords(cast).map((fields) => {
    const value: RecordBody = { recordPrev: RECORD_PREV, ...fields }
    return { value, bytes: encodeRecord(value) }
  })
  return [...geneses, ...later]
}

export function recordVectors(cast: Cast): VectorFile {
  return {
    about: 'Record bodies of every type. Byte fields are hexadecimal; rows are [key, value].',
    vectors: recordCases(cast).map(({ value, bytes }, i) =>
      vector(`${value.type} (${i})`, ['KM9'], { record: value }, { body: bytes }),
    ),
  }
}
