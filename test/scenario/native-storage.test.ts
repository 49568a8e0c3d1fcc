/**
 * A device as a native shell keeps it: its database and its keys outlive the app, and nothing of a note can be read in either.
 */
import { SealedDocuments } from '@y-sealed/client'
import { openNativeStorage, type NativeStorage } from '@y-sealed/client/capacitor'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRelay } from '@y-sealed/relay'
import { expect, it, onTestFinished } from 'vitest'

import { openTestConnection } from '../support/capacitor/sqlite-connection.ts'
import { openTestSecureStorage } from '../support/capacitor/secure-storage.ts'
import type { RelayAddress } from '../support/peer.ts'
import { createPerson, documentsOptions, eventually, textOf, write } from '../support/person.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

interface Shell {
  readonly documents: SealedDocuments
  close(): Promise<void>
}

async function openRelay(): Promise<RelayAddress> {
  const data = makeTemporaryFolder()
  const relay = await startRelay({ data, port: 0, logLevel: 'error' })
  onTestFinished(() => relay.close())
  return { url: relay.url, ca: readFileSync(join(data, 'tls', 'ca.pem'), 'ascii') }
}

async function openShell(folder: string, relay: RelayAddress): Promise<Shell> {
  const connection = openTestConnection(join(folder, 'notes.db'))
  const secureStorage = openTestSecureStorage(join(folder, 'keychain'))
  const storage: NativeStorage = await openNativeStorage({ connection, secureStorage })
  const options = await documentsOptions({ relay, name: 'Alice', storage })
  const documents = await SealedDocuments.open({ ...options, personal: true })
  const close = async (): Promise<void> => {
    documents.close()
    await storage.close()
    connection.close()
  }
  return { documents, close }
}

it('[CL13] [CL14] a note that was written in a shell, online and offline, is there when it is opened again, and sealed in its files', async () => {
  const relay = await openRelay()
  const folder = makeTemporaryFolder()
  const first = await openShell(folder, relay)
  const note = await first.documents.createDocument({ name: 'plum-canary' })
  await write(note, 'quince-canary ')
  const { documents: bobs } = await createPerson({ relay, name: 'Bob' })
  const { link } = await note
    .invite({ role: 'writer' })
    .then((made) => (typeof made === 'string' ? { link: made } : made))
  const joined = await bobs.openDocument(link)
  await eventually(() => expect(textOf(joined)).toContain('quince-canary'))
  const id = note.id
  first.documents.hide()
  await first.close()
  for (const file of ['notes.db', 'keychain']) {
    const bytes = readFileSync(join(folder, file), 'latin1')
    expect(bytes.length).toBeGreaterThan(100)
    expect(bytes).not.toMatch(/canary/)
    expect(bytes).not.toContain(Buffer.from('quince-canary').toString('base64url').slice(0, 12))
  }
  const second = await openShell(folder, relay)
  onTestFinished(() => second.close())
  const again = await second.documents.openDocument(id)
  await eventually(() => expect(textOf(again)).toContain('quince-canary'))
  await write(again, 'medlar')
  await eventually(() => expect(textOf(joined)).toContain('medlar'))
})
