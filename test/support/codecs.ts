/**
 * Every decoder of bytes from outside, each with its encoder and samples that it accepts: for tests that must hold of all.
 *
 * @module
 */
import {
  concatBytes,
  decodeAttestation,
  decodeAuthoredUpdate,
  decodeAwarenessContent,
  decodeBind,
  decodeCertificate,
  decodeClientFrame,
  decodePart,
  decodePublication,
  decodeQuote,
  decodeRecord,
  decodeRelayFrame,
  decodeSignedHead,
  decodeSnapshot,
  encodeAttestation,
  encodeAuthoredUpdate,
  encodeAwarenessContent,
  encodeBind,
  encodeCertificate,
  encodeClientFrame,
  encodePart,
  encodePublication,
  encodeQuote,
  encodeRecord,
  encodeRelayFrame,
  encodeSignedHead,
  encodeSnapshot,
  readEnvelope,
  writeHeader,
  type Bytes,
  type DecodeResult,
  type Envelope,
} from '@y-sealed/protocol'

import { padContent, unpadContent } from '../../shared/envelope/padding.ts'
import { contentCases } from '../vectors/contents.ts'
import { sealAll } from '../vectors/envelopes.ts'
import { clientFrameCases, relayFrameCases } from '../vectors/frames.ts'
import { recordCases } from '../vectors/records.ts'
import { filled, type Cast } from '../vectors/cast.ts'
import { signHead } from '../vectors/log.ts'

/** What came of reading bytes: what they encode to again, or a fault. */
export type Recoded = { readonly ok: true; readonly bytes: Bytes } | { readonly ok: false; readonly fault: string }

/** One decoder with its encoder. */
export interface Codec {
  readonly name: string
  /** Reads and throws the value away. */
  readonly decode: (bytes: Bytes) => { readonly ok: boolean }
  /** Reads, and writes what was read. */
  readonly recode: (bytes: Bytes) => Recoded
  /** Bytes that it accepts. */
  readonly samples: readonly Bytes[]
}

function codec<Value>(
  name: string,
  samples: readonly Bytes[],
  decode: (bytes: Bytes) => DecodeResult<Value> | { readonly ok: false; readonly fault: string },
  encode: (value: Value) => Bytes,
): Codec {
  return {
    name,
    samples,
    decode,
    recode(bytes) {
      const result = decode(bytes)
      return result.ok ? { ok: true, bytes: encode(result.value) } : result
    },
  }
}

function fromNullable<Value>(value: Value | null): DecodeResult<Value> {
  return value === null ? { ok: false, fault: 'truncated' } : { ok: true, value }
}

function decodeEnvelope(bytes: Bytes): DecodeResult<Envelope> | { readonly ok: false; readonly fault: string } {
  const result = readEnvelope(bytes)
  if (!result.ok) return result
  return result.end === bytes.length ? { ok: true, value: result.envelope } : { ok: false, fault: 'trailing' }
}

/** The envelope again, field by field. */
function encodeEnvelope(envelope: Envelope): Bytes {
  const { kind, document, epoch, device, session, counter, prev, seenSeq, seenTranscript, nonce, sealed } = envelope
  const written = writeHeader({
    kind,
    document,
    epoch,
    device,
    session,
    counter,
    prev,
    seenSeq,
    seenTranscript,
    nonce,
    length: sealed.length,
  })
  return concatBytes(written.subarray(0, 124), sealed, envelope.signature)
}

/** All codecs. libsodium must be ready. */
export function listCodecs(cast: Cast): readonly Codec[] {
  const contents = contentCases(cast)
  const samplesOf = (type: string): readonly Bytes[] =>
    contents.filter((each) => each.type === type).map(({ bytes }) => bytes)
  const bytesOf = (cases: readonly { readonly bytes: Bytes }[]): readonly Bytes[] => cases.map(({ bytes }) => bytes)
  const sealed = sealAll(cast)
  const certificate = encodeCertificate(cast.alice.certificate())
  const head = encodeSignedHead(signHead(cast, 9, filled(32, 0x99)))
  const plaintexts = [0, 60, 61, 300].map((length) => padContent(filled(length, 1)))
  return [
    codec('client frame', bytesOf(clientFrameCases(cast)), decodeClientFrame, encodeClientFrame),
    codec('relay frame', bytesOf(relayFrameCases(cast)), decodeRelayFrame, encodeRelayFrame),
    codec('record', bytesOf(recordCases(cast)), decodeRecord, encodeRecord),
    codec(
      'envelope',
      sealed.map((each) => each.sealed.envelope.bytes),
      decodeEnvelope,
      encodeEnvelope,
    ),
    codec('update', samplesOf('update'), decodeAuthoredUpdate, encodeAuthoredUpdate),
    codec('quote', samplesOf('quote'), decodeQuote, encodeQuote),
    codec('bind', samplesOf('bind'), decodeBind, encodeBind),
    codec('awareness', samplesOf('awareness'), decodeAwarenessContent, encodeAwarenessContent),
    codec('part', samplesOf('part'), decodePart, encodePart),
    codec('publication', samplesOf('publication'), decodePublication, encodePublication),
    codec('attestation', samplesOf('attestation'), decodeAttestation, encodeAttestation),
    codec('snapshot', samplesOf('snapshot'), decodeSnapshot, encodeSnapshot),
    codec('certificate', [certificate], (bytes) => fromNullable(decodeCertificate(bytes)), encodeCertificate),
    codec('signed head', [head], (bytes) => fromNullable(decodeSignedHead(bytes)), encodeSignedHead),
    codec('plaintext', plaintexts, (bytes) => fromNullable(unpadContent(bytes)), padContent),
  ]
}
