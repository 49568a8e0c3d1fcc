/** Bodies of records that are none, and the rows that they carry. */
import {
  cryptoReady,
  decodeRecord,
  documentIdOf,
  encodeRecord,
  genesisHash,
  packDevices,
  packWraps,
  sodiumSha512,
  type Bytes,
  type RecordBody,
  type RecordType,
} from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { putBytes, spliceBytes } from '../../support/edit-bytes.ts'
import { counting, createCast, filled } from '../../vectors/cast.ts'
import { recordCases } from '../../vectors/records.ts'

await cryptoReady()
const cast = createCast()
const cases = recordCases(cast)

function sample(type: RecordType, which = 0): Bytes {
  return cases.filter(({ value }) => value.type === type)[which]!.bytes
}

function value<Type extends RecordType>(type: Type): Extract<RecordBody, { type: Type }> {
  return cases.find((each) => each.value.type === type)!.value as Extract<RecordBody, { type: Type }>
}

function faultOf(body: Bytes): string {
  const result = decodeRecord(body)
  return result.ok ? 'accepted' : result.fault
}

/** Offset of a members genesis's name length: type, prev, mode, suite, salt, certificate, commitment, wrap. */
const GENESIS_NAME = 1 + 32 + 1 + 1 + 16 + 128 + 32 + 80
const ROTATION_WRAPS = 4 + 32 + 72
const bobFirst = Buffer.compare(cast.bob.id, cast.alice.id) < 0

/** The two rows at `at` in the other order. */
function swapRows(bytes: Bytes, at: number, rowBytes: number): Bytes {
  const [one, two] = [bytes.slice(at, at + rowBytes), bytes.slice(at + rowBytes, at + 2 * rowBytes)]
  return putBytes(putBytes(bytes, at, ...two), at + rowBytes, ...one)
}

const epochWraps = 33 + ROTATION_WRAPS + 2

describe('records', () => {
  it.each([
    ['no bytes', new Uint8Array(0), 'truncated'],
    ['type 0', putBytes(sample('role'), 0, 0), 'type'],
    ['type 11', putBytes(sample('role'), 0, 11), 'type'],
    ['a genesis after something', putBytes(sample('genesis'), 1, 1), 'zero'],
    ['mode 0', putBytes(sample('genesis'), 33, 0), 'mode'],
    ['mode 3', putBytes(sample('genesis'), 33, 3), 'mode'],
    ['suite 2', putBytes(sample('genesis'), 34, 2), 'suite'],
    ['suite 0 of a room', putBytes(sample('genesis', 1), 34, 0), 'suite'],
    ['a room with more after it', spliceBytes(sample('genesis', 1), 99, 0, Uint8Array.of(0)), 'trailing'],
    ['a name of 103 bytes', putBytes(sample('genesis'), GENESIS_NAME, 0, 103).slice(0, -1), 'name'],
    ['a name of 105 bytes', putBytes(sample('genesis'), GENESIS_NAME, 0, 105), 'limit'],
    ['neither sponsored nor not', putBytes(sample('add'), 33, 2), 'flag'],
    ['an addition as nobody', putBytes(sample('add'), 34, 0), 'role'],
    ['an addition with role 4', putBytes(sample('add'), 34, 4), 'role'],
    ['a change to no role', putBytes(sample('role'), 49, 0), 'role'],
    ['a link with role 0', putBytes(sample('link'), 33 + 128, 0), 'role'],
    ['an expiry above 2^53 − 1', putBytes(sample('link'), 33 + 129, 0xff), 'range'],
    ['a rotation to epoch 0', putBytes(sample('epoch'), 33, 0, 0, 0, 0), 'range'],
    ['1001 wraps', putBytes(sample('epoch'), 33 + ROTATION_WRAPS, 3, 233), 'count'],
    ['more wraps than bytes', putBytes(sample('epoch'), 33 + ROTATION_WRAPS, 3, 232), 'truncated'],
    ['wraps that descend', swapRows(sample('epoch'), epochWraps, 96), 'order'],
    [
      'a wrap twice',
      putBytes(sample('epoch'), epochWraps + 96, ...sample('epoch').slice(epochWraps, epochWraps + 96)),
      'order',
    ],
    ['the removal of nobody', putBytes(spliceBytes(sample('remove'), 35, 16, new Uint8Array(0)), 33, 0, 0), 'count'],
    ['the removal of 1001', putBytes(sample('remove'), 33, 3, 233), 'count'],
    ['removals that descend', swapRows(sample('remove', 1), 35, 16), 'order'],
    ['a removal twice', putBytes(sample('remove', 1), 51, ...sample('remove', 1).slice(35, 51)), 'order'],
    ['a rewrap of epoch 0', putBytes(sample('rewrap'), 33, 0, 0, 0, 0), 'range'],
    ['a back link neither there nor not', putBytes(sample('rewrap'), 37, 2), 'flag'],
    ['a head above 2^53 − 1', putBytes(sample('restart'), 33, 1), 'range'],
    ['more than a record may be', filled(130_885, 1), 'size'],
  ])('[KM9] refuses %s', (_, body, fault) => {
    expect(faultOf(body)).toBe(fault)
  })

  it('[KM9] takes 1000 removals and 1000 wraps in one record', () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => Uint8Array.from([i >> 8, i & 255, ...filled(14, 1)]))
    const wraps = packWraps(ids.map((id) => [id, filled(80, 2)]))
    const body: RecordBody = {
      ...value('remove'),
      devices: packDevices(ids.toReversed()),
      rotation: { ...value('epoch').rotation, wraps },
    }
    const result = decodeRecord(encodeRecord(body))
    const devices = result.ok && result.value.type === 'remove' ? [...result.value.devices].map(([id]) => id) : []
    expect(devices).toEqual(ids)
  })

  it('[WI4] rows are found by key, and only by key', () => {
    const { wraps } = value('epoch').rotation
    expect(wraps).toHaveLength(2)
    expect(wraps.find(cast.alice.id)).toEqual(wraps.value(bobFirst ? 1 : 0))
    expect(wraps.find(cast.bob.id)).toEqual(wraps.value(bobFirst ? 0 : 1))
    expect([wraps.find(filled(16, 0)), wraps.find(filled(16, 255)), wraps.find(cast.link.id)]).toEqual([
      null,
      null,
      null,
    ])
    expect([wraps.has(cast.alice.id), wraps.has(cast.link.id)]).toEqual([true, false])
  })

  it.each([
    ['a device twice', () => packDevices([cast.bob.id, cast.alice.id, cast.bob.id]), RangeError],
    ['an id of 15 bytes', () => packDevices([filled(15, 1)]), TypeError],
    ['a wrap of 79 bytes', () => packWraps([[cast.bob.id, filled(79, 1)]]), TypeError],
    ['the removal of nobody', () => encodeRecord({ ...value('remove'), devices: packDevices([]) }), RangeError],
    ['a genesis after something', () => encodeRecord({ ...value('genesis'), recordPrev: filled(32, 1) }), RangeError],
    ['epoch 0', () => encodeRecord({ ...value('rewrap'), epoch: 0 }), RangeError],
    ['a name of 5 bytes', () => encodeRecord({ ...value('add'), sealedName: filled(5, 1) }), RangeError],
    [
      'rows of another kind as wraps',
      () => encodeRecord({ ...value('rewrap'), wraps: packDevices([cast.bob.id]) }),
      RangeError,
    ],
  ] as const)('[KM9] does not write %s', (_, write, error) => {
    expect(write).toThrow(error)
  })

  it('[KM3] any change to a genesis is another document', () => {
    const hash = genesisHash(sodiumSha512, cast.genesisBody)
    expect(documentIdOf(hash)).toEqual(cast.document)
    const changed = genesisHash(sodiumSha512, putBytes(cast.genesisBody, 40, 0xee))
    expect(documentIdOf(changed)).not.toEqual(cast.document)
    expect(() => documentIdOf(counting(16, 1))).toThrow(TypeError)
  })
})
