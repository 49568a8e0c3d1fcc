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
import type { InputGateScope } from '../input/input-gate.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { StorageState } from '../status/sync-status.ts'
import type { Compaction, SnapshotPace } from '../snapshots/pace.ts'
import type { DocumentStore } from '../stores/document-store.ts'
import type { Tabs } from '../stores/tabs.ts'

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
  /**
   * Hold remote edits while an input method composes and around taps and caret keys: on the whole page (default), within an element, or not.
   * Without a page, as under Node, it does nothing. [CL20]
   */
  readonly inputGate?: InputGateScope
  /** Where edits stand that no relay has, for `syncStatus`: `kept` with an outbox of one's own, else `off`. [CL22] */
  readonly storage?: StorageState
  /**
   * Where the sealed log is kept, with the newest head that the relay has signed for it: the document opens without a relay, only what is new
   * is asked for, and a relay that was rolled back is noticed. Defaults to memory. [CL13] [LO6]
   */
  readonly store?: DocumentStore
  /** The other tabs that share this device's storage: each hears at once what another has read. [CL16] */
  readonly tabs?: Tabs
  /**
   * When this device makes snapshots for everybody to open from: as soon as the relay asks (default), only when it is urgent (`now`: phones), or
   * `never`.
   */
  readonly compaction?: Compaction
  /** How long it waits for others to do so. */
  readonly snapshotPace?: Partial<SnapshotPace>
  /**
   * Keep all of the log in `store`, so that its whole history is on this device, and a relay that came back from an old backup can be given all that
   * it lacks; false: what follows the older of two snapshots that others vouch for and that this device can open, and the records. Default true with
   * a `store`, false in memory. 20 000 edits of a letter each are 5.4 MB sealed, about 10 MB in Chromium's IndexedDB, and 20 kB once they are
   * trimmed. [CL13] [CL40] [HI2] [LO14]
   */
  readonly keepLog?: boolean
  /** Tokens for this document; defaults to the connection's source. */
  readonly token?: TokenSource
}
