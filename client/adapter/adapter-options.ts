/**
 * What the adapters are given, and what they refuse at once. Rules KM13, CL60.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { SocketConstructor } from '../connection/socket.ts'
import type { TokenSource } from '../connection/channel.ts'
import type { DocumentAccess } from '../document/document-access.ts'
import type { InputGateScope } from '../input/input-gate.ts'
import type { IntegrityReport } from '../provider/provider-events.ts'
import type { SendProblem } from '../provider/send-problem.ts'
import type { DeviceStorage } from '../stores/device-storage.ts'
import type { FetchJson } from '../token/issuer-token.ts'

/** What the foreign provider has no event for. */
export interface AdapterReports {
  /** Edits that no relay has acknowledged from disk yet; 0 is "saved". [CL6] */
  readonly onUnsyncedChanges?: (count: number) => void
  /** Edits cannot leave now, or the set-up is refused; edits are kept. */
  readonly onProblem?: (problem: SendProblem) => void
  /** The relay does not tell the truth, or somebody's program is broken. [LO6] */
  readonly onIntegrity?: (report: IntegrityReport) => void
}

/** What `openBrowserStorage` and `openNodeStorage` give, or keys alone: the rest is in memory then. */
export type AdapterStorage = Pick<DeviceStorage, 'keys'> & Partial<DeviceStorage>

export interface AdapterOptions extends AdapterReports {
  /**
   * Defaults to the browser's IndexedDB, and to memory where there is none: then a device is a new one in each run, and edits that were not
   * saved end with it.
   */
  readonly storage?: AdapterStorage | Promise<AdapterStorage>
  /**
   * Hold others' edits while an input method composes and around taps and caret keys: on the whole page (default), within an element, or not.
   * [CL20]
   */
  readonly inputGate?: InputGateScope
  /** An invitation, where the relay lets only invited devices make documents. */
  readonly invite?: string
  /** Under Node 20: the one from `@y-sealed/client/node`. */
  readonly WebSocket?: SocketConstructor
  readonly fetch?: FetchJson
}

/** `shared-key` mode: 32 random bytes, which with the provider's room or document name are the document. */
export interface ByKey {
  readonly key: Bytes
  readonly document?: never
}

/** A document that is opened otherwise, such as one with members. */
export interface ByDocument {
  readonly document: DocumentAccess | Promise<DocumentAccess>
  readonly key?: never
}

/** Tokens for one document; defaults to the relay's own issuer. Never in a URL. */
export interface WithToken {
  readonly token?: TokenSource
}

/** Throws `TypeError` for what would only fail later, in a place where nobody looks. */
export function checkSecret({ key, document }: Partial<ByKey> | Partial<ByDocument>): void {
  if ((key === undefined) === (document === undefined)) throw new TypeError('give either `key` or `document`')
  if (key === undefined) return
  if (!((key as unknown) instanceof Uint8Array)) {
    throw new TypeError('`key` is 32 random bytes: a password or any other text is no key')
  }
  if (key.length !== 32) throw new TypeError(`\`key\` is exactly 32 random bytes, not ${key.length}`)
}

/** What is promised may fail before anybody has connected: it is told then, as the close of the socket. */
export function expectLater(...promised: readonly unknown[]): void {
  for (const each of promised) if (each instanceof Promise) each.catch(() => undefined)
}

/** Throws `TypeError` for what is no Y.Doc. */
export function checkDoc(doc: unknown): void {
  const isDoc = typeof doc === 'object' && doc !== null && 'store' in doc && 'clientID' in doc
  if (!isDoc) throw new TypeError('`doc` is the Y.Doc that the provider is given: pass the same one here')
}
