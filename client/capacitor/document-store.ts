/**
 * A DocumentStore in a native SQLite database: a row for each entry, sealed as it came. Rule LO6.
 *
 * @module
 */
import { decodeSignedHead, encodeSignedHead, type Bytes, type SignedHead } from '@y-sealed/protocol'
import {
  countFitting,
  isRecord,
  isOfHistory,
  newerHead,
  selectFresh,
  type DocumentStore,
  type StoredEntry,
  type StoredSnapshot,
} from '../stores/document-store.ts'
import { checkOf, isChecked } from '../stores/entry-check.ts'
import {
  bytesIn,
  numberIn,
  sql,
  textOf,
  type SqliteDatabase,
  type SqliteRow,
  type SqliteStatement,
  type SqliteWork,
} from './sqlite-database.ts'

/** Rows that are asked for at once; it stands in the statements, for plugins bind numbers as text. */
const BATCH = 256

/** Logs in `database`. Throws as it does. */
export function createSqliteDocumentStore(database: SqliteDatabase): DocumentStore {
  return {
    append: (document, entries, head) => {
      const log = new SqliteLog(document)
      const copies = entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.slice() }))
      return database.take((work) => log.append(work, copies, head))
    },
    read: (document, fromSeq, maxBytes) => {
      const log = new SqliteLog(document)
      return database.take((work) => log.read(work, fromSeq, maxBytes))
    },
    records: (document) => {
      const log = new SqliteLog(document)
      return database.take((work) => log.records(work))
    },
    extent: (document) => {
      const log = new SqliteLog(document)
      return database.take(async (work) => ({
        baseSeq: await log.baseSeq(work),
        lastSeq: await log.lastSeq(work),
        head: await log.head(work),
      }))
    },
    putSnapshot: (document, { seq, id, envelope }, records = []) => {
      const log = new SqliteLog(document)
      const snapshot = { seq, id: id.slice(), envelope: envelope.slice() }
      const copies = records.map((record) => ({ seq: record.seq, envelope: record.envelope.slice() }))
      return database.take((work) => log.putSnapshot(work, snapshot, copies))
    },
    snapshots: (document) => {
      const log = new SqliteLog(document)
      return database.take((work) => log.snapshots(work))
    },
    trim: (document, throughSeq) => {
      const log = new SqliteLog(document)
      return database.take((work) => log.trim(work, throughSeq))
    },
    cut: (document, afterSeq) => {
      const log = new SqliteLog(document)
      return database.take(async (work) => {
        const isAll = afterSeq < (await log.baseSeq(work))
        await work.write(isAll ? log.clearing() : log.cutting(afterSeq))
      })
    },
    delete: (document, entry) => {
      const log = new SqliteLog(document)
      const own = entry && { seq: entry.seq, envelope: entry.envelope.slice() }
      return database.take(async (work) => {
        if (!isOfHistory(own, own && (await log.envelopeAt(work, own.seq)))) return
        await work.write([...log.clearing(), sql('DELETE FROM heads WHERE document = ?', log.name)])
      })
    },
  }
}

/** One document's rows. */
class SqliteLog {
  /** The document as rows have it. */
  readonly name: string
  readonly #document: Bytes

  constructor(document: Bytes) {
    this.#document = document.slice()
    this.name = textOf(this.#document)
  }

  async append(work: SqliteWork, entries: readonly StoredEntry[], head: SignedHead | undefined): Promise<void> {
    const [lastSeq, baseSeq] = [await this.lastSeq(work), await this.baseSeq(work)]
    const envelopeBySeq = new Map<number, Bytes>()
    for (const { seq } of entries) {
      if (seq > lastSeq || seq <= baseSeq) continue
      const known = await this.envelopeAt(work, seq)
      if (known !== null) envelopeBySeq.set(seq, known)
    }
    const fresh = selectFresh(entries, lastSeq, (seq) => envelopeBySeq.get(seq), baseSeq)
    const statements = fresh.map((entry) => this.#putting(entry))
    const known = await this.head(work)
    const newer = newerHead(known, head)
    await work.write(newer === null || newer === known ? statements : [...statements, this.#puttingHead(newer)])
  }

  async read(work: SqliteWork, fromSeq: number, maxBytes: number): Promise<readonly StoredEntry[]> {
    const baseSeq = await this.baseSeq(work)
    if (baseSeq > 0 && fromSeq <= baseSeq) return []
    const found: StoredEntry[] = []
    for (let next = Math.max(1, fromSeq); ;) {
      const statement = `SELECT seq, envelope, checksum FROM entries WHERE document = ? AND seq >= ? ORDER BY seq LIMIT ${BATCH}`
      const rows = await work.read(statement, this.name, next)
      const whole: StoredEntry[] = []
      for (const row of rows) {
        const entry = this.#entryIn(row)
        if (entry === null || entry.seq !== next + whole.length) break
        whole.push(entry)
      }
      found.push(...whole)
      const count = countFitting(found, maxBytes)
      if (whole.length < BATCH || count < found.length) return found.slice(0, count)
      next += whole.length
    }
  }

  async records(work: SqliteWork): Promise<readonly StoredEntry[]> {
    const statement = 'SELECT seq, envelope, checksum FROM entries WHERE document = ? AND is_record = ? ORDER BY seq'
    const rows = await work.read(statement, this.name, 1)
    return rows.flatMap((row) => this.#entryIn(row) ?? [])
  }

  async envelopeAt(work: SqliteWork, seq: number): Promise<Bytes | null> {
    const [row] = await work.read('SELECT envelope FROM entries WHERE document = ? AND seq = ?', this.name, seq)
    return bytesIn(row?.['envelope'])
  }

  async lastSeq(work: SqliteWork): Promise<number> {
    const [row] = await work.read('SELECT max(seq) AS seq FROM entries WHERE document = ?', this.name)
    return Math.max(await this.baseSeq(work), numberIn(row?.['seq']) || 0)
  }

  async baseSeq(work: SqliteWork): Promise<number> {
    const [row] = await work.read('SELECT seq FROM bases WHERE document = ?', this.name)
    return numberIn(row?.['seq']) || 0
  }

  async head(work: SqliteWork): Promise<SignedHead | null> {
    const [row] = await work.read('SELECT head, checksum FROM heads WHERE document = ?', this.name)
    const bytes = bytesIn(row?.['head'])
    const head = bytes === null ? null : decodeSignedHead(bytes)
    if (bytes === null || head === null) return null
    return isChecked(bytesIn(row?.['checksum']) ?? undefined, this.#document, head.seq, bytes) ? head : null
  }

  async putSnapshot(work: SqliteWork, snapshot: StoredSnapshot, records: readonly StoredEntry[]): Promise<void> {
    const { seq, id, envelope } = snapshot
    if (seq < (await this.baseSeq(work))) return
    const isAhead = seq > (await this.lastSeq(work))
    const renewal = isAhead
      ? [...this.clearing(), this.#settingBase(seq), ...records.map((record) => this.#putting(record))]
      : []
    const check = textOf(checkOf(this.#document, seq, envelope))
    await work.write([
      ...renewal,
      sql(
        'INSERT OR REPLACE INTO snapshots (document, seq, id, envelope, checksum) VALUES (?, ?, ?, ?, ?)',
        this.name,
        seq,
        textOf(id),
        textOf(envelope),
        check,
      ),
    ])
  }

  async snapshots(work: SqliteWork): Promise<readonly StoredSnapshot[]> {
    const statement = 'SELECT seq, id, envelope, checksum FROM snapshots WHERE document = ? ORDER BY seq'
    const rows = await work.read(statement, this.name)
    return rows.flatMap((row) => {
      const [entry, id] = [this.#entryIn(row), bytesIn(row['id'])]
      return entry === null || id === null ? [] : { ...entry, id }
    })
  }

  async trim(work: SqliteWork, throughSeq: number): Promise<void> {
    const kept = await work.read('SELECT seq FROM snapshots WHERE document = ? AND seq = ?', this.name, throughSeq)
    if (kept.length === 0) return
    await work.write([
      sql('DELETE FROM entries WHERE document = ? AND seq <= ? AND is_record = ?', this.name, throughSeq, 0),
      this.#settingBase(throughSeq),
      sql('DELETE FROM snapshots WHERE document = ? AND seq < ?', this.name, throughSeq),
    ])
  }

  /** Statements that leave nothing but the head. */
  clearing(): readonly SqliteStatement[] {
    return [
      sql('DELETE FROM entries WHERE document = ?', this.name),
      sql('DELETE FROM snapshots WHERE document = ?', this.name),
      sql('DELETE FROM bases WHERE document = ?', this.name),
    ]
  }

  cutting(afterSeq: number): readonly SqliteStatement[] {
    return [
      sql('DELETE FROM entries WHERE document = ? AND seq > ?', this.name, afterSeq),
      sql('DELETE FROM snapshots WHERE document = ? AND seq > ?', this.name, afterSeq),
    ]
  }

  #putting(entry: StoredEntry): SqliteStatement {
    const { seq, envelope } = entry
    const check = textOf(checkOf(this.#document, seq, envelope))
    return sql(
      'INSERT OR REPLACE INTO entries (document, seq, envelope, checksum, is_record) VALUES (?, ?, ?, ?, ?)',
      this.name,
      seq,
      textOf(envelope),
      check,
      isRecord(entry) ? 1 : 0,
    )
  }

  #puttingHead(head: SignedHead): SqliteStatement {
    const bytes = encodeSignedHead(head)
    const check = textOf(checkOf(this.#document, head.seq, bytes))
    return sql(
      'INSERT OR REPLACE INTO heads (document, head, checksum) VALUES (?, ?, ?)',
      this.name,
      textOf(bytes),
      check,
    )
  }

  #settingBase(seq: number): SqliteStatement {
    return sql('INSERT OR REPLACE INTO bases (document, seq) VALUES (?, ?)', this.name, seq)
  }

  /** `null` for what a disk has damaged. */
  #entryIn(row: SqliteRow): StoredEntry | null {
    const [seq, envelope, check] = [numberIn(row['seq']), bytesIn(row['envelope']), bytesIn(row['checksum'])]
    if (envelope === null || check === null || !isChecked(check, this.#document, seq, envelope)) return null
    return { seq, envelope }
  }
}
