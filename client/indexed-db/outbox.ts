/**
 * An Outbox in IndexedDB that tabs share: each sees its own sessions, and those of tabs that are gone. Rules CL16, LO8.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'
import { equivocation, inSendingOrder, type Outbox, type OutboxItem } from '../outbox/outbox.ts'
import { Turns } from '../stores/turns.ts'
import type { Database, OutboxRow } from './database.ts'
import type { SessionClaims } from './session-claims.ts'

/**
 * What a session's first put claims, no other tab's `list` shows while this tab is there; `list` takes over what nobody holds. Throws as
 * the database does, and `put` `SESSION_TAKEN` where this tab was taken for gone and another has the session now.
 */
export function createIndexedDbOutbox(database: Database, claims: SessionClaims): Outbox {
  const turns = new Turns()
  return {
    put: (item) => {
      const { document, session, counter } = item
      // A view would be stored with all of the buffer beneath it.
      const row = { document: document.slice(), session: session.slice(), counter, envelope: item.envelope.slice() }
      return turns.take(async () => {
        await claims.begin(row.document, row.session)
        await storeItem(database, claims, row)
      })
    },
    remove: (document, session, through) => {
      const [own, of] = [document.slice(), session.slice()]
      return turns.take(() =>
        database.write(['outbox', 'claims'], async (tables) => {
          const outbox = tables.objectStore('outbox')
          const ids = await outbox.index('place').getAllKeys(countersOf(own, of, through))
          await Promise.all(ids.map(async (id) => outbox.delete(id)))
          const left = await outbox.index('place').getKey(countersOf(own, of))
          if (left === undefined) await claims.drop(tables, own, of)
        }),
      )
    },
    list: (document) => {
      const own = document.slice()
      return turns.take(() => listOwn(database, claims, own, 'all'))
    },
    adopt: (document) => {
      const own = document.slice()
      // In its turn, when what this tab has put is claimed.
      return turns.take(() => listOwn(database, claims, own, 'fresh'))
    },
  }
}

function countersOf(document: Bytes, session: Bytes, through: number = Number.MAX_SAFE_INTEGER): IDBKeyRange {
  return IDBKeyRange.bound([document, session, 0], [document, session, through])
}

function storeItem(database: Database, claims: SessionClaims, row: OutboxRow): Promise<void> {
  return database.write(['outbox', 'claims'], async (tables) => {
    const outbox = tables.objectStore('outbox')
    const known = await outbox.index('place').get([row.document, row.session, row.counter])
    if (known !== undefined && !equalBytes(known.envelope, row.envelope)) throw equivocation()
    if (known !== undefined) return
    await claims.hold(tables, row.document, row.session)
    await outbox.add(row)
  })
}

async function listOwn(
  database: Database,
  claims: SessionClaims,
  document: Bytes,
  which: 'all' | 'fresh',
): Promise<readonly OutboxItem[]> {
  // Claimed first, and only then read: what its owner has removed until it went is not given out again.
  const seen = await readRows(database, document)
  const sessionByText = new Map(seen.map(({ session }) => [session.join(), session]))
  const own = await claims.claim(document, [...sessionByText.values()], which)
  const ownTexts = new Set(own.map((session) => session.join()))
  const rows = (await readRows(database, document)).filter(({ session }) => ownTexts.has(session.join()))
  const items = rows.map(({ document, session, counter, envelope }) => ({ document, session, counter, envelope }))
  return inSendingOrder(items)
}

async function readRows(database: Database, document: Bytes): Promise<readonly Required<OutboxRow>[]> {
  // An array sorts after all bytes.
  const range = IDBKeyRange.bound([document], [document, []])
  const rows = await database.read(['outbox'], (tables) => tables.objectStore('outbox').index('place').getAll(range))
  return (rows as Required<OutboxRow>[]).toSorted((a, b) => a.id - b.id)
}
