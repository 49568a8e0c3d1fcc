/**
 * What an open document gives of its past: a history to read, and a file of all of it. Rules HI1, EX1.
 *
 * @module
 */
import type * as Y from 'yjs'
import type { RelayConnection } from '../connection/relay-connection.ts'
import type { DocumentAccess } from '../document/document-access.ts'
import { exportDocument, type DocumentExport } from '../export/export-document.ts'
import { SealedHistory } from '../history/sealed-history.ts'
import type { OpenDocument } from './open-document.ts'

/** A relay signs a second after the last edit. */
const HEAD_PATIENCE_MS = 2_500

export interface PastSource {
  readonly access: DocumentAccess
  readonly connection: RelayConnection
  readonly doc: Y.Doc
  readonly document: OpenDocument
}

export function createHistory({ access, doc, document }: PastSource): SealedHistory {
  const { log, edits, sealed } = document.history
  return new SealedHistory({
    access,
    log,
    edits,
    source: sealed,
    doc,
    membership: document.membership,
    ownDevice: () => document.deviceId,
    isReadOnly: () => document.standing.readOnly,
  })
}

/** Rejects with `NOT_LOADED` where nothing of the document is on this device yet. */
export async function exportPast({ access, connection, document }: PastSource): Promise<DocumentExport> {
  const { history, membership } = document
  // Who imports the file keeps what the relay has signed, which it does once a document is quiet. [EX5]
  if (history.follower.isOpen) await history.whenSigned(HEAD_PATIENCE_MS)
  const { signedHead: head } = history
  const { unsaved } = document.own
  await history.whenKept()
  const { headKey } = connection
  return exportDocument({
    access,
    epochs: membership?.members.epochs.map(({ epoch }) => epoch) ?? [1],
    place: history.log.head,
    signed: head !== null && headKey !== null ? { head, headKey } : null,
    store: history.store,
    unsaved,
  })
}
