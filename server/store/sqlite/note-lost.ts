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

/** What a proof had asked for there, and the restored file has not either, stands on. */
const PINNED = `
  SELECT l.id, l.seq, l.transcript, 1 FROM replaced.lost_heads l
    LEFT JOIN main.documents n ON n.id = l.id
  WHERE l.pinned = 1 AND l.seq > coalesce((SELECT max(seq) FROM main.entries WHERE document = n.document), 0)`

/** The format from which on heads are pinned. */
const PINNING_FORMAT = 6

/** Takes note of it in `restored`; false when `replaced` cannot be read: then clients tell. */
export function noteLostHeads(restored: string, replaced: string): boolean {
  const db = new Database(restored, { fileMustExist: true })
  try {
    db.prepare('ATTACH ? AS replaced').run(replaced)
    db.exec(`INSERT OR REPLACE INTO main.lost_heads (id, seq, transcript) ${LOST}`)
    if ((db.pragma('replaced.user_version', { simple: true }) as number) >= PINNING_FORMAT) {
      db.exec(`INSERT OR REPLACE INTO main.lost_heads (id, seq, transcript, pinned) ${PINNED}`)
    }
    return true
  } catch {
    return false
  } finally {
    db.close()
  }
}
