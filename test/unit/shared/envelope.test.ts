/** Headers that are none, and what an envelope's views give. */
import {
  cryptoReady,
  KIND,
  kindName,
  readEnvelope,
  readWholeEnvelope,
  writeHeader,
  type Bytes,
  type Kind,
} from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { putBytes, spliceBytes } from '../../support/edit-bytes.ts'
import { counting, createCast, filled, SESSION } from '../../vectors/cast.ts'
import { envelopesByKind } from '../../vectors/frames.ts'

await cryptoReady()
const cast = createCast()
const envelopes = envelopesByKind(cast)
const bytesOf = (kind: Kind): Bytes => envelopes.get(kind)!.bytes
const update = bytesOf(KIND.update)

function faultOf(bytes: Bytes): string {
  const result = readEnvelope(bytes)
  return result.ok ? 'accepted' : result.fault
}

/** A header of this kind with this length, over zeros. */
function withLength(kind: Kind, length: number): Bytes {
  const header = bytesOf(kind).slice(0, 124)
  new DataView(header.buffer).setUint32(120, length)
  return Uint8Array.from([...header, ...new Uint8Array(length + 64)])
}

describe('envelopes', () => {
  it.each([
    ['[F2] version 0', putBytes(update, 0, 0), 'version'],
    ['[F2] version 2', putBytes(update, 0, 2), 'version'],
    ['[F2] kind 0', putBytes(update, 1, 0), 'kind'],
    ['[F2] kind 9', putBytes(update, 1, 9), 'kind'],
    ['[F2] suite 0', putBytes(update, 2, 0), 'suite'],
    ['[F2] suite 2', putBytes(update, 2, 2), 'suite'],
    ['[F2] a flag', putBytes(update, 3, 1), 'flags'],
    ['[F2] the highest flag', putBytes(update, 3, 128), 'flags'],
    ['[F7] a zero document', putBytes(update, 4, ...filled(16, 0)), 'document'],
    ['epoch 0', putBytes(update, 20, 0, 0, 0, 0), 'epoch'],
    ['a zero device', putBytes(update, 24, ...filled(16, 0)), 'device'],
    ['[F13] counter 0', putBytes(update, 48, ...filled(8, 0)), 'counter'],
    ['[F13] counter 2^53', putBytes(update, 48, 0, 0x20, 0, 0, 0, 0, 0, 0), 'counter'],
    ['[F13] counter 2^64 − 1', putBytes(update, 48, ...filled(8, 255)), 'counter'],
    ['a prev before counter 1', putBytes(update, 48, 0, 0, 0, 0, 0, 0, 0, 1), 'prev'],
    ['a prev in a later snapshot', putBytes(bytesOf(KIND.snapshot), 55, 2, 1), 'prev'],
    ['a prev in a later awareness', putBytes(bytesOf(KIND.awareness), 55, 2, 1), 'prev'],
    ['a seen seq above 2^53 − 1', putBytes(update, 72, 0, 0x20), 'seen'],
    ['[F8] a zero nonce in an update', putBytes(update, 96, ...filled(24, 0)), 'nonce'],
    ['[F8] a zero nonce in a part', putBytes(bytesOf(KIND.part), 96, ...filled(24, 0)), 'nonce'],
    ['[F8] a zero nonce in a bind', putBytes(bytesOf(KIND.bind), 96, ...filled(24, 0)), 'nonce'],
    ['[F8] a zero nonce in a snapshot', putBytes(bytesOf(KIND.snapshot), 96, ...filled(24, 0)), 'nonce'],
    ['[F8] a zero nonce in an awareness', putBytes(bytesOf(KIND.awareness), 96, ...filled(24, 0)), 'nonce'],
    ['a nonce in a record', putBytes(bytesOf(KIND.record), 119, 1), 'nonce'],
    ['a nonce in a publication', putBytes(bytesOf(KIND.publication), 96, 1), 'nonce'],
    ['a nonce in an attestation', putBytes(bytesOf(KIND.attestation), 100, 1), 'nonce'],
    ['[F5] a sealed part of 15 bytes', withLength(KIND.update, 15), 'length'],
    ['[F5] a tag without ciphertext', withLength(KIND.update, 16), 'padding'],
    ['[F5] a bind over its limit', withLength(KIND.bind, 49_153), 'length'],
    ['[F5] an update over its limit', withLength(KIND.update, 50_192), 'length'],
    ['[F5] an awareness over its limit', withLength(KIND.awareness, 2_064), 'length'],
    ['[F5] a record over its limit', withLength(KIND.record, 130_885), 'length'],
    ['an empty record', withLength(KIND.record, 0), 'length'],
    ['a publication a byte short', withLength(KIND.publication, 143), 'length'],
    ['an attestation a byte long', withLength(KIND.attestation, 74), 'length'],
    ['[F6] a length that is no padded length', withLength(KIND.update, 81), 'padding'],
    ['[F6] a length between two steps', withLength(KIND.update, 257 + 16), 'padding'],
    ['[F3] a length beyond the bytes', putBytes(update, 120, 0, 0, 0, 144), 'truncated'],
    ['[F3] a snapshot of 4 GiB', putBytes(bytesOf(KIND.snapshot), 120, ...filled(4, 255)), 'length'],
  ])('[EN4] [EN5] %s is refused', (_, bytes, fault) => {
    expect(faultOf(bytes)).toBe(fault)
  })

  it.each(Object.values(KIND))('[EN3] kind %i is accepted as it was sealed', (kind) => {
    expect(faultOf(bytesOf(kind))).toBe('accepted')
    expect(kindName(kind)).not.toBeNull()
  })

  it('[EN5] the longest awareness, update and record are accepted', () => {
    const accepted = [faultOf(withLength(KIND.awareness, 2_048 - 48)), faultOf(withLength(KIND.record, 130_884))]
    expect([...accepted, faultOf(withLength(KIND.update, 47_104 + 16))]).toEqual(['accepted', 'accepted', 'accepted'])
  })

  it('[F3] two envelopes, or one and a byte, are not one', () => {
    expect(readWholeEnvelope(Uint8Array.from([...update, ...update]))).toBeNull()
    expect(readWholeEnvelope(spliceBytes(update, update.length, 0, Uint8Array.of(0)))).toBeNull()
    expect(readWholeEnvelope(update)?.bytes).toEqual(update)
  })

  it('[EN1] reads an envelope at any offset, as views', () => {
    const bytes = Uint8Array.from([9, 9, 9, ...update, 8])
    const result = readEnvelope(bytes, 3)
    const envelope = result.ok ? result.envelope : null
    expect(result.ok && result.end).toBe(3 + update.length)
    expect(envelope?.bytes).toEqual(update)
    expect(envelope?.nonce.buffer).toBe(bytes.buffer)
  })

  it('[EN1] the views are the fields at their offsets', () => {
    const envelope = readWholeEnvelope(update)!
    const at = (from: number, to: number): Bytes => update.slice(from, to)
    const views = [envelope.document, envelope.device, envelope.session, envelope.prev, envelope.seenTranscript]
    expect(views).toEqual([at(4, 20), at(24, 40), at(40, 48), at(56, 72), at(80, 96)])
    expect([envelope.nonce, envelope.sealed, envelope.signature]).toEqual([
      at(96, 120),
      at(124, -64),
      update.slice(-64),
    ])
    expect([envelope.kind, envelope.epoch, envelope.counter, envelope.seenSeq]).toEqual([1, 1, 3, 2])
    expect([envelope.header.length, envelope.unsigned.length]).toEqual([124, update.length - 64])
  })

  const fields = {
    kind: KIND.update,
    document: cast.document,
    epoch: 1,
    device: cast.alice.id,
    session: SESSION,
    counter: 1,
    prev: filled(16, 0),
    seenSeq: 0,
    seenTranscript: filled(16, 0),
    nonce: counting(24, 1),
    length: 80,
  } as const

  it.each([
    ['a document of 15 bytes', { ...fields, document: filled(15, 1) }, TypeError],
    ['a nonce of 12 bytes', { ...fields, nonce: filled(12, 1) }, TypeError],
    ['a zero nonce', { ...fields, nonce: filled(24, 0) }, RangeError],
    ['counter 0', { ...fields, counter: 0 }, RangeError],
    ['a prev at counter 1', { ...fields, prev: filled(16, 1) }, RangeError],
    ['a length that is no padded one', { ...fields, length: 81 }, RangeError],
  ] as const)('[EN4] a header with %s is not written', (_, header, error) => {
    expect(() => writeHeader(header)).toThrow(error)
  })
})
