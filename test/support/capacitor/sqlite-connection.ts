/**
 * A connection with the interface of `@capacitor-community/sqlite`, over better-sqlite3: what is said to it crosses a bridge as JSON, as it does on
 * a phone.
 *
 * @module
 */
import type { SqliteConnection, SqliteStatement, SqliteValue } from '@y-sealed/client/capacitor'
import Database from 'better-sqlite3'

export interface TestConnection extends SqliteConnection {
  readonly database: Database.Database
  /** The next set of statements fails with this text, half of it done, as a full disk lets it. */
  failNext(message: string): void
  close(): void
}

const overBridge = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

export function openTestConnection(path: string): TestConnection {
  const database = new Database(path)
  let failure: string | null = null
  const runSet = database.transaction((set: readonly SqliteStatement[]) => {
    for (const [index, { statement, values }] of set.entries()) {
      database.prepare(statement).run(...values)
      if (failure !== null && index === Math.floor((set.length - 1) / 2)) {
        const message = failure
        failure = null
        // Plugins reject with what their platform says.
        throw new Error(message)
      }
    }
  })
  return {
    database,
    execute: async (statements) => void database.exec(statements),
    executeSet: async (set) => {
      runSet(overBridge(set))
      return { changes: { changes: set.length } }
    },
    query: async (statement, values: SqliteValue[] = []) => {
      // Android binds every value as text.
      const texts = overBridge(values).map(String)
      return overBridge({ values: database.prepare(statement).all(...texts) })
    },
    failNext(message) {
      failure = message
    },
    close: () => void database.close(),
  }
}
