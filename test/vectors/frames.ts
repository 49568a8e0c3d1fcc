/**
 * Vectors of frames: every type, both directions.
 *
 * @module
 */
import {
  encodeClientFrame,
  encodeRelayFrame,
  KIND,
  zeroHead,
  type Bytes,
  type ClientFrame,
  type Envelope,
  type Kind,
  type RelayFrame,
} from '@y-sealed/protocol'

import { counting, filled, SESSION, type Cast } from './cast.ts'
import { sealAll } from './envelopes.ts'
import { signHead, stateHeadKey } from './log.ts'
import { AUDIENCE, TOKEN } from './proofs.ts'
import { vector, type VectorFile } from './vector.ts'

/** A frame from a client and its message. */
export interface ClientFrameCase {
  readonly value: ClientFrame
  readonly bytes: Bytes
}

/** A frame from a relay and its message. */
export interface RelayFrameCase {
  readonly value: RelayFrame
  readonly bytes: Bytes
}

/** Envelopes of the vectors by kind. */
export function envelopesByKind(cast: Cast): ReadonlyMap<Kind, Envelope> {
  return new Map(sealAll(cast).map(({ sealable, sealed }) => [sealable.kind, sealed.envelope]))
}

function envelopeOf(cast: Cast, kind: Kind): Envelope {
  return envelopesByKind(cast).get(kind)!
}

function clientFrames(cast: Cast): ClientFrame[] {
  const { alice, document } = cast
  const snapshotId = filled(32, 0x77)
  const [update, bind] = [envelopeOf(cast, KIND.update), envelopeOf(cast, KIND.bind)]
  return [
    {
      type: 'hello',
      signPublic: alice.signPublic,
      boxPublic: alice.boxPublic,
      audience: AUDIENCE,
      signature: filled(64, 0x55),
    },
    {
      type: 'open',
      document,
      token: TOKEN,
      cursorSeq: 9,
      cursorTranscript: filled(32, 0x99),
      recordHead: filled(32, 0x44),
    },
    { type: 'read', document, after: 9, maxBytes: 262_144 },
    { type: 'read-ids', document, after: 0, through: 9 },
    { type: 'read-snapshot', document, snapshotId, offset: 57_344 },
    { type: 'push', envelopes: [bind, update] },
    { type: 'push', envelopes: [envelopeOf(cast, KIND.record)] },
    { type: 'push', envelopes: [envelopeOf(cast, KIND.publication)] },
    { type: 'push', envelopes: [envelopeOf(cast, KIND.attestation)] },
    { type: 'push-part', index: 0, count: 2, envelope: envelopeOf(cast, KIND.part) },
    { type: 'awareness', envelope: envelopeOf(cast, KIND.awareness) },
    { type: 'refresh', document, token: TOKEN },
    { type: 'close', document },
    { type: 'delete', document },
    { type: 'put-snapshot', document, snapshotId, total: 1_000, offset: 990, bytes: counting(10, 0) },
    { type: 'restore', seq: 2, envelopes: [bind, update] },
    { type: 'show-head', genesisHash: cast.genesisHash, head: signHead(cast, 9, filled(32, 0x99)) },
    { type: 'show-ids', document, seq: 1, ids: counting(192, 0) },
    { type: 'ping', nonce: 4_294_967_295 },
  ]
}

function relayFrames(cast: Cast): RelayFrame[] {
  const { alice, document, relay, nextRelay } = cast
  const head = signHead(cast, 9, filled(32, 0x99))
  const snapshotId = filled(32, 0x77)
  const [record, bind, update] = [KIND.record, KIND.bind, KIND.update].map((kind) => envelopeOf(cast, kind)) as [
    Envelope,
    Envelope,
    Envelope,
  ]
  const limits = { timeMs: 1_800_000_000_000, heartbeatMs: 15_000, maxDocuments: 16, maxPushes: 64, pageBytes: 262_144 }
  const nonce = counting(32, 1)
  const opened = { type: 'opened' as const, document, expiresAtMs: 1_800_000_300_000 }
  return [
    { type: 'welcome', nonce, headKey: relay.signPublic, headKeyStatements: [], ...limits },
    { type: 'welcome', nonce, headKey: nextRelay.signPublic, headKeyStatements: [stateHeadKey(cast)], ...limits },
    {
      ...opened,
      present: true,
      head,
      role: 'writer',
      permissions: 15,
      oldestSeq: 1,
      snapshotId,
      snapshotSeq: 4,
      snapshotBytes: 700,
      through: 9,
    },
    {
      ...opened,
      present: false,
      head: zeroHead(),
      role: 'none',
      permissions: 127,
      oldestSeq: 0,
      snapshotId: new Uint8Array(32),
      snapshotSeq: 0,
      snapshotBytes: 0,
      through: 0,
    },
    { type: 'entries', seq: 1, envelopes: [record, bind, update] },
    { type: 'read-done', document, through: 9, headSeq: 12 },
    { type: 'records', document, more: false, records: [] },
    { type: 'records', document, more: true, records: [{ seq: 1, envelope: record }] },
    { type: 'ids', document, seq: 1, ids: counting(192, 0) },
    { type: 'ack', document, session: SESSION, counter: 2, count: 2, seq: 2, compaction: 'none' },
    { type: 'ack', document, session: SESSION, counter: 2, count: 64, seq: 2 ** 53 - 1, compaction: 'now' },
    {
      type: 'nack',
      refused: 6,
      document,
      session: SESSION,
      counter: 5,
      code: 40_900,
      retryAfterMs: 0,
      detail: 3,
      attachment: new Uint8Array(0),
    },
    {
      type: 'nack',
      refused: 6,
      document,
      session: SESSION,
      counter: 5,
      code: 40_903,
      retryAfterMs: 0,
      detail: 2,
      attachment: Uint8Array.from([...new Uint8Array(7), 1, ...record.bytes]),
    },
    { type: 'awareness', envelope: envelopeOf(cast, KIND.awareness) },
    { type: 'gone', document, device: alice.id, session: SESSION },
    { type: 'head', document, head },
    { type: 'refreshed', document, role: 'admin', permissions: 95, expiresAtMs: 1_800_000_300_000 },
    { type: 'closed', document, code: 41_000, retryAfterMs: 0 },
    { type: 'lagged', document, through: 7 },
    { type: 'snapshot-chunk', document, snapshotId, total: 1_000, offset: 990, bytes: counting(10, 0) },
    { type: 'snapshot-taken', document, snapshotId, nextOffset: 1_000 },
    { type: 'restored', document, head, lost: zeroHead() },
    { type: 'restored', document, head, lost: signHead(cast, 12, filled(32, 0xaa)) },
    { type: 'heartbeat', timeMs: 1_800_000_000_000 },
    { type: 'pong', nonce: 0 },
    { type: 'goaway', retryAfterMs: 1_000, jitterMs: 30_000 },
  ]
}

export function clientFrameCases(cast: Cast): ClientFrameCase[] {
  return clientFrames(cast).map((value) => ({ value, bytes: encodeClientFrame(value) }))
}

export function relayFrameCases(cast: Cast): RelayFrameCase[] {
  return relayFrames(cast).map((value) => ({ value, bytes: encodeRelayFrame(value) }))
}

export function frameVectors(cast: Cast): VectorFile {
  const client = clientFrameCases(cast).map(({ value, bytes }, i) =>
    vector(`client: ${value.type} (${i})`, ['FR3'], { from: 'client', frame: value }, { message: bytes }),
  )
  const relay = relayFrameCases(cast).map(({ value, bytes }, i) =>
    vector(`relay: ${value.type} (${i})`, ['FR4'], { from: 'relay', frame: value }, { message: bytes }),
  )
  return {
    about: 'Every frame from client and relay. Byte fields are hexadecimal; an envelope stands as its bytes.',
    vectors: [...client, ...relay],
  }
}
