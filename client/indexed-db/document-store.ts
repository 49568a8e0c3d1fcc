/**
 * A DocumentStore in IndexedDB that tabs share: a row for each entry, so that what is kept can be read from anywhere. Rule LO6.
 *
 * @module
 */
import { decodeSignedHead, encodeSignedHead, type Bytes, type SignedHead } from '@y-sealed/protocol'
import { checkOf, isChecked } from '../stores/entry-check.ts'
import {
  countFitting,
  isRecord,
  newerHead,
  selectFresh,
  type DocumentStore,
  type StoredEntry,
} from '../stores/document-store.ts'
import { Turns } from '../stores/turns.ts'
import type { Database, EntryRow, Transaction } from './database.ts'

/** Rows that are asked for at once. */
const BATCH = 256

/** Logs in `database`. Throws as it does. */
export function createIndexedDbDocumentStore(database: Database): DocumentStore {
  const turns = new Turns()
  return {
    append: (document, entries, head) => {
      const own = document.slice()
      const rows = entries.map((entry) => rowOf(own, entry))
      return turns.take(() => database.write(['entries', 'heads'], (tables) => appendRows(tables, own, rows, head)))
    },
    read: (document, fromSeq, maxBytes) =>
      database.read(['entries'], (tables) => readRows(tables, document.slice(), fromSeq, maxBytes)),
    records: async (document) => {
      const range = seqsOf(document.slice(), 1)
      const rows = await database.read(['entries'], (tables) =>
        tables.objectStore('entries').index('records').getAll(range),
      )
      return rows.filter(isWhole).map(entryOf)
    },
    extent: (document) => {
      const own = document.slice()
      return database.read(['entries', 'heads'], async (tables) => ({
        lastSeq: await findLastSeq(tables, own),
        head: await findHead(tables, own),
      }))
    },
    cut: (document, afterSeq) => {
      const range = seqsOf(document.slice(), afterSeq + 1)
      return turns.take(() => database.write(['entries'], (tables) => tables.objectStore('entries').delete(range)))
    },
    delete: (document) => {
      const own = document.slice()
      return turns.take(() =>
        database.write(['entries', 'heads'], async (tables) => {
          await tables.objectStore('entries').delete(seqsOf(own, 1))
          await tables.objectStore('heads').delete(own)
        }),
      )
    },
  }
}

/** Reading is all that these need, but a writing transaction will do. */
type Reading = Transaction<'readonly'> | Transaction<'readwrite'>

async function appendRows(
  tables: Transaction<'readwrite'>,
  document: Bytes,
  rows: readonly EntryRow[],
  head: SignedHead | undefined,
): Promise<void> {
  const entries = tables.objectStore('entries')
  const lastSeq = await findLastSeq(tables, document)
  const envelopeBySeq = new Map<number, Bytes>()
  for (const { seq } of rows) {
    const known = seq > lastSeq ? undefined : await entries.get([document, seq])
    if (known) envelopeBySeq.set(seq, known.envelope)
  }
  const fresh = selectFresh(rows, lastSeq, (seq) => envelopeBySeq.get(seq))
  // `async`, so that one that is refused at once does not leave the others' refusals to nobody.
  await Promise.all((fresh as readonly EntryRow[]).map(async (row) => entries.add(row)))
  const known = await findHead(tables, document)
  const newer = newerHead(known, head)
  if (newer === null || newer === known) return
  const bytes = encodeSignedHead(newer)
  await tables.objectStore('heads').put({ bytes, check: checkOf(document, newer.seq, bytes) }, document)
}

async function readRows(
  tables: Reading,
  document: Bytes,
  fromSeq: number,
  maxBytes: number,
): Promise<readonly StoredEntry[]> {
  const found: StoredEntry[] = []
  for (let next = Math.max(1, fromSeq); ;) {
    const rows = await getRows(tables, document, next)
    const first = next
    const damaged = rows.findIndex((row, index) => row.seq !== first + index || !isWhole(row))
    const whole = damaged === -1 ? rows : rows.slice(0, damaged)
    for (const row of whole) found.push(entryOf(row))
    const count = countFitting(found, maxBytes)
    if (whole.length < BATCH || count < found.length) return found.slice(0, count)
    next += rows.length
  }
}

function getRows(tables: Reading, document: Bytes, fromSeq: number): Promise<EntryRow[]> {
  return tables.objectStore('entries').getAll(seqsOf(document, fromSeq), BATCH)
}

async function findLastSeq(tables: Reading, document: Bytes): Promise<number> {
  const cursor = await tables.objectStore('entries').openKeyCursor(seqsOf(document, 1), 'prev')
  return cursor === null ? 0 : cursor.primaryKey[1]
}

async function findHead(tables: Reading, document: Bytes): Promise<SignedHead | null> {
  const row = await tables.objectStore('heads').get(document)
  const head = row === undefined ? null : decodeSignedHead(row.bytes)
  return row !== undefined && head !== null && isChecked(row.check, document, head.seq, row.bytes) ? head : null
}

function seqsOf(document: Bytes, fromSeq: number): IDBKeyRange {
  return IDBKeyRange.bound([document, fromSeq], [document, Number.MAX_SAFE_INTEGER])
}

/** A view would be stored with all of the buffer beneath it. */
function rowOf(document: Bytes, { seq, envelope }: StoredEntry): EntryRow {
  const row = { document, seq, envelope: envelope.slice(), check: checkOf(document, seq, envelope) }
  return isRecord(row) ? { ...row, recordOf: document } : row
}

function isWhole({ document, seq, envelope, check }: EntryRow): boolean {
  return isChecked(check, document, seq, envelope)
}

function entryOf({ seq, envelope }: EntryRow): StoredEntry {
  return { seq, envelope }
}
