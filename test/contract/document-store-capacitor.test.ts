import { createSqliteDocumentStore, SqliteDatabase } from '@y-sealed/client/capacitor'
import type { DocumentStore } from '@y-sealed/client'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { openTestConnection, type TestConnection } from '../support/capacitor/sqlite-connection.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { DOCUMENT, documentStoreContract, headAt, run } from './document-store-contract.ts'

const ALL = Number.MAX_SAFE_INTEGER

function makeHarness(path: string): {
  open(): Promise<DocumentStore>
  reopen(): Promise<DocumentStore>
  connection(): TestConnection
} {
  let current: TestConnection | null = null
  const open = async (): Promise<DocumentStore> => {
    current?.close()
    current = openTestConnection(path)
    return createSqliteDocumentStore(await SqliteDatabase.open(current))
  }
  onTestFinished(() => current?.close())
  return { open, reopen: open, connection: () => current as TestConnection }
}

const newPath = (): string => join(makeTemporaryFolder(), 'notes.db')

documentStoreContract('native SQLite', true, () => makeHarness(newPath()))

describe('document store in native SQLite', () => {
  it.each([
    ['an envelope', `UPDATE entries SET envelope = 'AA' || substr(envelope, 3) WHERE seq = 3`],
    ['a checksum', `UPDATE entries SET checksum = '' WHERE seq = 3`],
    ['what is no base64', `UPDATE entries SET envelope = '%' WHERE seq = 3`],
    ['a place', `UPDATE entries SET seq = 30 WHERE seq = 3`],
    ['a row that is gone', `DELETE FROM entries WHERE seq = 3`],
  ])('gives nothing from %s on that is damaged', async (_, damage) => {
    const harness = makeHarness(newPath())
    const store = await harness.open()
    await store.append(DOCUMENT, run(1, 5))
    harness.connection().database.exec(damage)
    expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 2))
  })

  it('[LO6] does not believe a head that is damaged', async () => {
    const harness = makeHarness(newPath())
    const store = await harness.open()
    await store.append(DOCUMENT, run(1, 2), headAt(2))
    harness.connection().database.exec(`UPDATE heads SET head = substr(head, 1, length(head) - 4) || 'AAAA'`)
    expect((await store.extent(DOCUMENT)).head).toBeNull()
  })

  it('[H16] says that the disk is full, keeps nothing of that call, and goes on when there is room', async () => {
    const harness = makeHarness(newPath())
    const store = await harness.open()
    await store.append(DOCUMENT, run(1, 2))
    harness.connection().failNext('database or disk is full (code 13 SQLITE_FULL)')
    await expect(store.append(DOCUMENT, run(3, 9), headAt(9))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 2, head: null })
    await store.append(DOCUMENT, run(3, 9))
    expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 9))
  })

  it('says that it cannot be used where the platform refuses for another reason', async () => {
    const harness = makeHarness(newPath())
    const store = await harness.open()
    harness.connection().close()
    await expect(store.read(DOCUMENT, 1, ALL)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  it('is done with all that was asked of it when it closes, and takes nothing more', async () => {
    const connection = openTestConnection(newPath())
    onTestFinished(() => connection.close())
    const database = await SqliteDatabase.open(connection)
    const store = createSqliteDocumentStore(database)
    const appended = store.append(DOCUMENT, run(1, 300))
    await database.close()
    await appended
    await expect(store.extent(DOCUMENT)).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
  })
})
