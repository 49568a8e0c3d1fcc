/**
 * A sealed document under a foreign provider's Y.Doc: the same {@link OpenDocument} that a SealedProvider has, whose edits are taken from
 * that Doc and fed to it with the foreign provider as their origin. There is no second copy of the document, and none of the provider's
 * own messages is needed for its content. Rules CL5, CL6, CL60, CL61.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { encodeStateVector, type Doc, type Transaction } from 'yjs'
import type { DownReason, TokenSource } from '../connection/channel.ts'
import type { DocumentAccess } from '../document/document-access.ts'
import type { InputGateScope } from '../input/input-gate.ts'
import { OpenDocument } from '../provider/open-document.ts'
import type { Emit, ProviderEvents } from '../provider/provider-events.ts'
import { AdaptedPresence } from './adapted-presence.ts'
import type { AdapterReports } from './adapter-options.ts'
import type { Berth } from './relay-pool.ts'

/** Is told what becomes of a document. */
export interface Keeper {
  /** History is verified, decrypted, and ready to be fed. */
  opened(): void
  /** Not open any more, for now or for good. */
  down(reason: DownReason): void
  /** Others' presence, as an awareness update. */
  presence(update: Bytes): void
  /** Edits are saved, or what may be done is different. */
  changed(): void
  /** The relay is there. */
  beat(): void
  /** The Y.Doc is destroyed. */
  gone(): void
}

export interface AdaptedDocumentParts {
  readonly doc: Doc
  readonly access: DocumentAccess
  readonly token: TokenSource
  readonly berth: Berth
  readonly keeper: Keeper
  readonly options: AdapterReports & { readonly inputGate?: InputGateScope }
}

/** No transaction has it as its origin. */
const NOBODY = Symbol('nobody')

export class AdaptedDocument {
  readonly #doc: Doc
  readonly #document: OpenDocument
  readonly #presence: AdaptedPresence
  readonly #berth: Berth
  readonly #reports: AdapterReports
  readonly #keeper: Keeper
  readonly #beat: () => void
  readonly #onDocDestroy: () => void
  /** The foreign provider, once it has shown itself. */
  #origin: unknown = NOBODY
  #taken = 0
  /** Edits made after the app has closed its provider: they leave with the next, if one comes. */
  #aside: Bytes[] | null = null
  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this.#origin) return
    if (this.#aside === null) this.#take(update as Bytes)
    else this.#aside.push(update as Bytes)
  }

  constructor({ doc, access, token, berth, keeper, options }: AdaptedDocumentParts) {
    this.#doc = doc
    this.#berth = berth
    this.#reports = options
    this.#keeper = keeper
    this.#beat = () => keeper.beat()
    this.#onDocDestroy = () => keeper.gone()
    this.#presence = new AdaptedPresence(doc.clientID, (update) => keeper.presence(update))
    this.#document = new OpenDocument({
      doc,
      access,
      token,
      connection: berth.connection,
      outbox: berth.outbox,
      store: berth.store,
      awareness: this.#presence.awareness,
      emit: this.#createEmit(),
      origin: this,
      editOrigin: () => this.#origin,
      inputGate: options.inputGate ?? true,
    })
    // History waits until there is a provider to bear it as its origin.
    this.#document.gate.hold('adapter')
    doc.on('updateV2', this.#onUpdate)
    doc.on('destroy', this.#onDocDestroy)
    berth.connection.on('heartbeat', this.#beat)
  }

  /** All that the relay had at opening is verified and decrypted. [CL6] */
  get isOpen(): boolean {
    return this.#document.line.synced
  }

  get readOnly(): boolean {
    return this.#document.standing.readOnly
  }

  /** Local edits that are not saved. [CL6] */
  get unsaved(): number {
    return this.#document.own.unsaved
  }

  /** There is a provider, or will be. */
  connect(): void {
    const aside = this.#aside ?? []
    this.#aside = null
    for (const update of aside) this.#take(update)
    this.#document.line.connect()
  }

  /**
   * Learns who the provider is, by a message of `deliver` at which it begins a transaction, and feeds what has waited. False where it began
   * none in this Doc: then it has another. [CL61]
   */
  meet(deliver: () => void): boolean {
    let isMet = false
    const learn = ({ origin }: Transaction): void => {
      if (!isMet) this.#origin = origin
      isMet = true
    }
    this.#doc.on('beforeTransaction', learn)
    deliver()
    this.#doc.off('beforeTransaction', learn)
    if (isMet) this.#document.gate.release('adapter')
    return isMet
  }

  /**
   * There is no provider: others' edits wait, and nobody is shown. Edits are taken on where it `isExpected` back; where the app has closed it,
   * those made from now on are not its own to send.
   */
  part(isExpected: boolean): void {
    this.#document.gate.hold('adapter')
    this.#origin = NOBODY
    this.#presence.hide()
    this.#document.flush()
    if (!isExpected) this.#aside ??= []
  }

  /** It was closed for good, and its provider has been told: edits are still taken, and nothing more is asked of the relay. */
  rest(): void {
    this.part(true)
    this.#document.disconnect()
  }

  /** What the provider says of presence; only its own client's counts. [CL62] */
  takePresence(update: Uint8Array): void {
    this.#presence.takeOwn(update)
  }

  /** Everybody else, as an awareness update. */
  othersPresence(): Bytes {
    return this.#presence.others()
  }

  /** Of the Y.Doc as it is now. */
  stateVector(): Uint8Array {
    return encodeStateVector(this.#doc)
  }

  /** Stands for every edit made so far. */
  ticket(): number {
    return this.#taken
  }

  /** All edits for which the ticket stands are saved: edits are saved in the order in which they were made. [CL6] */
  isSaved(ticket: number): boolean {
    return this.unsaved <= this.#taken - ticket
  }

  /** Sealed edits that are not acknowledged stay in the outbox, others in the Doc. */
  destroy(): void {
    this.#doc.off('updateV2', this.#onUpdate)
    this.#doc.off('destroy', this.#onDocDestroy)
    this.#berth.connection.off('heartbeat', this.#beat)
    this.#document.destroy()
    this.#presence.destroy()
    this.#berth.leave()
  }

  #take(update: Bytes): void {
    this.#taken += 1
    this.#document.take(update)
  }

  #createEmit(): Emit {
    const reports = this.#reports
    const keeper = this.#keeper
    const reactions: { [Name in keyof ProviderEvents]?: ProviderEvents[Name] } = {
      synced: (isSynced) => {
        if (isSynced) keeper.opened()
      },
      'connection-close': (reason) => {
        if (reason.transient) keeper.down(reason)
      },
      closed: (reason) => keeper.down(reason),
      role: () => keeper.changed(),
      unsyncedChanges: (count) => {
        keeper.changed()
        reports.onUnsyncedChanges?.(count)
      },
      problem: (problem) => reports.onProblem?.(problem),
      integrity: (report) => reports.onIntegrity?.(report),
    }
    return (name, args) => (reactions[name] as ((...given: typeof args) => void) | undefined)?.(...args)
  }
}
