/**
 * Inputs as large and as finely divided as each decoder takes, and inputs that claim more than they bring.
 *
 * @module
 */
import {
  encodeAwarenessContent,
  encodeClientFrame,
  encodeEntries,
  encodeRecord,
  encodeRecords,
  encodeRelayFrame,
  encodeSnapshot,
  KIND,
  packBindings,
  packDevices,
  packIntroduced,
  packPublications,
  packSessions,
  packWraps,
  type Bytes,
  type Envelope,
  type Kind,
} from '@y-sealed/protocol'

import { sealUnderNonce } from '../../shared/sealing/seal.ts'
import { counting, filled, SESSION, type Cast } from '../vectors/cast.ts'
import { contents } from '../vectors/envelopes.ts'
import { envelopesByKind, relayFrameCases } from '../vectors/frames.ts'
import { stateHeadKey } from '../vectors/log.ts'

/** An input for the decoder of that name. */
export interface LargeInput {
  readonly codec: string
  readonly what: string
  readonly bytes: Bytes
}

function sealMany(cast: Cast, kind: Kind, count: number, content: Bytes): Envelope[] {
  return Array.from({ length: count }, (_, i) => {
    const prev = i === 0 ? new Uint8Array(16) : filled(16, 9)
    const fields = { kind, document: cast.document, session: SESSION, counter: i + 1, prev, seenSeq: 0, content }
    const nonce = kind === KIND.record || kind === KIND.attestation ? new Uint8Array(24) : counting(24, 1)
    return sealUnderNonce({ ...fields, seenTranscript: new Uint8Array(16) }, cast.first, cast.alice, nonce).envelope
  })
}

function manyIds(count: number): Bytes[] {
  return Array.from({ length: count }, (_, i) => Uint8Array.from([i >> 16, (i >> 8) & 255, i & 255, ...filled(13, 1)]))
}

function clientInputs(cast: Cast): LargeInput[] {
  const { document } = cast
  const envelopes = sealMany(cast, KIND.update, 64, filled(10, 1))
  const large = sealMany(cast, KIND.record, 1, filled(130_884, 1))
  const parts = sealMany(cast, KIND.bind, 250, contents(cast)[KIND.bind])
  const zeros = { cursorSeq: 0, cursorTranscript: filled(32, 0), recordHead: filled(32, 0) }
  const list = [
    ['64 small updates', encodeClientFrame({ type: 'push', envelopes })],
    ['the largest record', encodeClientFrame({ type: 'push', envelopes: large })],
    ['250 entries given back', encodeClientFrame({ type: 'restore', seq: 1, envelopes: parts.slice(0, 230) })],
    ['a token of 4096 letters', encodeClientFrame({ type: 'open', document, token: 'x'.repeat(4_096), ...zeros })],
    [
      'a token of 1024 astral signs',
      encodeClientFrame({ type: 'open', document, token: '🎈'.repeat(1_024), ...zeros }),
    ],
  ] as const
  return list.map(([what, bytes]) => ({ codec: 'client frame', what, bytes }))
}

function relayInputs(cast: Cast): LargeInput[] {
  const { document } = cast
  const attestation = envelopesByKind(cast).get(KIND.attestation)!.bytes
  const tiny = sealMany(cast, KIND.record, 1, Uint8Array.of(1))[0]!.bytes
  const records = Array.from({ length: 5_000 }, (_, i) => ({ seq: i + 1, envelope: tiny }))
  const welcome = relayFrameCases(cast).find(({ value }) => value.type === 'welcome')!.value
  const nack = relayFrameCases(cast).find(({ value }) => value.type === 'nack')!.value
  const list: (readonly [string, Bytes])[] = [
    ['4000 of the smallest entries', encodeEntries(1, Array<Bytes>(4_000).fill(attestation))],
    ['5000 of the smallest records', encodeRecords(document, true, records)],
    ['10 000 marks', encodeRelayFrame({ type: 'ids', document, seq: 1, ids: filled(960_000, 7) })],
  ]
  if (welcome.type === 'welcome') {
    const headKeyStatements = Array.from({ length: 16 }, () => stateHeadKey(cast))
    list.push(['16 statements', encodeRelayFrame({ ...welcome, headKeyStatements })])
  }
  if (nack.type === 'nack') list.push(['an attachment', encodeRelayFrame({ ...nack, attachment: filled(131_080, 1) })])
  return list.map(([what, bytes]) => ({ codec: 'relay frame', what, bytes }))
}

function otherInputs({ bob }: Cast): LargeInput[] {
  const rotation = {
    epoch: 2,
    commitment: filled(32, 1),
    backLink: filled(72, 1),
    wraps: packWraps(manyIds(1_000).map((id) => [id, filled(80, 1)])),
  }
  const record = encodeRecord({
    recordPrev: filled(32, 1),
    type: 'remove',
    devices: packDevices(manyIds(1_000)),
    rotation,
  })
  const ids = manyIds(20_000)
  const sessions = packSessions(
    ids.map((device) => ({
      device,
      session: SESSION,
      counter: 1,
      seq: 1,
      id: filled(32, 1),
      standing: 'live' as const,
    })),
  )
  const parts = {
    transcript: filled(32, 1),
    recordHead: filled(32, 1),
    devices: packIntroduced([]),
    publications: packPublications([]),
    authoredAt: 0,
    state: new Uint8Array(0),
  }
  const bindings = packBindings(ids.map((_, i) => [i, bob.id]))
  const awareness = { clientId: 1, clock: 1, introduction: null, head: null }
  return [
    { codec: 'record', what: '1000 removals and wraps', bytes: record },
    {
      codec: 'snapshot',
      what: '20 000 sessions',
      bytes: encodeSnapshot({ ...parts, sessions, bindings: packBindings([]) }),
    },
    {
      codec: 'snapshot',
      what: '20 000 bindings',
      bytes: encodeSnapshot({ ...parts, sessions: packSessions([]), bindings }),
    },
    {
      codec: 'awareness',
      what: 'a long state',
      bytes: encodeAwarenessContent({ ...awareness, state: 'é'.repeat(1_024) }),
    },
  ]
}

/** Lengths and counts as large as their fields, over few bytes. */
function hollowInputs(cast: Cast): LargeInput[] {
  const put = (length: number, at: number, ...values: readonly number[]): Bytes => {
    const bytes = new Uint8Array(length)
    bytes.set(values, at)
    return bytes
  }
  const nack = put(60, 0, 0x88)
  nack.set([0, 2, 0, 8], 48)
  const update = envelopesByKind(cast).get(KIND.update)!.bytes.slice()
  new DataView(update.buffer).setUint32(120, 47_120)
  return [
    { codec: 'relay frame', what: 'an attachment of 131 080 that is not there', bytes: nack },
    {
      codec: 'client frame',
      what: 'a token of 4096 that is not there',
      bytes: Uint8Array.from([2, ...filled(16, 1), 16, 0]),
    },
    { codec: 'client frame', what: 'an envelope of 47 KB that is not there', bytes: Uint8Array.from([6, ...update]) },
    { codec: 'record', what: '1000 removals that are not there', bytes: put(60, 0, 7, ...filled(32, 1), 3, 232) },
    {
      codec: 'snapshot',
      what: '2^32 − 1 sessions that are not there',
      bytes: put(60, 0, 1, ...filled(32, 1), ...filled(4, 255)),
    },
    { codec: 'envelope', what: '47 KB that are not there', bytes: update },
  ]
}

export function largeInputs(cast: Cast): readonly LargeInput[] {
  return [...clientInputs(cast), ...relayInputs(cast), ...otherInputs(cast), ...hollowInputs(cast)]
}
