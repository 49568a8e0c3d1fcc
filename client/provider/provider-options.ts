/**
 * What a provider is made of.
 *
 * @module
 */
import type { Awareness } from 'y-protocols/awareness'
import type { Doc } from 'yjs'
import type { TokenSource } from '../connection/channel.ts'
import type { RelayConnection } from '../connection/relay-connection.ts'
import type { DocumentAccess } from '../document/document-access.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { Outbox } from '../outbox/outbox.ts'

export interface SealedProviderOptions {
  readonly connection: RelayConnection
  readonly access: DocumentAccess
  readonly doc: Doc
  /** Defaults to a new one for `doc`. */
  readonly awareness?: Awareness
  /** Connect at once (default true). */
  readonly connect?: boolean
  /** Where sealed, unacknowledged edits are kept; defaults to memory. */
  readonly outbox?: Outbox
  /** Where the relay's newest head is remembered between runs, so that a relay that was rolled back is noticed; by default it is not. */
  readonly heads?: KeyStore
  /** Tokens for this document; defaults to the connection's source. */
  readonly token?: TokenSource
}
