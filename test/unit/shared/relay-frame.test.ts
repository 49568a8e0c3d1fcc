/** What a relay may not say, byte by byte. */
import {
  cryptoReady,
  decodeRelayFrame,
  encodeEntries,
  encodeRecords,
  encodeRelayFrame,
  KIND,
  type Bytes,
  type Kind,
  type RelayFrame,
} from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { putBytes, spliceBytes } from '../../support/edit-bytes.ts'
import { createCast, filled } from '../../vectors/cast.ts'
import { clientFrameCases, envelopesByKind, relayFrameCases } from '../../vectors/frames.ts'
import { signHead } from '../../vectors/log.ts'

await cryptoReady()
const cast = createCast()
const envelopes = envelopesByKind(cast)
const cases = relayFrameCases(cast)

function sample(type: RelayFrame['type'], which = 0): Bytes {
  return cases.filter(({ value }) => value.type === type)[which]!.bytes
}

function faultOf(bytes: Bytes): string {
  const result = decodeRelayFrame(bytes)
  return result.ok ? 'accepted' : result.fault
}

const bytesOf = (kind: Kind): Bytes => envelopes.get(kind)!.bytes
const [record, bind, update] = [bytesOf(KIND.record), bytesOf(KIND.bind), bytesOf(KIND.update)]
const placed = (seq: number, envelope = record): { seq: number; envelope: Bytes } => ({ seq, envelope })
const statement = sample('welcome', 1).slice(66, 66 + 128)
const manyStatements = Uint8Array.from(Array.from({ length: 17 }, () => [...statement]).flat())

describe('frames from a relay', () => {
  it.each([
    ['[WI3] no bytes', new Uint8Array(0), 'truncated'],
    ['[WI3] a client’s type', Uint8Array.of(0x0e, 0, 0, 0, 0), 'type'],
    ['[WI3] the type after the last', putBytes(sample('pong'), 0, 0x94), 'type'],
    ['[FR4] 17 head-key statements', putBytes(spliceBytes(sample('welcome'), 66, 0, manyStatements), 65, 17), 'count'],
    ['[FR4] OPENED neither present nor absent', putBytes(sample('opened'), 17, 2), 'flag'],
    ['[FR5] an absent document with a head', putBytes(sample('opened', 1), 25, 1), 'zero'],
    ['[FR5] an absent document with a transcript', putBytes(sample('opened', 1), 40, 1), 'zero'],
    ['[FR5] an absent document with a signature', putBytes(sample('opened', 1), 121, 1), 'zero'],
    ['[FR4] role 4', putBytes(sample('opened'), 122, 4), 'role'],
    ['[AU4] a reserved permission', putBytes(sample('opened'), 124, 128), 'reserved'],
    ['[AU4] a reserved permission in the high byte', putBytes(sample('refreshed'), 18, 1), 'reserved'],
    ['[FR4] ENTRIES of nothing', sample('entries').slice(0, 9), 'count'],
    ['[FR4] ENTRIES at seq 0', encodeEntries(0, [bind]), 'range'],
    ['[FR4] ENTRIES beyond 2^53 − 1', encodeEntries(2 ** 53 - 1, [bind, update]), 'range'],
    ['[FR4] ENTRIES with an awareness', encodeEntries(1, [bind, bytesOf(KIND.awareness)]), 'kind'],
    ['[FR4] ENTRIES with a snapshot', encodeEntries(1, [bytesOf(KIND.snapshot)]), 'kind'],
    ['[FR4] ENTRIES of two documents', encodeEntries(1, [bind, putBytes(update, 4, 0xee)]), 'mixed'],
    ['[EN4] ENTRIES with a zero nonce', encodeEntries(1, [putBytes(bind, 96, ...filled(24, 0))]), 'envelope/nonce'],
    ['[FR4] RECORDS with an update', encodeRecords(cast.document, false, [placed(1, update)]), 'kind'],
    ['[FR4] RECORDS of another document', encodeRecords(filled(16, 1), false, [placed(1)]), 'mixed'],
    ['[WI4] RECORDS that do not ascend', encodeRecords(cast.document, false, [placed(2), placed(1)]), 'order'],
    ['[WI4] RECORDS with a seq twice', encodeRecords(cast.document, false, [placed(2), placed(2)]), 'order'],
    ['[WI4] RECORDS at seq 0', encodeRecords(cast.document, false, [placed(0)]), 'order'],
    ['[WI2] RECORDS neither last nor not', putBytes(sample('records'), 17, 2), 'flag'],
    ['[FR4] half a mark', sample('ids').slice(0, 25 + 97), 'truncated'],
    ['[FR4] an ACK of no entry', putBytes(sample('ack'), 34, 0), 'count'],
    ['[FR4] compaction 3', putBytes(sample('ack'), 43, 3), 'type'],
    ['[FR4] an attachment over 131 080', putBytes(sample('nack'), 48, 0, 2, 0, 9), 'limit'],
    ['[FR4] an attachment longer than the message', putBytes(sample('nack'), 48, 0, 2, 0, 8), 'truncated'],
    ['[FR4] a chunk beyond its total', putBytes(sample('snapshot-chunk'), 49, 0, 0, 3, 0xe7), 'range'],
    ['[FR1] more than 1 MiB', filled(1_048_577, 0x83), 'size'],
  ])('%s is refused', (_, bytes, fault) => {
    expect(faultOf(bytes)).toBe(fault)
  })

  it('[FR10] awareness has the same bytes both ways', () => {
    const sent = clientFrameCases(cast).find(({ value }) => value.type === 'awareness')!
    expect(sample('awareness')).toEqual(sent.bytes)
  })

  it('[FR8] ENTRIES gives views of the message', () => {
    const message = encodeEntries(7, [bind, update])
    const result = decodeRelayFrame(message)
    const list = result.ok && result.value.type === 'entries' ? result.value.envelopes : []
    expect(list.map(({ bytes }) => bytes.buffer === message.buffer)).toEqual([true, true])
    expect(list.map(({ bytes }) => bytes)).toEqual([bind, update])
  })

  it('[FR20] codes of later versions are let pass', () => {
    expect(faultOf(putBytes(sample('closed'), 17, 0xff, 0xff))).toBe('accepted')
  })

  const opened = cases.find(({ value }) => value.type === 'opened')!.value as Extract<RelayFrame, { type: 'opened' }>
  it.each([
    ['an absent document with a head', { ...opened, present: false }],
    ['a reserved permission', { ...opened, permissions: 128 }],
    ['ENTRIES of nothing', { type: 'entries', seq: 1, envelopes: [] }],
    ['ENTRIES at seq 0', { type: 'entries', seq: 0, envelopes: [envelopes.get(KIND.bind)!] }],
    [
      'RECORDS of another document',
      {
        type: 'records',
        document: filled(16, 1),
        more: false,
        records: [{ seq: 1, envelope: envelopes.get(KIND.record)! }],
      },
    ],
    ['half a mark', { type: 'ids', document: cast.document, seq: 1, ids: new Uint8Array(97) }],
    ['a head beyond 2^53 − 1', { type: 'head', document: cast.document, head: beyondHead() }],
  ] satisfies [string, RelayFrame][])('[WI4] %s is not written', (_, frame) => {
    expect(() => encodeRelayFrame(frame)).toThrow(RangeError)
  })
})

function beyondHead(): ReturnType<typeof signHead> {
  return { ...signHead(cast, 1, filled(32, 1)), seq: 2 ** 53 }
}
