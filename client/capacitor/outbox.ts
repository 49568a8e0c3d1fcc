/**
 * An Outbox in a native SQLite database. Rule LO8.
 *
 * @module
 */
import { equalBytes } from '@y-sealed/protocol'
import { equivocation, inSendingOrder, type Outbox, type OutboxItem } from '../outbox/outbox.ts'
import { bytesIn, numberIn, sql, textOf, type SqliteDatabase } from './sqlite-database.ts'

/** Sealed edits in `database`. Throws as it does. */
export function createSqliteOutbox(database: SqliteDatabase): Outbox {
  return {
    put: (item) => {
      const [document, session, envelope] = [textOf(item.document), textOf(item.session), item.envelope.slice()]
      const { counter } = item
      return database.take(async (work) => {
        const statement = 'SELECT envelope FROM outbox WHERE document = ? AND session = ? AND counter = ?'
        const [row] = await work.read(statement, document, session, counter)
        if (row === undefined) {
          const insert = 'INSERT INTO outbox (document, session, counter, envelope) VALUES (?, ?, ?, ?)'
          return await work.write([sql(insert, document, session, counter, textOf(envelope))])
        }
        const known = bytesIn(row['envelope'])
        if (known === null || !equalBytes(known, envelope)) throw equivocation()
      })
    },
    remove: (document, session, through) => {
      const statement = 'DELETE FROM outbox WHERE document = ? AND session = ? AND counter <= ?'
      const removal = sql(statement, textOf(document), textOf(session), through)
      return database.take((work) => work.write([removal]))
    },
    list: (document) => {
      const own = document.slice()
      return database.take(async (work) => {
        const statement = 'SELECT session, counter, envelope FROM outbox WHERE document = ? ORDER BY id'
        const rows = await work.read(statement, textOf(own))
        const items = rows.flatMap((row): OutboxItem | [] => {
          const [session, envelope] = [bytesIn(row['session']), bytesIn(row['envelope'])]
          const counter = numberIn(row['counter'])
          return session === null || envelope === null ? [] : { document: own.slice(), session, counter, envelope }
        })
        return inSendingOrder(items)
      })
    },
  }
}
