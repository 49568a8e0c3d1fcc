/**
 * A DocumentStore in IndexedDB that tabs share: a row for each entry, so that what is kept can be read from anywhere. Rule LO6.
 *
 * @module
 */
import { decodeSignedHead, encodeSignedHead, type Bytes, type SignedHead } from '@y-sealed/protocol'
import { checkOf, isChecked } from '../stores/entry-check.ts'
import {
  countFitting,
  isOfHistory,
  isRecord,
  newerHead,
  selectFresh,
  type DocumentStore,
  type StoredEntry,
} from '../stores/document-store.ts'
import { Turns } from '../stores/turns.ts'
import type { Database, EntryRow, SnapshotRow, Transaction } from './database.ts'

/** Rows that are asked for at once. */
const BATCH = 256

/** Logs in `database`. Throws as it does. `onEvicted` hears when the browser has thrown it away. */
export function createIndexedDbDocumentStore(
  database: Database,
  onEvicted: NonNullable<DocumentStore['onEvicted']>,
): DocumentStore {
  const turns = new Turns()
  return {
    onEvicted,
    append: (document, entries, head) => {
      const own = document.slice()
      const rows = entries.map((entry) => rowOf(own, entry))
      return turns.take(() =>
        database.write(['entries', 'heads', 'bases'], (tables) => appendRows(tables, own, rows, head)),
      )
    },
    read: (document, fromSeq, maxBytes) =>
      database.read(['entries', 'bases'], (tables) => readRows(tables, document.slice(), fromSeq, maxBytes)),
    records: async (document) => {
      const range = seqsOf(document.slice(), 1)
      const rows = await database.read(['entries'], (tables) =>
        tables.objectStore('entries').index('records').getAll(range),
      )
      return rows.filter(isWhole).map(entryOf)
    },
    extent: (document) => {
      const own = document.slice()
      return database.read(['entries', 'heads', 'bases'], async (tables) => ({
        baseSeq: await findBaseSeq(tables, own),
        lastSeq: await findLastSeq(tables, own),
        head: await findHead(tables, own),
      }))
    },
    putSnapshot: (document, { seq, id, envelope }, records = []) => {
      const own = document.slice()
      const row = { document: own, seq, id: id.slice(), envelope: envelope.slice(), check: checkOf(own, seq, envelope) }
      const rows = records.map((record) => rowOf(own, record))
      return turns.take(() =>
        database.write(['entries', 'snapshots', 'bases'], (tables) => putSnapshotRow(tables, own, row, rows)),
      )
    },
    snapshots: async (document) => {
      const range = seqsOf(document.slice(), 0)
      const rows = await database.read(['snapshots'], (tables) => tables.objectStore('snapshots').getAll(range))
      return rows.filter(isWhole).map(({ seq, id, envelope }) => ({ seq, id, envelope }))
    },
    trim: (document, throughSeq) => {
      const own = document.slice()
      return turns.take(() =>
        database.write(['entries', 'snapshots', 'bases'], (tables) => trimRows(tables, own, throughSeq)),
      )
    },
    cut: (document, afterSeq) => {
      const own = document.slice()
      return turns.take(() =>
        database.write(['entries', 'snapshots', 'bases'], (tables) => cutRows(tables, own, afterSeq)),
      )
    },
    delete: (document, entry) => {
      const own = document.slice()
      const row = entry && rowOf(own, entry)
      return turns.take(() =>
        database.write(['entries', 'heads', 'snapshots', 'bases'], async (tables) => {
          const known = row && (await tables.objectStore('entries').get([own, row.seq]))
          if (!isOfHistory(row, known?.envelope)) return
          await cutRows(tables, own, -1)
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
  const baseSeq = await findBaseSeq(tables, document)
  const envelopeBySeq = new Map<number, Bytes>()
  for (const { seq } of rows) {
    const known = seq > lastSeq || seq <= baseSeq ? undefined : await entries.get([document, seq])
    if (known) envelopeBySeq.set(seq, known.envelope)
  }
  const fresh = selectFresh(rows, lastSeq, (seq) => envelopeBySeq.get(seq), baseSeq)
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
  const baseSeq = await findBaseSeq(tables, document)
  if (baseSeq > 0 && fromSeq <= baseSeq) return []
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
  return Math.max(await findBaseSeq(tables, document), cursor === null ? 0 : cursor.primaryKey[1])
}

async function findBaseSeq(tables: Reading, document: Bytes): Promise<number> {
  return (await tables.objectStore('bases').get(document)) ?? 0
}

async function putSnapshotRow(
  tables: Transaction<'readwrite'>,
  document: Bytes,
  row: SnapshotRow,
  records: readonly EntryRow[],
): Promise<void> {
  const baseSeq = await findBaseSeq(tables, document)
  if (row.seq < baseSeq) return
  if (row.seq > (await findLastSeq(tables, document))) {
    await cutRows(tables, document, -1)
    await tables.objectStore('bases').put(row.seq, document)
    for (const record of records) await tables.objectStore('entries').put(record)
  }
  await tables.objectStore('snapshots').put(row)
}

async function trimRows(tables: Transaction<'readwrite'>, document: Bytes, throughSeq: number): Promise<void> {
  const [entries, snapshots] = [tables.objectStore('entries'), tables.objectStore('snapshots')]
  if ((await snapshots.getKey([document, throughSeq])) === undefined) return
  const records = new Set(await entries.index('records').getAllKeys(seqsOf(document, 1, throughSeq)))
  const kept = [...records].map((key) => key[1])
  // What lies between one record and the next goes as a range: there may be very many.
  let from = 1
  for (const seq of [...kept, throughSeq + 1]) {
    if (seq > from) await entries.delete(seqsOf(document, from, seq - 1))
    from = seq + 1
  }
  await tables.objectStore('bases').put(throughSeq, document)
  if (throughSeq > 0) await snapshots.delete(seqsOf(document, 0, throughSeq - 1))
}

/** Before the base, nothing stays. */
async function cutRows(tables: Transaction<'readwrite'>, document: Bytes, afterSeq: number): Promise<void> {
  const isAll = afterSeq < (await findBaseSeq(tables, document)) || afterSeq < 0
  if (isAll) await tables.objectStore('bases').delete(document)
  const range = seqsOf(document, isAll ? 0 : afterSeq + 1)
  await tables.objectStore('entries').delete(range)
  await tables.objectStore('snapshots').delete(range)
}

async function findHead(tables: Reading, document: Bytes): Promise<SignedHead | null> {
  const row = await tables.objectStore('heads').get(document)
  const head = row === undefined ? null : decodeSignedHead(row.bytes)
  return row !== undefined && head !== null && isChecked(row.check, document, head.seq, row.bytes) ? head : null
}

function seqsOf(document: Bytes, fromSeq: number, lastSeq: number = Number.MAX_SAFE_INTEGER): IDBKeyRange {
  return IDBKeyRange.bound([document, fromSeq], [document, lastSeq])
}

/** A view would be stored with all of the buffer beneath it. */
function rowOf(document: Bytes, { seq, envelope }: StoredEntry): EntryRow {
  const row = { document, seq, envelope: envelope.slice(), check: checkOf(document, seq, envelope) }
  return isRecord(row) ? { ...row, recordOf: document } : row
}

function isWhole({ document, seq, envelope, check }: EntryRow | SnapshotRow): boolean {
  return isChecked(check, document, seq, envelope)
}

function entryOf({ seq, envelope }: EntryRow): StoredEntry {
  return { seq, envelope }
}
