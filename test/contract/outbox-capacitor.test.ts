import { createSqliteOutbox, SqliteDatabase } from '@y-sealed/client/capacitor'
import type { Outbox } from '@y-sealed/client'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

import { openTestConnection, type TestConnection } from '../support/capacitor/sqlite-connection.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { outboxContract } from './outbox-contract.ts'

outboxContract('native SQLite', true, () => {
  const path = join(makeTemporaryFolder(), 'notes.db')
  let current: TestConnection | null = null
  const open = async (): Promise<Outbox> => {
    current?.close()
    current = openTestConnection(path)
    return createSqliteOutbox(await SqliteDatabase.open(current))
  }
  onTestFinished(() => current?.close())
  return { open, reopen: open }
})
