/**
 * The y-sealed protocol without keys: what clients and relays both know. Sealing, opening and keys are in
 * `@y-sealed/protocol/sealing`.
 *
 * @module
 */
export {
  base64urlToBytes,
  bytesToBase64url,
  bytesToHex,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  isZero,
  toBytes,
  type Bytes,
} from './bytes.ts'
export { frameFields, HASH_BYTES, hashFields, type Label, type Sha512 } from './crypto/hash.ts'
export { verifySignature } from './crypto/signature.ts'
export { cryptoReady, sodiumSha512 } from './crypto/sodium.ts'
export {
  Envelope,
  ENVELOPE_BYTES,
  HEADER_BYTES,
  NONCE_BYTES,
  OFFSET,
  readEnvelope,
  readWholeEnvelope,
  SIGNATURE_BYTES,
  TAG_BYTES,
  writeHeader,
  type EnvelopeFault,
  type EnvelopeResult,
  type HeaderFields,
} from './envelope/envelope.ts'
export { envelopeId, PREV_BYTES, prevOf, signatureInput } from './envelope/id.ts'
export { isClearKind, isLogKind, KIND, kindName, maxSealedBytes, type Kind, type KindName } from './envelope/kind.ts'
export { isPaddedLength, maxContentBytes, padLength } from './envelope/padding.ts'
export {
  CLOSE_CODES,
  isTransientClose,
  OpenError,
  refusalOf,
  RefusedError,
  REFUSALS,
  SyncError,
  type CloseCode,
  type RefusalCode,
  type Retry,
} from './errors.ts'
export * from './limits.ts'
export { extendTranscript, startTranscript } from './log/transcript.ts'
export { PROTOCOL_VERSION, SOCKET_PATH, SUBPROTOCOL } from './version.ts'
export {
  Authenticator,
  type Authenticity,
  type Author,
  type JudgedEntry,
  type PlacedEntry,
  type SessionHead,
} from './log/authenticator.ts'
