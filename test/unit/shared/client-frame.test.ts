/** What a client may not say, byte by byte. */
import {
  cryptoReady,
  decodeClientFrame,
  encodeClientFrame,
  frameDocument,
  KIND,
  MAX_PLAIN_MESSAGE_TO_RELAY,
  Writer,
  type Bytes,
  type ClientFrame,
  type Envelope,
  type Kind,
} from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { sealUnderNonce } from '../../../shared/sealing/seal.ts'
import { putBytes, spliceBytes } from '../../support/edit-bytes.ts'
import { counting, createCast, filled, SESSION } from '../../vectors/cast.ts'
import { clientFrameCases, envelopesByKind } from '../../vectors/frames.ts'

await cryptoReady()
const cast = createCast()
const envelopes = envelopesByKind(cast)
const samples = new Map<string, Bytes>()
for (const { value, bytes } of clientFrameCases(cast)) if (!samples.has(value.type)) samples.set(value.type, bytes)

function sample(type: ClientFrame['type']): Bytes {
  return samples.get(type)!
}

function push(...list: readonly Bytes[]): Bytes {
  const writer = new Writer().u8(6)
  for (const bytes of list) writer.raw(bytes)
  return writer.finish()
}

const bytesOf = (kind: Kind): Bytes => envelopes.get(kind)!.bytes
const [bind, update] = [bytesOf(KIND.bind), bytesOf(KIND.update)]

/** An update of alice's with this counter and content length. */
function sealUpdate(counter: number, length = 10): Envelope {
  const [prev, seenTranscript] = [counter === 1 ? new Uint8Array(16) : filled(16, 9), new Uint8Array(16)]
  const fields = {
    kind: KIND.update,
    document: cast.document,
    session: SESSION,
    counter,
    prev,
    seenSeq: 0,
    seenTranscript,
  }
  return sealUnderNonce({ ...fields, content: filled(length, 1) }, cast.first, cast.alice, counting(24, 1)).envelope
}

function sealRecord(length: number): Envelope {
  const fields = { document: cast.document, session: SESSION, counter: 1, seenSeq: 0, content: filled(length, 1) }
  const zeros = { prev: new Uint8Array(16), seenTranscript: new Uint8Array(16) }
  return sealUnderNonce({ kind: KIND.record, ...fields, ...zeros }, cast.first, cast.alice, new Uint8Array(24)).envelope
}

function faultOf(bytes: Bytes): string {
  const result = decodeClientFrame(bytes)
  return result.ok ? 'accepted' : result.fault
}

describe('frames from a client', () => {
  it.each([
    ['[WI3] no bytes', new Uint8Array(0), 'truncated'],
    ['[WI3] type 0', Uint8Array.of(0), 'type'],
    ['[WI3] the type after the last', Uint8Array.of(0x11, 0, 0, 0, 0), 'type'],
    ['[FR3] a SHOW_IDS without a mark', sample('show-ids').slice(0, 25), 'range'],
    ['[FR3] a SHOW_IDS with half a mark', sample('show-ids').slice(0, 25 + 150), 'range'],
    ['[FR3] a SHOW_IDS from seq 0', putBytes(sample('show-ids'), 24, 0), 'range'],
    ['[WI3] a relay’s type', putBytes(sample('ping'), 0, 0x92), 'type'],
    ['[WI3] a byte too many', spliceBytes(sample('close'), 17, 0, Uint8Array.of(0)), 'trailing'],
    ['[FR3] an audience over 1024', putBytes(sample('hello'), 65, 0x04, 0x01), 'limit'],
    ['[WI2] an audience with a lone continuation byte', putBytes(sample('hello'), 67, 0x80), 'text'],
    ['[WI2] a token with U+0000', putBytes(sample('open'), 19, 0), 'text'],
    ['[FR3] a token over 4096', putBytes(sample('open'), 17, 0x10, 0x01), 'limit'],
    ['[WI1] a cursor above 2^53 − 1', putBytes(sample('read'), 17, 0x00, 0x20), 'range'],
    ['[WI1] a seq of eight 0xff', putBytes(sample('read'), 17, ...filled(8, 255)), 'range'],
    ['[FR3] a chunk over 57 344', putBytes(sample('put-snapshot'), 57, 0, 0, 0xe0, 1), 'limit'],
    ['[FR3] an empty chunk', putBytes(sample('put-snapshot'), 57, 0, 0, 0, 0).slice(0, 61), 'range'],
    ['[FR3] a crumb that is not the end', putBytes(sample('put-snapshot'), 49, 0, 0, 3, 0xe9), 'range'],
    ['[FR3] a chunk beyond its total', putBytes(sample('put-snapshot'), 49, 0, 0, 3, 0xe7), 'range'],
    ['[FR3] a total above the largest snapshot', putBytes(sample('put-snapshot'), 49, 0x04, 0, 0, 0xbd), 'range'],
    ['[LO9] one part alone', putBytes(sample('push-part'), 3, 0, 1), 'count'],
    ['[LO9] a part beyond its count', putBytes(sample('push-part'), 1, 0, 2), 'count'],
    ['[LO9] 2049 parts', putBytes(sample('push-part'), 3, 8, 1), 'count'],
    ['[FR3] an update as a part', spliceBytes(sample('push-part'), 5, bytesOf(KIND.part).length, update), 'kind'],
    ['[FR3] an update as awareness', Uint8Array.from([8, ...update]), 'kind'],
    ['[FR3] an awareness with another after it', Uint8Array.from([8, ...bytesOf(8), ...bytesOf(8)]), 'trailing'],
    ['[EN4] an awareness of another version', putBytes(sample('awareness'), 1, 2), 'envelope/version'],
    ['[FR3] a RESTORE from seq 0', putBytes(sample('restore'), 8, 0), 'range'],
    ['[FR3] a RESTORE of nothing', sample('restore').slice(0, 9), 'count'],
    ['[FR3] a RESTORE with awareness', spliceBytes(sample('restore'), 9, bind.length, bytesOf(8)), 'kind'],
    ['[FR3] a RESTORE of two documents', putBytes(sample('restore'), 9 + bind.length + 4, 0xee), 'mixed'],
  ])('%s is refused', (_, bytes, fault) => {
    expect(faultOf(bytes)).toBe(fault)
  })

  it.each([
    ['nothing', push(), 'count'],
    ['half an envelope', push(bind.slice(0, 100)), 'envelope/truncated'],
    ['an envelope and a byte', push(bind, Uint8Array.of(1)), 'envelope/truncated'],
    ['a part', push(bytesOf(KIND.part)), 'kind'],
    ['a snapshot', push(bytesOf(KIND.snapshot)), 'kind'],
    ['an awareness', push(bytesOf(KIND.awareness)), 'kind'],
    ['a record with an update after it', push(bytesOf(KIND.record), update), 'company'],
    ['an update with a record after it', push(update, bytesOf(KIND.record)), 'company'],
    ['a publication in company', push(bytesOf(KIND.publication), bytesOf(KIND.attestation)), 'company'],
    ['two documents', push(bind, putBytes(update, 4, 0xee)), 'mixed'],
    ['two epochs', push(bind, putBytes(update, 23, 2)), 'mixed'],
    ['two devices', push(bind, putBytes(update, 24, 0xee)), 'mixed'],
    ['two sessions', push(bind, putBytes(update, 40, 0xee)), 'mixed'],
    ['a counter twice', push(bind, bind), 'counter'],
    ['a counter left out', push(bind, putBytes(update, 55, 4)), 'counter'],
    ['counters backwards', push(update, bind), 'counter'],
  ])('[FR3] a PUSH of %s is refused', (_, bytes, fault) => {
    expect(faultOf(bytes)).toBe(fault)
  })

  it('[FR3] a PUSH has at most 64 envelopes', () => {
    const list = Array.from({ length: 65 }, (_, i) => sealUpdate(i + 1).bytes)
    expect(faultOf(push(...list.slice(0, 64)))).toBe('accepted')
    expect(faultOf(push(...list))).toBe('count')
  })

  it('[FR1] only a lone record may be longer than 65 536 bytes', () => {
    const [one, two] = [sealUpdate(1, 30_000).bytes, sealUpdate(2, 34_000).bytes]
    expect(faultOf(push(one))).toBe('accepted')
    expect(faultOf(push(one, two))).toBe(
      1 + one.length + two.length > MAX_PLAIN_MESSAGE_TO_RELAY ? 'size' : 'too small',
    )
    expect(faultOf(push(sealRecord(130_884).bytes))).toBe('accepted')
    expect(faultOf(new Uint8Array(135_169))).toBe('size')
  })

  it('[FR3] PUSH gives views of the message', () => {
    const message = push(bind, update)
    const result = decodeClientFrame(message)
    const list = result.ok && result.value.type === 'push' ? result.value.envelopes : []
    expect(list.map(({ bytes }) => bytes.buffer === message.buffer)).toEqual([true, true])
  })

  it('[AU6] every frame but HELLO and PING names its document', () => {
    const documents = clientFrameCases(cast).map(({ value }) => [value.type, frameDocument(value)] as const)
    const without = documents.filter(([, document]) => document === null).map(([type]) => type)
    expect(without).toEqual(['hello', 'ping'])
    const others = documents.filter(([, document]) => document !== null)
    expect(others.every(([, document]) => Buffer.from(document!).equals(cast.document))).toBe(true)
  })

  it.each([
    ['a PUSH of nothing', { type: 'push', envelopes: [] }],
    ['a PUSH of 65', { type: 'push', envelopes: Array.from({ length: 65 }, (_, i) => sealUpdate(i + 1)) }],
    ['a PUSH of an awareness', { type: 'push', envelopes: [envelopes.get(KIND.awareness)!] }],
    ['an update as awareness', { type: 'awareness', envelope: envelopes.get(KIND.update)! }],
    ['a part that is an update', { type: 'push-part', index: 0, count: 2, envelope: envelopes.get(KIND.update)! }],
    ['a part beyond its count', { type: 'push-part', index: 2, count: 2, envelope: envelopes.get(KIND.part)! }],
    ['a RESTORE from 0', { type: 'restore', seq: 0, envelopes: [envelopes.get(KIND.bind)!] }],
    ['a message too long', { type: 'push', envelopes: [sealUpdate(1, 30_000), sealUpdate(2, 40_000)] }],
  ] satisfies [string, ClientFrame][])('[WI4] %s is not written', (_, frame) => {
    expect(() => encodeClientFrame(frame)).toThrow(RangeError)
  })

  it('a type that is none is not written', () => {
    const frame = { type: 'noise' } as unknown as ClientFrame
    expect(() => encodeClientFrame(frame)).toThrow(TypeError)
  })
})
