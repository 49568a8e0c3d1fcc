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
 * Opens a document by its link or id, and closes it when no component shows it any more. Any number of components, and StrictMode's double
 * mount, share one document and its socket. `failed` carries the error of `SealedDocuments.openDocument`; a component that is mounted anew tries again.
 */
export function useDocument(documents: SealedDocuments, linkOrId: string): DocumentState<SealedDocument> {
  const lease = leases.get(documents, linkOrId, () => ({
    open: () => documents.openDocument(linkOrId),
    close: (document) => document.close(),
    onEnd: (document, listener) => document.once('ended', listener),
  }))
  return useSyncExternalStore(lease.subscribe, lease.read, () => OPENING)
}
