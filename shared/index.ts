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
  readHeader,
  readWholeEnvelope,
  SIGNATURE_BYTES,
  TAG_BYTES,
  writeHeader,
  type EnvelopeFault,
  type EnvelopeResult,
  type Header,
  type HeaderFields,
} from './envelope/envelope.ts'
export { envelopeId, envelopeIdPrefix, PREV_BYTES, prevOf, signatureInput } from './envelope/id.ts'
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
export {
  decodeForkProof,
  encodeForkProof,
  verifyForkProofWith,
  type ForkProof,
  type ForkProofFault,
  type ForkProofVerdict,
} from './log/fork-proof.ts'
export { extendByMark, extendTranscript, MARK_BYTES, startTranscript } from './log/transcript.ts'
export {
  checkPinSet,
  MAX_PINNED_HOSTS,
  MAX_PINS,
  pinsExpireAtMs,
  readPinSet,
  type Pin,
  type PinSet,
  type PinUse,
} from './pins/pin-set.ts'
export { PROTOCOL_VERSION, SOCKET_PATH, SUBPROTOCOL } from './version.ts'
export {
  Authenticator,
  type Authenticity,
  type Author,
  type JudgedEntry,
  type PlacedEntry,
  type SessionHead,
} from './log/authenticator.ts'
export { helloInput, joinInput, roomTokenInput, tokenHash, tokenRequestInput, type TokenRequest } from './auth/proof.ts'
export {
  ALL_PERMISSIONS,
  isPermission,
  packPermissions,
  PERMISSIONS,
  unpackPermissions,
  type Permission,
} from './auth/permission.ts'
export { headKeyInput, isSuccessor, verifyHeadKeyStatement, type HeadKeyStatement } from './log/head-key.ts'
export {
  decodeSignedHead,
  encodeSignedHead,
  headInput,
  provesFork,
  SIGNED_HEAD_BYTES,
  verifySignedHead,
  zeroHead,
  type SignedHead,
} from './log/signed-head.ts'
export {
  CERTIFICATE_BYTES,
  certificateInput,
  decodeCertificate,
  encodeCertificate,
  verifyCertificate,
  type Certificate,
} from './members/certificate.ts'
export { deviceIdOf, ID_BYTES, PUBLIC_KEY_BYTES } from './members/device-id.ts'
export { introductionInput, verifyIntroduction } from './members/introduction.ts'
export { readRoomRestart, type RoomTerms } from './members/room-restart.ts'
export { ROLE, roleOf, type MemberRole, type Role } from './members/role.ts'
export type { AwarenessFrame, GoneFrame } from './wire/awareness-frames.ts'
export { decodeClientFrame, encodeClientFrame, frameDocument, type ClientFrame } from './wire/client-frame.ts'
export type {
  GoawayFrame,
  HeartbeatFrame,
  HelloFrame,
  PingFrame,
  PongFrame,
  WelcomeFrame,
} from './wire/connection-frames.ts'
export type {
  ClosedFrame,
  CloseFrame,
  DeleteFrame,
  HeadFrame,
  OpenedFrame,
  OpenFrame,
  RefreshedFrame,
  RefreshFrame,
} from './wire/document-frames.ts'
export type { DecodeResult, WireFault } from './wire/fault.ts'
export { CLIENT_FRAME, RELAY_FRAME } from './wire/frame-type.ts'
export type { AckFrame, Compaction, NackFrame, PushFrame, PushPartFrame } from './wire/push-frames.ts'
export {
  encodeEntries,
  encodeRecords,
  type EntriesFrame,
  type IdsFrame,
  type LaggedFrame,
  type PlacedRecord,
  type ReadDoneFrame,
  type ReadFrame,
  type ReadIdsFrame,
  type RecordsFrame,
} from './wire/read-frames.ts'
export type { RestoredFrame, RestoreFrame, ShowHeadFrame, ShowIdsFrame } from './wire/restore-frames.ts'
export { Reader } from './wire/reader.ts'
export { decodeRelayFrame, encodeRelayFrame, type RelayFrame } from './wire/relay-frame.ts'
export type {
  PutSnapshotFrame,
  ReadSnapshotFrame,
  SnapshotChunkFrame,
  SnapshotTakenFrame,
} from './wire/snapshot-frames.ts'
export { decodeUtf8, encodeUtf8 } from './wire/utf8.ts'
export { Writer } from './wire/writer.ts'
export {
  documentIdOf,
  genesisHash,
  MODE,
  SUITE,
  type Genesis,
  type MembersGenesis,
  type Mode,
  type RoomGenesis,
} from './members/genesis.ts'
export {
  decodeRecord,
  encodeRecord,
  RECORD,
  type RecordBody,
  type RecordFields,
  type RecordType,
} from './members/record.ts'
export type {
  AddFields,
  EpochFields,
  JoinFields,
  LinkFields,
  RemoveFields,
  RestartFields,
  RevokeLinkFields,
  RewrapFields,
  RoleFields,
} from './members/record-fields.ts'
export { BACK_LINK_BYTES, packDevices, packWraps, WRAP_BYTES, type Rotation } from './members/rotation.ts'
export { SEALED_NAME_BYTES } from './members/sealed-name.ts'
export { isAtLeast, type RecordRefusal, type RoleChanges } from './members/judge-record.ts'
export { endsLink } from './members/ended-links.ts'
export { MemberLog, type CountedRecord, type RecordVerdict } from './members/member-log.ts'
export type { Epoch, LiveLink, Member, MemberDevice, Members, NameInRecord, RecordPlace } from './members/members.ts'
export {
  exportDamaged,
  MAX_EXPORT_PART_BYTES,
  type ExportHeader,
  type ExportPart,
  type SnapshotPiece,
} from './export/export-part.ts'
export { ExportReader, ExportWriter } from './export/export-stream.ts'
export { SortedRows, type Row, type RowShape } from './wire/sorted-rows.ts'
export {
  decodeAttestation,
  encodeAttestation,
  type AttestationBody,
  type Verdict,
} from './envelope/content/attestation.ts'
export { decodeAwarenessContent, encodeAwarenessContent, type AwarenessContent } from './envelope/content/awareness.ts'
export { decodeBind, encodeBind, type BindContent } from './envelope/content/bind.ts'
export {
  AUTHORED_BYTES,
  decodeAuthoredUpdate,
  encodeAuthoredUpdate,
  type AuthoredUpdate,
} from './envelope/content/update.ts'
export { decodeQuote, encodeQuote, isQuote, quotedBytes, type QuoteContent } from './envelope/content/quote.ts'
export { decodePart, encodePart, type PartContent } from './envelope/content/part.ts'
export { decodePublication, encodePublication, type PublicationBody } from './envelope/content/publication.ts'
export {
  decodeSnapshot,
  encodeSnapshot,
  encodeSnapshotContext,
  packBindings,
  packIntroduced,
  packPublications,
  packSessions,
  readPublication,
  readSession,
  type PublishedSnapshot,
  type SessionStanding,
  type SessionState,
  type SnapshotContent,
  type SnapshotContext,
  type SnapshotStanding,
} from './envelope/content/snapshot.ts'
