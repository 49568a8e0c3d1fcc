/**
 * y-sealed's client: live collaborative editing on Yjs that the server cannot read.
 *
 * @module
 */
export type { Channel, ChannelPort, DownReason, TokenRequest, TokenSource } from './connection/channel.ts'
export { HeadKeyPin } from './connection/head-key-pin.ts'
export { RelayConnection, type RelayConnectionOptions } from './connection/relay-connection.ts'
export type { Socket, SocketConstructor } from './connection/socket.ts'
export type { Authority, DocumentAccess, DocumentRole, Placement } from './document/document-access.ts'
export { createMembersDocument, openMembersDocument } from './document/members-document.ts'
export { sharedKeyDocument, type SharedKeyOptions } from './document/shared-key-document.ts'
export { loadDevice } from './keys/device-identity.ts'
export { createMemoryKeyStore, type KeyStore } from './keys/key-store.ts'
export type { EntryRefusal } from './log/document-log.ts'
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
export { createMemoryOutbox, type Outbox, type OutboxItem } from './outbox/outbox.ts'
export type { IntegrityReport, ProviderEvents, ProviderStatus } from './provider/provider-events.ts'
export type { SealedProviderOptions } from './provider/provider-options.ts'
export { SealedProvider } from './provider/sealed-provider.ts'
export type { SendProblem } from './provider/sender.ts'
export { issuerTokens, TokenDeniedError, type FetchJson, type IssuerTokenOptions } from './token/issuer-token.ts'
