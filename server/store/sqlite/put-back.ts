/**
 * One document of a database put back to what a backup has of it, and the head noted that it then lacks, which stands until it is there,
 * whoever shows others: in one transaction, all other documents as they are. Nobody else has either file open. Rule LO14.
 *
 * @module
 */
import Database from 'better-sqlite3'
import type { Bytes } from '@y-sealed/protocol'

import type { Head } from '../../core/ports.ts'
import { StoreError } from '../store-error.ts'
import { migrate } from './migrations.ts'
import { sqliteToStoreError } from './sqlite-error.ts'

/** Tables with rows of a document, each before those that refer to it; rows of those behind belong to a row of a table before them. */
const BY_DOCUMENT = [
  'documents',
  'epochs',
  'members',
  'links',
  'writers',
  'sessions',
  'entries',
  'mark_pages',
  'snapshots',
  'publications',
  'attestations',
] as const
const BY_ROW = [
  ['packed_sessions', 'session', 'sessions'],
  ['chunks', 'snapshot', 'snapshots'],
] as const

export interface PutBack {
  /** Newest entry of the document before, and now. */
  readonly before: number
  readonly now: number
}

/**
 * Does it, and brings the database to the present format, which `backup` has; `lost` is `null` where the backup lacks nothing. Throws `StoreError`,
 * having changed no document.
 */
export function putBackDocument(path: string, backup: string, id: Bytes, lost: Head | null): PutBack {
  const db = new Database(path, { fileMustExist: true })
  try {
    for (const setting of ['synchronous = FULL', 'foreign_keys = ON', 'secure_delete = ON']) db.pragma(setting)
    migrate(db)
    db.prepare('ATTACH ? AS backup').run(backup)
    const keyIn = (name: 'main' | 'backup'): number | undefined =>
      db.prepare<[Bytes], number>(`SELECT document FROM ${name}.documents WHERE id = ?`).pluck().get(id)
    const headIn = (name: 'main' | 'backup', key: number): number =>
      db.prepare<[number], number>(`SELECT max(seq) FROM ${name}.entries WHERE document = ?`).pluck().get(key) ?? 0
    const key = keyIn('main')
    // Sessions and snapshots go by numbers of the file; they are those of the backup as long as this database came from it.
    if (key === undefined || key !== keyIn('backup')) {
      throw new StoreError('STORE_FOREIGN', 'the database did not come from this backup')
    }
    return db.transaction(() => {
      const before = headIn('main', key)
      for (const [table, column, owners] of BY_ROW) {
        db.prepare(
          `DELETE FROM main.${table} WHERE ${column} IN (SELECT ${column} FROM main.${owners} WHERE document = ?)`,
        ).run(key)
      }
      for (const table of BY_DOCUMENT.toReversed()) db.prepare(`DELETE FROM main.${table} WHERE document = ?`).run(key)
      for (const table of BY_DOCUMENT) {
        db.prepare(`INSERT INTO main.${table} SELECT * FROM backup.${table} WHERE document = ?`).run(key)
      }
      for (const [table, column, owners] of BY_ROW) {
        const owned = `SELECT ${column} FROM backup.${owners} WHERE document = ?`
        db.prepare(`INSERT INTO main.${table} SELECT * FROM backup.${table} WHERE ${column} IN (${owned})`).run(key)
      }
      db.prepare('DELETE FROM main.lost_heads WHERE id = ?').run(id)
      if (lost !== null) {
        db.prepare('INSERT INTO main.lost_heads (id, seq, transcript, pinned) VALUES (?, ?, ?, 1)').run(
          id,
          lost.seq,
          lost.transcript,
        )
      }
      return { before, now: headIn('main', key) }
    })()
  } catch (error) {
    throw sqliteToStoreError(error)
  } finally {
    db.close()
  }
}
