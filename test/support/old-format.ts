/**
 * A store's file as earlier versions wrote it: the steps of its format taken back, last first.
 *
 * @module
 */
import type Database from 'better-sqlite3'

const BACK: Readonly<Record<number, string>> = {
  6: 'ALTER TABLE lost_heads DROP COLUMN pinned',
  5: `
    DROP TABLE packed_sessions; DROP TABLE mark_pages;
    ALTER TABLE sessions DROP COLUMN last_id; ALTER TABLE sessions DROP COLUMN last_seq; ALTER TABLE sessions DROP COLUMN last_counter;
    ALTER TABLE documents DROP COLUMN packed`,
  4: `
    DROP TABLE attestations; DROP TABLE publications; DROP TABLE chunks; DROP TABLE snapshots; DROP TABLE writers;
    ALTER TABLE entries DROP COLUMN signature; ALTER TABLE entries DROP COLUMN at;
    ALTER TABLE documents DROP COLUMN trimmed_bytes; ALTER TABLE documents DROP COLUMN base`,
  3: 'DROP TABLE lost_heads',
  2: 'DROP TABLE links; ALTER TABLE epochs DROP COLUMN closed',
}

/** Brings a file back to an earlier format; what that had no room for is lost. */
export function toFormat(db: Database.Database, version: number): void {
  for (let step = db.pragma('user_version', { simple: true }) as number; step > version; step--) {
    db.exec(BACK[step] ?? '')
    db.pragma(`user_version = ${step - 1}`)
  }
}
