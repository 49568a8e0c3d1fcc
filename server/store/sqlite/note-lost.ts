/**
 * What a restored database lacks, written into it: so the relay takes nothing new in those documents before it is given back, whoever comes
 * by first. Rule LO14.
 *
 * @module
 */
import Database from 'better-sqlite3'

/** Newest entry of each document that the replaced file has beyond the restored one, unless it was deleted there. */
const LOST = `
  SELECT d.id, e.seq, e.transcript FROM replaced.documents d
    JOIN replaced.entries e ON e.document = d.document AND e.seq = (SELECT max(seq) FROM replaced.entries WHERE document = d.document)
    LEFT JOIN main.documents n ON n.id = d.id
  WHERE e.seq > coalesce((SELECT max(seq) FROM main.entries WHERE document = n.document), 0)`

/** Takes note of it in `restored`; false when `replaced` cannot be read: then clients tell. */
export function noteLostHeads(restored: string, replaced: string): boolean {
  const db = new Database(restored, { fileMustExist: true })
  try {
    db.prepare('ATTACH ? AS replaced').run(replaced)
    db.exec(`INSERT OR REPLACE INTO main.lost_heads (id, seq, transcript) ${LOST}`)
    return true
  } catch {
    return false
  } finally {
    db.close()
  }
}
