/**
 * Pages that rows have left behind: how a file is made so that it can shrink, and how they are given back a few at a time. Rule LO15.
 *
 * @module
 */
import type { Database } from 'better-sqlite3'

/** `auto_vacuum`: the file knows who refers to each page, and shrinks when it is asked to. */
const INCREMENTAL = 2
/** Larger files are not rewritten when they are opened: that takes a second for so much, and as much room beside them. */
const MAX_REWRITTEN_BYTES = 268_435_456
/** One page in so many stays free, for what comes next; of a small file none. */
const SPARE = 64

/** Says so for a file that is about to be made; it must hold nothing yet. Changes nothing of any other. */
export function makeShrinkable(db: Database): void {
  db.pragma(`auto_vacuum = ${INCREMENTAL}`)
}

/**
 * Rewrites a file that was made without, once, unless it is large, has no room beside it, or is being read: then its free pages are used again
 * and not given back.
 */
export function becomeShrinkable(db: Database, maxBytes: number = MAX_REWRITTEN_BYTES): void {
  if (isShrinkable(db) || numberOf(db, 'page_count') * numberOf(db, 'page_size') > maxBytes) return
  db.pragma(`auto_vacuum = ${INCREMENTAL}`)
  try {
    db.exec('VACUUM')
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code !== 'SQLITE_FULL' && code !== 'SQLITE_BUSY') throw error
  }
}

/** Gives back at most so many free pages; how many went. The file is shorter after the next checkpoint. */
export function giveBackPages(db: Database, max: number): number {
  if (!isShrinkable(db)) return 0
  const free = numberOf(db, 'freelist_count')
  const pages = Math.min(max, free - Math.floor((numberOf(db, 'page_count') - free) / SPARE))
  if (pages <= 0) return 0
  db.pragma(`incremental_vacuum(${pages})`)
  return free - numberOf(db, 'freelist_count')
}

function isShrinkable(db: Database): boolean {
  return numberOf(db, 'auto_vacuum') === INCREMENTAL
}

function numberOf(db: Database, name: 'auto_vacuum' | 'freelist_count' | 'page_count' | 'page_size'): number {
  return db.pragma(name, { simple: true }) as number
}
