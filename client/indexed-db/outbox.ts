/**
 * An Outbox in IndexedDB that tabs share: each sees its own sessions, and those of tabs that are gone. Rule LO8.
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
 * the database does.
 */
export function createIndexedDbOutbox(database: Database, claims: SessionClaims): Outbox {
  const turns = new Turns()
  return {
    put: (item) => {
      const { document, session, counter } = item
      // A view would be stored with all of the buffer beneath it.
      const row = { document: document.slice(), session: session.slice(), counter, envelope: item.envelope.slice() }
      return turns.take(async () => {
        await claims.claim(row.document, row.session)
        await storeItem(database, row)
      })
    },
    remove: (document, session, through) => {
      const range = IDBKeyRange.bound(
        [document.slice(), session.slice(), 0],
        [document.slice(), session.slice(), through],
      )
      return turns.take(() =>
        database.write(['outbox'], async (tables) => {
          const outbox = tables.objectStore('outbox')
          const ids = await outbox.index('place').getAllKeys(range)
          await Promise.all(ids.map(async (id) => outbox.delete(id)))
        }),
      )
    },
    list: (document) => {
      const own = document.slice()
      return turns.take(() => listOwn(database, claims, own, () => true))
    },
    adopt: (document) => {
      const own = document.slice()
      // In its turn, when what this tab has put is claimed.
      return turns.take(() => listOwn(database, claims, own, (session) => !claims.isClaimed(own, session)))
    },
  }
}

function storeItem(database: Database, row: OutboxRow): Promise<void> {
  return database.write(['outbox'], async (tables) => {
    const outbox = tables.objectStore('outbox')
    const known = await outbox.index('place').get([row.document, row.session, row.counter])
    if (known === undefined) await outbox.add(row)
    else if (!equalBytes(known.envelope, row.envelope)) throw equivocation()
  })
}

async function listOwn(
  database: Database,
  claims: SessionClaims,
  document: Bytes,
  isWanted: (session: Bytes) => boolean,
): Promise<readonly OutboxItem[]> {
  // Claimed first, and only then read: what its owner has removed until it went is not given out again.
  const seen = (await readRows(database, document)).filter(({ session }) => isWanted(session))
  const sessionByText = new Map(seen.map(({ session }) => [session.join(), session]))
  const ownTexts = new Set<string>()
  for (const [text, session] of sessionByText) if (await claims.claim(document, session)) ownTexts.add(text)
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
