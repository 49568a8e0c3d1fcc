/**
 * The documents that are open on this device: those of the app, and those that are opened for a moment to let a device in. Rule CL11.
 *
 * @module
 */
import { bytesToBase64url, documentIdOf, MAX_DOCUMENTS_PER_SOCKET, SyncError, type Bytes } from '@y-sealed/protocol'
import type * as Y from 'yjs'
import type { Membership } from '../members/membership.ts'
import { joinedMembership } from '../members/open-membership.ts'
import { loadDocument } from '../members/stored-document.ts'
import type { StorageState } from '../status/sync-status.ts'
import type { DocumentList } from './document-list.ts'
import { DocumentLoans } from './document-loans.ts'
import type { Installation } from './installation.ts'
import { bytesOf, SealedDocument, type SealedDocumentParts } from './sealed-document.ts'
import { whenChangeableWithin } from './when-synced.ts'

/** What a socket takes, less the person's own document and one that is opened for a moment. [FR13] */
export const MAX_OPEN_DOCUMENTS: number = MAX_DOCUMENTS_PER_SOCKET - 2

export class OpenDocuments {
  /** Of the app's documents: who has them. */
  readonly loans: DocumentLoans = new DocumentLoans((id) => this.get(id))
  readonly #installation: Installation
  readonly #onEnd: (document: SealedDocument, code: string) => void
  readonly #documentById = new Map<string, SealedDocument>()
  /** Opened by no app: one that the app opens takes its place. */
  readonly #quietById = new Map<string, SealedDocument>()
  readonly #openingById = new Map<string, Promise<SealedDocument>>()
  /** As the app says; `null` before. */
  #storage: StorageState | null = null

  /** `onEnd` hears of the app's documents alone. */
  constructor(installation: Installation, onEnd: (document: SealedDocument, code: string) => void) {
    this.#installation = installation
    this.#onEnd = onEnd
  }

  /** One of the app's by its id, or `null`. */
  get(id: string): SealedDocument | null {
    return this.#documentById.get(id) ?? null
  }

  /** Where edits of all of them stand, and of those to be opened. [CL22] */
  setStorage(storage: StorageState): void {
    this.#storage = storage
    for (const { provider } of this.#documentById.values()) provider.setStorage(storage)
  }

  /** Throws `TOO_MANY_OPEN` when the app has to close a document first. */
  checkRoom(): void {
    if (this.#documentById.size < MAX_OPEN_DOCUMENTS) return
    throw new SyncError('TOO_MANY_OPEN', `at most ${MAX_OPEN_DOCUMENTS} documents are open at once: close one first`)
  }

  /** Opens what was just made or joined. */
  attach(membership: Membership, doc: Y.Doc | undefined): SealedDocument {
    const id = bytesToBase64url(membership.documentId)
    this.#quietById.get(id)?.close()
    const onEnd = (code: string): void => {
      this.#documentById.delete(id)
      this.#onEnd(document, code)
    }
    const document = this.#create(membership, doc, { onEnd, letGo: () => this.loans.letGo(document) })
    if (this.#storage !== null) document.provider.setStorage(this.#storage)
    this.#documentById.set(id, document)
    return document
  }

  /** Opens one of which this device is a member, or is to be. Two calls at once give one document. Throws `GENESIS_CONFLICT`. */
  async open(genesisHash: Bytes, doc?: Y.Doc): Promise<SealedDocument> {
    const id = bytesToBase64url(documentIdOf(genesisHash))
    const known = this.#documentById.get(id) ?? this.#openingById.get(id)
    if (known !== undefined) return await known
    const opening = this.#join(genesisHash).then((membership) => this.get(id) ?? this.attach(membership, doc))
    this.#openingById.set(id, opening)
    try {
      return await opening
    } finally {
      this.#openingById.delete(id)
    }
  }

  /**
   * Does work in a document once its members can be changed; opens it for this where the app has not. Rejects with why it is closed, and
   * with `OFFLINE` where `timeoutMs` has passed before.
   */
  async withDocument(
    genesisHash: Bytes,
    work: (document: SealedDocument) => Promise<void>,
    timeoutMs: number,
  ): Promise<void> {
    const id = bytesToBase64url(documentIdOf(genesisHash))
    const membership = this.#documentById.has(id) ? null : await this.#join(genesisHash)
    const document = this.#documentById.get(id) ?? this.#attachQuietly(id, membership as Membership)
    try {
      await whenChangeableWithin(document.provider, timeoutMs)
      await work(document)
    } catch (error) {
      const taken = this.#documentById.get(id)
      if (taken === undefined || taken === document) throw error
      // The app has opened it in between.
      await this.withDocument(genesisHash, work, timeoutMs)
    } finally {
      if (this.#quietById.get(id) === document) document.close()
    }
  }

  /** The genesis (32 bytes) of a document that this device knows: pinned, held, or listed; `null` for an unknown one. */
  async genesisOf(id: string, list: DocumentList | null): Promise<Bytes | null> {
    const stored = await loadDocument(this.#installation.keys, bytesOf(id))
    return stored?.genesisHash ?? list?.get(id)?.genesisHash ?? null
  }

  /** Resolves when keys and pins of all that is open are stored. */
  async whenStored(): Promise<void> {
    for (const { provider } of [...this.#documentById.values(), ...this.#quietById.values()]) {
      await provider.membership?.whenStored()
    }
  }

  /** Closes one, also under those who have it. */
  end(document: SealedDocument): void {
    this.loans.revoke(document.id)
    document.close()
  }

  close(): void {
    for (const document of [...this.#documentById.values(), ...this.#quietById.values()]) this.end(document)
  }

  #attachQuietly(id: string, membership: Membership): SealedDocument {
    const onEnd = (): void => {
      if (this.#quietById.get(id) === document) this.#quietById.delete(id)
    }
    const document = this.#create(membership, undefined, { onEnd, letGo: () => true })
    this.#quietById.set(id, document)
    return document
  }

  #create(
    membership: Membership,
    doc: Y.Doc | undefined,
    owner: Pick<SealedDocumentParts, 'letGo' | 'onEnd'>,
  ): SealedDocument {
    const provider = this.#installation.provide(membership, doc)
    return new SealedDocument({ membership, provider, connection: this.#installation.connection, ...owner })
  }

  async #join(genesisHash: Bytes): Promise<Membership> {
    const { device, keys } = this.#installation
    return await joinedMembership({ genesisHash, device, keys })
  }
}
