/**
 * A document of a person, open for as long as a component shows it.
 *
 * @module
 */
import { useSyncExternalStore } from 'react'
import type { SealedDocument } from '../documents/sealed-document.ts'
import type { SealedDocuments } from '../documents/sealed-documents.ts'
import { Leases, OPENING, type DocumentState } from './document-lease.ts'

const leases = new Leases<SealedDocuments, SealedDocument>()

/**
 * Borrows a document by its link or id, and closes it a second after no component shows it any more, unless another has borrowed it then; one that
 * the app has opened or made by itself is closed as well: whoever shows it takes it over. Any number of components, and StrictMode's double
 * mount, share one document and its socket. `failed` carries the error of `SealedDocuments.openDocument`; a component that is mounted anew tries again.
 */
export function useDocument(documents: SealedDocuments, linkOrId: string): DocumentState<SealedDocument> {
  const lease = leases.get(documents, linkOrId, async () => {
    const { document, giveBack } = await documents.borrowDocument(linkOrId)
    return {
      opened: document,
      close: () => {
        giveBack()
        document.close()
      },
      onEnd: (listener) => document.once('ended', listener),
    }
  })
  return useSyncExternalStore(lease.subscribe, lease.read, () => OPENING)
}
