/**
 * A document out of a file: what it shows, and its history. It can be read and not written, for no relay is there; a device that is a member
 * opens the same document as itself. Rule EX5.
 *
 * @module
 */
import { bytesToBase64url, documentIdOf, equalBytes, SyncError, type Bytes, type SignedHead } from '@y-sealed/protocol'
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
  readonly #log: DocumentLog
  readonly #store: DocumentStore

  constructor({ access, doc, log, edits, store, signed }: ImportedParts) {
    const { documentId, genesisHash } = access
    this.id = bytesToBase64url(documentIdOf(genesisHash))
    this.genesisHash = genesisHash
    this.doc = doc
    this.membership = access instanceof Membership ? access : null
    this.seq = log.head.seq
    this.signed = signed
    this.#log = log
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
   * The head up to which the relay with this head key has signed the log whole, from the first entry on: so far it is what that relay had, whoever
   * made the file. `null` where that is none of it: a file without such a head, and one that begins behind a snapshot, of which its members vouch.
   */
  coveredBy(headKey: Bytes): SignedHead | null {
    const { signed } = this
    return this.#log.baseSeq === 0 && signed !== null && equalBytes(signed.headKey, headKey) ? signed.head : null
  }

  /** First 16 bytes of T at a place; `null` where the file does not say. */
  transcriptAt(seq: number): Bytes | null {
    return this.#log.transcriptAt(seq)
  }

  /**
   * Gives its sealed log up to a head to a store, with that. Rejects with `FORK` where the store keeps another entry at a place: nothing is
   * overwritten.
   */
  async copyTo(store: DocumentStore, head: SignedHead): Promise<void> {
    const document = documentIdOf(this.genesisHash)
    for (let seq = 0; seq < head.seq;) {
      const page = await this.#store.read(document, seq + 1, PAGE_BYTES)
      if (page.length === 0) throw new SyncError('LOG_GAP', 'the file is not kept any more')
      const covered = page.filter((entry) => entry.seq <= head.seq)
      await store.append(document, covered)
      seq = covered.at(-1)?.seq ?? head.seq
    }
    await store.append(document, [], head)
  }

  /** Its versions, to be read and compared. */
  history(): SealedHistory {
    return this.#history
  }
}
