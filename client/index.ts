/**
 * y-sealed's client: live collaborative editing on Yjs that the server cannot read.
 *
 * @module
 */
export { verifyForkProof } from './evidence/verify-fork-proof.ts'
export type { Channel, ChannelPort, DownReason, TokenRequest, TokenSource } from './connection/channel.ts'
export { HeadKeyPin } from './connection/head-key-pin.ts'
export { RelayConnection, type RelayConnectionOptions } from './connection/relay-connection.ts'
export type { Socket, SocketConstructor } from './connection/socket.ts'
export type { Authority, DocumentAccess, DocumentRole, Placement } from './document/document-access.ts'
export { createMembersDocument, openMembersDocument } from './document/members-document.ts'
export { sharedKeyDocument, type SharedKeyOptions } from './document/shared-key-document.ts'
export type { DocumentExport } from './export/export-document.ts'
export type { ImportOptions } from './export/import-assembly.ts'
export { importDocument, type ExportedFile } from './export/import-document.ts'
export { ImportedDocument } from './export/imported-document.ts'
export type { Author } from './history/author-book.ts'
export type { DiffPiece } from './history/content-diff.ts'
export {
  SealedHistory,
  type Version,
  type VersionDiff,
  type VersionPage,
  type VersionsOptions,
} from './history/sealed-history.ts'
export type { DocumentLoan } from './documents/document-loans.ts'
export type { InstallationOptions } from './documents/installation.ts'
export type { MemberChange } from './documents/member-change.ts'
export type { DeviceView, LinkView, MemberView } from './documents/member-view.ts'
export type { OwnDevice } from './documents/personal-document.ts'
export { SealedDocument, type DocumentEvents, type InviteOptions, type MadeLink } from './documents/sealed-document.ts'
export {
  SealedDocuments,
  type CreateOptions,
  type DocumentEntry,
  type DocumentsEvents,
  type PairOptions,
  type SealedDocumentsOptions,
} from './documents/sealed-documents.ts'
export {
  openBrowserStorage,
  wipeBrowserStorage,
  type BrowserStorage,
  type BrowserStorageOptions,
} from './indexed-db/browser-storage.ts'
export { persistStorage, readStorageStanding, type StorageStanding } from './indexed-db/persist-storage.ts'
export type { InputGateScope } from './input/input-gate.ts'
export { loadDevice } from './keys/device-identity.ts'
export { createMemoryKeyStore, type KeyStore } from './keys/key-store.ts'
export type { SetAsideEdit } from './drafts/set-aside-list.ts'
export type { EntryRefusal } from './log/document-log.ts'
export type { LinkFragment } from './links/link-fragment.ts'
export { linkKind, type LinkKind } from './links/link-url.ts'
export type { RecordMismatch } from './members/member-desk.ts'
export { Membership, type MemberRecord, type RefusedRecord } from './members/membership.ts'
export {
  createMembership,
  joinedMembership,
  openMembership,
  type JoinedMembershipOptions,
} from './members/open-membership.ts'
export { RecordTools, type Intent, type RotationOptions } from './members/record-tools.ts'
export { sealRecord } from './members/seal-record.ts'
export type { SafetyCode } from './members/safety-code.ts'
export type { SafetyEmoji } from './members/safety-emoji.ts'
export { createMemoryOutbox, type Outbox, type OutboxItem } from './outbox/outbox.ts'
export type { PairingAnswer } from './pairing/pairing-answer.ts'
export type { PairingOffer, PairingRequest } from './pairing/pairing-offer.ts'
export type { IntegrityReport, ProviderEvents, ProviderStatus } from './provider/provider-events.ts'
export type { SealedProviderOptions } from './provider/provider-options.ts'
export type { Compaction, SnapshotPace } from './snapshots/pace.ts'
export { SealedProvider } from './provider/sealed-provider.ts'
export type { SendProblem } from './provider/send-problem.ts'
export type { Recovery } from './recovery/recovery-file.ts'
export type { StorageState, SyncStatus } from './status/sync-status.ts'
export type { DeviceStorage } from './stores/device-storage.ts'
export {
  createMemoryDocumentStore,
  type DocumentStore,
  type StoredEntry,
  type StoredSnapshot,
  type StoredExtent,
} from './stores/document-store.ts'
export { issuerTokens, TokenDeniedError, type FetchJson, type IssuerTokenOptions } from './token/issuer-token.ts'
