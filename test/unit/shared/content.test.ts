/** Contents of envelopes that are none. */
import {
  cryptoReady,
  decodeSnapshot,
  encodePart,
  packBindings,
  readPublication,
  readSession,
  type Bytes,
} from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { listCodecs } from '../../support/codecs.ts'
import { putBytes, spliceBytes } from '../../support/edit-bytes.ts'
import { createCast, filled, OTHER_SESSION } from '../../vectors/cast.ts'

await cryptoReady()
const cast = createCast()
const codecs = new Map(listCodecs(cast).map((codec) => [codec.name, codec]))
const sample = (name: string, which = 0): Bytes => codecs.get(name)!.samples[which]!

function faultOf(name: string, bytes: Bytes): string {
  const result = codecs.get(name)!.recode(bytes)
  return result.ok ? 'accepted' : result.fault
}

/** In the fuller snapshot: version, T_k, record head, count; three sessions of 73 bytes; two bindings; two devices; three publications; the time. */
const SESSIONS = 1 + 32 + 32 + 4
const BINDINGS = SESSIONS + 3 * 73 + 4
const DEVICES = BINDINGS + 2 * 24 + 4
const PUBLICATIONS = DEVICES + 2 * 64 + 4
const STATE = PUBLICATIONS + 3 * 105 + 8
const swap = (bytes: Bytes, at: number, rowBytes: number): Bytes =>
  putBytes(bytes, at, ...bytes.slice(at + rowBytes, at + 2 * rowBytes), ...bytes.slice(at, at + rowBytes))

describe('contents', () => {
  it.each([
    ['bind', 'introduced neither 0 nor 1', putBytes(sample('bind'), 8, 2), 'flag'],
    ['bind', 'a client id above 2^53 − 1', putBytes(sample('bind'), 0, 0, 0x20), 'range'],
    ['bind', 'half an introduction', sample('bind', 1).slice(0, 100), 'truncated'],
    ['awareness', 'a state over 2048', putBytes(sample('awareness'), 16, 8, 1), 'limit'],
    ['awareness', 'a state that is no UTF-8', putBytes(sample('awareness', 1), 20, 0xff), 'text'],
    ['awareness', 'a head neither there nor not', putBytes(sample('awareness'), 19, 3), 'flag'],
    ['part', 'one part alone', putBytes(sample('part'), 2, 0, 1), 'range'],
    ['part', 'an index beyond the count', putBytes(sample('part'), 0, 0, 2), 'range'],
    ['part', '2049 parts', putBytes(sample('part'), 2, 8, 1), 'range'],
    ['part', 'a total above 64 MiB', putBytes(sample('part'), 4, 4, 0, 0, 1), 'range'],
    ['part', 'a piece as long as the total', putBytes(sample('part'), 7, 2), 'range'],
    ['part', 'an empty piece', sample('part').slice(0, 8), 'range'],
    ['publication', 'snapshot epoch 0', putBytes(sample('publication'), 104, 0, 0, 0, 0), 'range'],
    ['attestation', 'verdict 0', putBytes(sample('attestation'), 40, 0), 'type'],
    ['attestation', 'verdict 3', putBytes(sample('attestation'), 40, 3), 'type'],
    ['snapshot', 'version 2', putBytes(sample('snapshot'), 0, 2), 'version'],
    ['snapshot', 'more sessions than bytes', putBytes(sample('snapshot'), 65, ...filled(4, 255)), 'truncated'],
    ['snapshot', 'sessions that descend', swap(sample('snapshot', 1), SESSIONS, 73), 'order'],
    ['snapshot', 'a counter above 2^53 − 1', putBytes(sample('snapshot', 1), SESSIONS + 24, 255), 'range'],
    ['snapshot', 'a seq above 2^53 − 1', putBytes(sample('snapshot', 1), SESSIONS + 73 + 32, 255), 'range'],
    ['snapshot', 'a session neither dead nor alive', putBytes(sample('snapshot', 1), SESSIONS + 72, 4), 'type'],
    ['snapshot', 'bindings that descend', swap(sample('snapshot', 1), BINDINGS, 24), 'order'],
    ['snapshot', 'a client id above 2^53 − 1', putBytes(sample('snapshot', 1), BINDINGS + 24, 255), 'range'],
    ['snapshot', 'devices that descend', swap(sample('snapshot', 1), DEVICES, 64), 'order'],
    ['snapshot', 'publications that descend', swap(sample('snapshot', 1), PUBLICATIONS, 105), 'order'],
    ['snapshot', 'a k above 2^53 − 1', putBytes(sample('snapshot', 1), PUBLICATIONS + 210, 255), 'range'],
    ['snapshot', 'a standing that is none', putBytes(sample('snapshot', 1), PUBLICATIONS + 104, 3), 'type'],
    ['snapshot', 'a time above 2^53 − 1', putBytes(sample('snapshot', 1), STATE - 8, 255), 'range'],
    ['snapshot', 'a state longer than the snapshot', putBytes(sample('snapshot', 1), STATE + 3, 255), 'truncated'],
    ['snapshot', 'a state over its limit', putBytes(sample('snapshot', 1), STATE, 255), 'limit'],
    ['plaintext', 'padding that is not zero', putBytes(sample('plaintext'), 63, 1), 'truncated'],
    [
      'plaintext',
      'a length that pads to less',
      spliceBytes(sample('plaintext'), 64, 0, new Uint8Array(64)),
      'truncated',
    ],
  ])('[WI3] [EN9] [EN10] %s: refuses %s', (name, _, bytes, fault) => {
    expect(faultOf(name, bytes)).toBe(fault)
  })

  it('[LO10] a snapshot gives its sessions back, ascending', () => {
    const result = decodeSnapshot(sample('snapshot', 1))
    const sessions = result.ok ? [0, 1, 2].map((i) => readSession(result.value.sessions, i)) : []
    const ofAlice = sessions.filter(({ device }) => Buffer.from(device).equals(cast.alice.id))
    expect(sessions.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual([4, 7, 21])
    expect(ofAlice.map(({ counter, standing }) => [counter, standing])).toEqual([
      [4, 'live'],
      [9, 'dead'],
    ])
    expect(ofAlice[1]!.session).toEqual(OTHER_SESSION)
  })

  it('[LO10] [LO11] a snapshot gives its publications back, ascending', () => {
    const result = decodeSnapshot(sample('snapshot', 1))
    const rows = result.ok ? [0, 1, 2].map((i) => readPublication(result.value.publications, i)) : []
    expect(rows.map(({ seq, standing }) => [seq, standing])).toEqual([
      [18, 'published'],
      [19, 'attested'],
      [20, 'disputed'],
    ])
    expect(rows[0]).toMatchObject({ id: filled(32, 0x77), device: cast.alice.id, member: cast.bob.id })
  })

  it('[LO10] a client id is bound once', () => {
    expect(() =>
      packBindings([
        [7, cast.alice.id],
        [7, cast.bob.id],
      ]),
    ).toThrow(RangeError)
  })

  it('[LO9] what is no part is not written', () => {
    expect(() => encodePart({ index: 2, count: 2, totalBytes: 9, bytes: filled(1, 1) })).toThrow(RangeError)
  })
})
