/**
 * What one database has that another lacks, document by document: what a restore means to clients.
 *
 * @module
 */
import Database from 'better-sqlite3'

export interface LogComparison {
  /** Documents of which the older file has fewer entries, and how many it lacks of them. */
  readonly shortened: number
  readonly lostEntries: number
  /** Documents that the older file does not have. */
  readonly missing: number
  /** Documents that were deleted since, and are there again. */
  readonly undeleted: number
}

const HEADS =
  'SELECT d.id, (SELECT max(seq) FROM DB.entries e WHERE e.document = d.document) AS head FROM DB.documents d'

/** Compares `restored` with `replaced`; `null` when the latter cannot be read. Writes to neither. */
export function compareLogs(restored: string, replaced: string): LogComparison | null {
  const db = new Database(restored, { fileMustExist: true })
  try {
    db.prepare('ATTACH ? AS replaced').run(replaced)
    db.pragma('query_only = ON')
    return db
      .prepare<[], LogComparison>(
        `WITH old AS (${HEADS.replaceAll('DB', 'replaced')}), new AS (${HEADS.replaceAll('DB', 'main')})
         SELECT coalesce(sum(old.head > new.head), 0) AS shortened,
           coalesce(sum(max(old.head - coalesce(new.head, 0), 0)), 0) AS lostEntries,
           coalesce(sum(new.id IS NULL), 0) AS missing,
           (SELECT count(*) FROM main.documents JOIN replaced.tombstones USING (id)) AS undeleted
         FROM old LEFT JOIN new USING (id)`,
      )
      .get() as LogComparison
  } catch {
    return null
  } finally {
    db.close()
  }
}
