/** Opens a note that only those with its link can read, and says honestly how it is. No framework. */
import {
  openBrowserStorage,
  persistStorage,
  SealedDocuments,
  type SealedDocument,
  type SyncStatus,
} from '@y-sealed/client'

const RELAY = 'wss://relay.example'

/** This device: its keys, its unsent edits and its notes, sealed, in IndexedDB. Call it once. */
export async function openDevice(name: string, relay: string = RELAY): Promise<SealedDocuments> {
  return await SealedDocuments.open({ relay, name, storage: await openBrowserStorage() })
}

/** The note of the link in the address bar, or a new one. Bind `note.provider` to an editor: see the recipes beside this one. */
export async function openNote(documents: SealedDocuments, address: Location = location): Promise<SealedDocument> {
  const link = address.href
  if (address.hash.length <= 1) return await documents.createDocument({ name: 'A new note' })
  const note = await documents.openDocument(link)
  // The secret behind the # is in the device's keys now: it need not stand in the address bar.
  history.replaceState(null, '', address.pathname)
  return note
}

/** Keeps an element's text at what may honestly be said. */
export function showStatus(note: SealedDocument, element: HTMLElement): void {
  const show = (status: SyncStatus): void => {
    element.textContent = statusText(status)
  }
  show(note.provider.syncStatus)
  note.provider.on('syncStatus', show)
}

export function statusText(status: SyncStatus): string {
  switch (status.kind) {
    case 'saved':
      return 'Saved'
    case 'syncing':
      return 'Syncing…'
    case 'offline':
      if (status.storage === 'off') return 'Offline · only in this tab'
      return status.isKept ? 'Offline · saved on this device' : 'Offline · saving…'
    case 'view-only':
      return 'View only'
    case 'blocked':
      return `Not sent: ${status.problem.message}`
    case 'set-aside':
      return 'Part of what you wrote cannot be sent; it is kept on this device'
    case 'tampered':
      return 'An update was tampered with, and blocked'
    case 'rolled-back':
      return 'The relay has lost or changed notes: it is not trusted any more, and nothing here was overwritten'
    case 'spoilt':
      return 'What the relay hands over is damaged: none of it was taken, and it is tried again by itself'
    case 'closed':
      break
  }
  return status.reason.reason
}

/** After the first note: asks the browser not to throw away what only this device has. */
export async function keepNotes(documents: SealedDocuments): Promise<void> {
  const { persisted } = await persistStorage()
  documents.setStorage(persisted ? 'kept' : 'evictable')
}
