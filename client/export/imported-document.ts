/**
 * A document out of a file: what it shows, and its history. It can be read and not written, for no relay is there; a device that is a member
 * opens the same document as itself. Rule EX5.
 *
 * @module
 */
import { bytesToBase64url, documentIdOf, type Bytes, type SignedHead } from '@y-sealed/protocol'
import type * as Y from 'yjs'
import type { DocumentAccess } from '../document/document-access.ts'
import type { EditTable } from '../history/edit-table.ts'
import { SealedHistory } from '../history/sealed-history.ts'
import { storedLog } from '../history/sealed-log.ts'
import type { DocumentLog } from '../log/document-log.ts'
import { Membership } from '../members/membership.ts'
import { Workbench } from '../snapshots/workbench.ts'
import type { DocumentStore } from '../stores/document-store.ts'

const PAGE_BYTES = 1_048_576

export interface ImportedParts {
  readonly access: DocumentAccess
  readonly doc: Y.Doc
  readonly log: DocumentLog
  readonly edits: EditTable
  readonly store: DocumentStore
  readonly signed: { readonly head: SignedHead; readonly headKey: Bytes } | null
}

/** Made by `importDocument`. */
export class ImportedDocument {
  /** base64url of the 16 bytes that name the document on the wire. */
  readonly id: string
  /** 32 bytes. */
  readonly genesisHash: Bytes
  /** As of the end of the file. Edits in it go nowhere. */
  readonly doc: Y.Doc
  /** Its members as of the end of the file; `null` in `shared-key` mode. */
  readonly membership: Membership | null
  /** Place of the last entry in the file. */
  readonly seq: number
  /** The head that a relay has signed for it, and by which key (32 bytes). */
  readonly signed: ImportedParts['signed']
  readonly #history: SealedHistory
  readonly #store: DocumentStore

  constructor({ access, doc, log, edits, store, signed }: ImportedParts) {
    const { documentId, genesisHash } = access
    this.id = bytesToBase64url(documentIdOf(genesisHash))
    this.genesisHash = genesisHash
    this.doc = doc
    this.membership = access instanceof Membership ? access : null
    this.seq = log.head.seq
    this.signed = signed
    this.#store = store
    const bench = new Workbench({ access, store, whenKept: () => Promise.resolve() })
    this.#history = new SealedHistory({
      access,
      log,
      edits,
      source: storedLog({
        store,
        documentId,
        whenKept: () => Promise.resolve(),
        snapshotUpTo: (seq) => bench.newest(seq),
      }),
      doc,
      membership: this.membership,
      ownDevice: () => this.membership?.device.id ?? null,
      isReadOnly: () => true,
    })
  }

  /**
   * Gives its sealed log to a store, with the head where it is given. Rejects with `FORK` where the store keeps another entry at a place:
   * nothing is overwritten.
   */
  async copyTo(store: DocumentStore, head?: SignedHead): Promise<void> {
    const document = documentIdOf(this.genesisHash)
    const { baseSeq } = await this.#store.extent(document)
    const base = (await this.#store.snapshots(document)).find(({ seq }) => seq === baseSeq)
    if (base !== undefined && (await store.extent(document)).lastSeq < baseSeq) {
      const records = (await this.#store.records(document)).filter(({ seq }) => seq <= baseSeq)
      await store.putSnapshot(document, base, records)
    }
    for (let seq = baseSeq; seq < this.seq;) {
      const page = await this.#store.read(document, seq + 1, PAGE_BYTES)
      await store.append(document, page)
      seq = page.at(-1)?.seq ?? this.seq
    }
    if (head !== undefined) await store.append(document, [], head)
  }

  /** Its versions, to be read and compared. */
  history(): SealedHistory {
    return this.#history
  }
}
