/**
 * How devices come to the document of a test full of chaos, in either trust mode.
 *
 * @module
 */
import {
  issuerTokens,
  loadDevice,
  RelayConnection,
  SealedDocuments,
  SealedProvider,
  type DocumentAccess,
  type Membership,
  type SealedDocument,
} from '@y-sealed/client'
import { nodeFetchJson } from '@y-sealed/client/node'
import * as Y from 'yjs'

import type { Opened, Opener, Seat } from './seat.ts'
import type { Tab } from './tab.ts'

const PACE = { electionMs: 50, attestationMs: 150, idleMs: 1_000 }

/** With a shared key: the provider alone. */
export function openRoom(access: () => DocumentAccess): Opener {
  return async ({ lying }, { storage, WebSocket }) => {
    const device = await loadDevice(storage.keys)
    const accessHere = access()
    const token = issuerTokens({ device, accessOf: () => accessHere, fetch: nodeFetchJson({ ca: lying.ca }) })
    const connection = new RelayConnection({ url: lying.url, device, token, WebSocket })
    const { outbox, documents: store } = storage
    const provider = new SealedProvider({
      connection,
      access: accessHere,
      doc: new Y.Doc(),
      outbox,
      store,
      snapshotPace: PACE,
    })
    return {
      provider,
      access: accessHere,
      close: () => {
        provider.destroy()
        connection.destroy()
      },
    }
  }
}

/** With members: as an app does it. */
export class MemberDoor {
  /** By which whoever does not know the document joins. */
  link = ''
  #id: string | null = null
  /** What each has open. */
  readonly #documents = new Map<Seat, SealedDocument>()

  /** Of the first who comes through this door, who makes the document. */
  readonly open: Opener = async (seat, tab) => {
    const documents = await openDocuments(seat, tab)
    try {
      const document = await this.#enter(documents)
      this.#documents.set(seat, document)
      return opened(document, documents)
    } catch (error) {
      documents.close()
      throw error
    }
  }

  /** Throws `RangeError` for a device that is closed. */
  of(seat: Seat): SealedDocument {
    const document = this.#documents.get(seat)
    if (document === undefined || seat.provider === null) throw new RangeError(`${seat.name} has nothing open`)
    return document
  }

  async #enter(documents: SealedDocuments): Promise<SealedDocument> {
    if (this.#id === null) {
      const document = await documents.createDocument()
      this.#id = document.id
      return document
    }
    try {
      return await documents.openDocument(this.#id)
    } catch (error) {
      if ((error as { code?: string }).code !== 'UNKNOWN_DOCUMENT') throw error
      return await documents.openDocument(this.link)
    }
  }
}

async function openDocuments({ name, lying }: Seat, { storage, WebSocket }: Tab): Promise<SealedDocuments> {
  const fetch = nodeFetchJson({ ca: lying.ca })
  return await SealedDocuments.open({ relay: lying.url, name, storage, personal: false, WebSocket, fetch })
}

function opened({ provider }: SealedDocument, documents: SealedDocuments): Opened {
  return { provider, access: provider.membership as Membership, close: () => documents.close() }
}
