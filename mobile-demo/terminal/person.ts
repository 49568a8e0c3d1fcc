/**
 * One person at one device: keys of their own, a connection of their own, and the note.
 *
 * @module
 */
import {
  createMemoryKeyStore,
  issuerTokens,
  loadDevice,
  RelayConnection,
  SealedProvider,
  sharedKeyDocument,
} from '@y-sealed/client'
import { nodeFetchJson, nodeWebSocket } from '@y-sealed/client/node'
import type { Bytes } from '@y-sealed/protocol'
import * as Y from 'yjs'

export interface Person {
  readonly text: Y.Text
  readonly provider: SealedProvider
  close(): void
}

/** Where the note is and what opens it. */
export interface Note {
  readonly url: string
  /** PEM of the relay's authority. */
  readonly ca: string
  readonly key: Bytes
  readonly room: string
}

/** Resolves when the note is open; rejects when the relay refuses it for good. */
export async function openPerson(name: string, { url, ca, key, room }: Note): Promise<Person> {
  const device = await loadDevice(createMemoryKeyStore())
  const access = sharedKeyDocument({ key, room })
  const connection = new RelayConnection({
    url,
    device,
    token: issuerTokens({ device, accessOf: () => access, fetch: nodeFetchJson({ ca }) }),
    WebSocket: nodeWebSocket({ ca }),
  })
  const doc = new Y.Doc()
  const provider = new SealedProvider({ connection, access, doc })
  provider.awareness.setLocalStateField('user', { name })
  await provider.whenSynced()
  return {
    text: doc.getText('note'),
    provider,
    close() {
      provider.destroy()
      connection.destroy()
      doc.destroy()
    },
  }
}
