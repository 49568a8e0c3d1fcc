/**
 * The audit of a whole database, one document after another: each as of one moment, so that a relay may write meanwhile. Memory does not
 * grow with a document's log, only with its records.
 *
 * @module
 */
import { bytesToBase64url, cryptoReady, type Bytes } from '@y-sealed/protocol'

import { SettingsError } from '../ops/settings-error.ts'
import { nodeSha512 } from '../store/node-sha512.ts'
import { openAuditReader, type AuditReader, type DocumentRow, type EpochRow } from '../store/sqlite/audit-reader.ts'
import type { SnapshotRows } from '../store/sqlite/audit-snapshots.ts'
import { sqliteToStoreError } from '../store/sqlite/sqlite-error.ts'
import { StoreError } from '../store/store-error.ts'
import { DocumentAudit, type DocumentReport } from './document-audit.ts'
import type { Fault, FaultCode } from './fault.ts'

export interface AuditOptions {
  readonly path: string
  /** This document alone. The database as a whole is then not looked at. */
  readonly document?: Bytes
  /** Leave the signatures of updates alone. */
  readonly isQuick?: boolean
  readonly onDocument?: (report: DocumentReport) => void
  readonly onDatabaseFault?: (fault: Fault) => void
  /** Entries looked at so far, of about so many. */
  readonly onProgress?: (done: number, all: number) => void
}

export interface AuditSummary {
  readonly documents: number
  readonly faultyDocuments: number
  readonly entries: number
  readonly records: number
  readonly tombstones: number
  readonly checks: number
  readonly unsigned: number
  readonly unchecked: number
  readonly trimmed: number
  readonly snapshots: number
  /** Of the database and of all documents. */
  readonly faults: number
}

const PAGE_DOCUMENTS = 256
/** Few enough that a page of the largest envelopes is some tens of megabytes at worst. */
const PAGE_ENTRIES = 256

/** Looks at everything. Throws `StoreError` when the file cannot be read as a store of ours, `SettingsError` for an unknown document. */
export async function auditDatabase(options: AuditOptions): Promise<AuditSummary> {
  await cryptoReady()
  try {
    const reader = openAuditReader(options.path)
    try {
      return auditReader(reader, options)
    } finally {
      reader.close()
    }
  } catch (error) {
    if (error instanceof SettingsError) throw error
    const { code, message, cause } = sqliteToStoreError(error)
    const text = code === 'STORE_CORRUPT' ? 'it is no database, or damaged past reading' : message
    throw new StoreError(code, `${options.path}: ${text}`, cause)
  }
}

function auditReader(reader: AuditReader, options: AuditOptions): AuditSummary {
  const { document, onDocument, onProgress } = options
  const totals = { documents: 0, faultyDocuments: 0, entries: 0, records: 0 }
  const sums = { checks: 0, unsigned: 0, unchecked: 0, trimmed: 0, snapshots: 0, faults: 0 }
  if (document === undefined) sums.faults += examineWhole(reader, options)
  for (const row of document === undefined ? allDocuments(reader) : [findDocument(reader, document)]) {
    const report = reader.atOneMoment(() =>
      auditDocument(reader, row, options, (done) => onProgress?.(totals.entries + done, reader.entries)),
    )
    if (report === null) continue
    totals.documents += 1
    totals.faultyDocuments += report.faultCount > 0 ? 1 : 0
    totals.entries += report.entries
    totals.records += report.records
    sums.checks += report.checks
    sums.unsigned += report.unsigned
    sums.unchecked += report.unchecked
    sums.trimmed += report.trimmed
    sums.snapshots += report.snapshots.held
    sums.faults += report.faultCount
    onDocument?.(report)
  }
  return { ...totals, ...sums, tombstones: reader.tombstones }
}

/** What is no single document's. Gives back the number of faults. */
function examineWhole(reader: AuditReader, { onDatabaseFault }: AuditOptions): number {
  const faults: Fault[] = []
  const look = <Found>(code: FaultCode, find: () => readonly Found[], describe: (found: Found) => string): void => {
    try {
      for (const found of find()) faults.push({ code, seq: null, detail: describe(found) })
    } catch (error) {
      faults.push({ code: 'DATABASE_DAMAGED', seq: null, detail: describeDamage(error) })
    }
  }
  look(
    'DATABASE_DAMAGED',
    () => reader.findDamage(),
    (text) => text,
  )
  look(
    'REFERENCE_BROKEN',
    () => reader.findOrphans(),
    (table) => `in ${table}`,
  )
  look('TOMBSTONE_WRONG', () => reader.findUndeleted(), bytesToBase64url)
  for (const fault of faults) onDatabaseFault?.(fault)
  return faults.length
}

function* allDocuments(reader: AuditReader): Generator<DocumentRow> {
  let after = 0
  for (;;) {
    const page = reader.page(after, PAGE_DOCUMENTS)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.key
  }
}

function findDocument(reader: AuditReader, id: Bytes): DocumentRow {
  const row = reader.document(id)
  if (row !== null) return row
  throw new SettingsError(
    reader.isDeleted(id)
      ? 'this document was deleted: nothing of it is left but its tombstone'
      : 'there is no such document: give its id as it stands in tokens ("doc"), or as "audit" prints it',
  )
}

/** `null` when it was deleted since its row was read. */
function auditDocument(
  reader: AuditReader,
  listed: DocumentRow,
  { isQuick = false }: AuditOptions,
  onProgress: (done: number) => void,
): DocumentReport | null {
  const found = reader.document(listed.id)
  if (found === null && reader.isDeleted(listed.id)) return null
  // Its key may have gone to another document since.
  const row = found ?? listed
  const storedTranscriptAt = (seq: number): Bytes | null => reader.transcriptAt(row.key, seq)
  let epochs: readonly EpochRow[] | null = null
  const storedCommitmentOf = (wanted: number): Bytes | null => {
    epochs ??= reader.derived(row.key).epochs
    return epochs.find(({ epoch }) => epoch === wanted)?.commitment ?? null
  }
  const snapshots = readSnapshotRows(reader, row.key)
  const audit = new DocumentAudit({
    sha512: nodeSha512,
    row,
    storedTranscriptAt,
    storedCommitmentOf,
    isQuick,
    snapshotRows: typeof snapshots === 'string' ? { publications: [], attestations: [], writers: [] } : snapshots,
    readSnapshot: ({ snapshot }, index) => reader.snapshots.bytes(snapshot, index),
  })
  if (typeof snapshots === 'string') return audit.fail(snapshots)
  try {
    readLog(reader, row.key, audit, onProgress)
    return audit.finish(reader.derived(row.key))
  } catch (error) {
    return audit.fail(describeDamage(error))
  }
}

/** What SQLite says where it cannot read them. */
function readSnapshotRows(reader: AuditReader, key: number): SnapshotRows | string {
  try {
    return reader.snapshots.rows(key)
  } catch (error) {
    return describeDamage(error)
  }
}

/** Feeds it page by page. */
function readLog(reader: AuditReader, key: number, audit: DocumentAudit, onProgress: (done: number) => void): void {
  let after = 0
  let done = 0
  while (audit.goesOn) {
    const rows = reader.entriesAfter(key, after, PAGE_ENTRIES)
    const last = rows.at(-1)
    if (last === undefined) break
    audit.take(rows)
    after = last.seq
    done += rows.length
    onProgress(done)
  }
}

/** What SQLite says of pages that it cannot read; throws what is anything else. */
function describeDamage(error: unknown): string {
  const storeError = sqliteToStoreError(error)
  if (storeError.code === 'STORE_CORRUPT' || storeError.code === 'STORE_IO') return storeError.message
  throw error
}
