/**
 * The marks of trimmed entries in the tables, many to a row. Whoever writes calls it within a transaction of the engine. Rules LO2, LO15.
 *
 * @module
 */
import { concatBytes, extendByMark, type Bytes, type Sha512, toBytes } from '@y-sealed/protocol'
import type { Database, Statement } from 'better-sqlite3'

import {
  countMarks,
  decodePlaces,
  encodeMarks,
  encodePlaces,
  encodeTranscripts,
  markAt,
  MARKS_A_PAGE,
  type PackedEntry,
  type PackedPlace,
  transcriptBefore,
} from './mark-page.ts'

type Blob = Uint8Array

const ID_BYTES = 32

/** A row: marks `first`…`last`; T at some of them; when the newest came; the sum of all envelopes' bytes up to the last. */
export interface MarkPageRow {
  readonly first: number
  readonly last: number
  readonly at: number
  readonly logBytes: number
  readonly transcripts: Blob
  readonly marks: Blob
  readonly places: Blob
}

/** An entry on its way into a page. */
export interface TrimmedEntry extends PackedEntry {
  readonly at: number
  readonly logBytes: number
  readonly transcript: Bytes
}

export interface MarkStatements {
  readonly behind: Statement<[number, number], MarkPageRow>
  readonly at: Statement<[number, number], MarkPageRow>
  readonly newest: Statement<[number], MarkPageRow>
  readonly oldest: Statement<[number, number, number], MarkPageRow>
  readonly insert: Statement<[number, number, number, number, number, Blob, Blob, Blob]>
  readonly grow: Statement<[number, number, number, Blob, Blob, Blob, number, number]>
  readonly drop: Statement<[number, number]>
  readonly forgottenThrough: Statement<[number, number], number>
  readonly pageOf: Statement<[number, number], number>
  readonly insertSession: Statement<[number, number, number]>
  readonly dropSession: Statement<[number, number]>
  readonly setSession: Statement<[number, number, Blob, number]>
  readonly dropSilent: Statement<[number, number]>
  readonly dropAllSessions: Statement<[number]>
  readonly dropAll: Statement<[number]>
}

const PAGE =
  'SELECT first, last, at, log_bytes AS logBytes, transcript AS transcripts, marks, places FROM mark_pages WHERE document = ?'

/** Prepares them all; throws when the tables are not those of the present format. */
export function prepareMarkStatements(db: Database): MarkStatements {
  return {
    behind: db.prepare(`${PAGE} AND last > ? ORDER BY first`),
    at: db.prepare(`${PAGE} AND first <= ? ORDER BY first DESC LIMIT 1`),
    newest: db.prepare(`${PAGE} ORDER BY first DESC LIMIT 1`),
    oldest: db.prepare(`SELECT * FROM (${PAGE} ORDER BY first LIMIT 1) WHERE last <= ? AND at < ?`),
    insert: db.prepare(
      'INSERT INTO mark_pages (document, first, last, at, log_bytes, transcript, marks, places) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    grow: db.prepare(
      'UPDATE mark_pages SET last = ?, at = max(at, ?), log_bytes = ?, transcript = ?, marks = ?, places = ? WHERE document = ? AND first = ?',
    ),
    drop: db.prepare('DELETE FROM mark_pages WHERE document = ? AND first = ?'),
    forgottenThrough: db
      .prepare<[number, number], number>(
        'SELECT coalesce((SELECT min(first) - 1 FROM mark_pages WHERE document = ?), packed) FROM documents WHERE document = ?',
      )
      .pluck(),
    pageOf: db
      .prepare<[number, number], number>(
        'SELECT first FROM packed_sessions WHERE session = ? AND counter <= ? ORDER BY first DESC LIMIT 1',
      )
      .pluck(),
    insertSession: db.prepare('INSERT OR IGNORE INTO packed_sessions (session, first, counter) VALUES (?, ?, ?)'),
    dropSession: db.prepare('DELETE FROM packed_sessions WHERE session = ? AND first = ?'),
    setSession: db.prepare('UPDATE sessions SET last_counter = ?, last_seq = ?, last_id = ? WHERE session = ?'),
    dropSilent: db.prepare(
      'DELETE FROM sessions WHERE document = ? AND last_seq < ? AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.session = sessions.session) ' +
        'AND NOT EXISTS (SELECT 1 FROM packed_sessions p WHERE p.session = sessions.session)',
    ),
    dropAllSessions: db.prepare(
      'DELETE FROM packed_sessions WHERE session IN (SELECT session FROM sessions WHERE document = ?)',
    ),
    dropAll: db.prepare('DELETE FROM mark_pages WHERE document = ?'),
  }
}

/** Packs entries, which ascend and come after all that are packed. */
export function packMarks(sql: MarkStatements, document: number, entries: readonly TrimmedEntry[]): void {
  const newest = sql.newest.get(document)
  let open = newest === undefined ? null : { page: newest, count: countMarks(toBytes(newest.marks)) }
  for (let from = 0; from < entries.length;) {
    const first = entries[from] as TrimmedEntry
    const isGrowing = open !== null && open.page.last === first.seq - 1 && open.count < MARKS_A_PAGE
    const room = MARKS_A_PAGE - (isGrowing ? (open?.count ?? 0) : 0)
    const run = takeRun(entries, from, room)
    from += run.length
    const page = isGrowing ? (open?.page ?? null) : null
    writePage(sql, document, page, run)
    for (const { session, counter } of run) sql.insertSession.run(session, page?.first ?? first.seq, counter)
    open = null
  }
}

/** So many as follow each other without a gap, and have room. */
function takeRun(entries: readonly TrimmedEntry[], from: number, room: number): readonly TrimmedEntry[] {
  let to = from + 1
  while (to < entries.length && to - from < room && entries[to]?.seq === (entries[to - 1]?.seq ?? 0) + 1) to++
  return entries.slice(from, to)
}

function writePage(
  sql: MarkStatements,
  document: number,
  page: MarkPageRow | null,
  run: readonly TrimmedEntry[],
): void {
  const first = run[0] as TrimmedEntry
  const last = run.at(-1) as TrimmedEntry
  const at = Math.max(...run.map((entry) => entry.at))
  const marks = encodeMarks(run)
  if (page === null) {
    const transcripts = encodeTranscripts(run, 0)
    sql.insert.run(document, first.seq, last.seq, at, last.logBytes, transcripts, marks, encodePlaces(run))
    return
  }
  const places = encodePlaces([...decodePlaces(toBytes(page.places)), ...run])
  const before = toBytes(page.marks)
  const transcripts = concatBytes(toBytes(page.transcripts), encodeTranscripts(run, countMarks(before)))
  sql.grow.run(last.seq, at, last.logBytes, transcripts, concatBytes(before, marks), places, document, page.first)
}

/** Sum of all envelopes' bytes up to an entry that is the last packed one; `null` where it is not. */
export function packedBytes(sql: MarkStatements, document: number, seq: number): number | null {
  const page = sql.newest.get(document)
  return page?.last === seq ? page.logBytes : null
}

/** Packed marks after `after`, as far as there is no gap. */
export function readPackedMarks(sql: MarkStatements, document: number, after: number, max: number): Bytes[] {
  const read: Bytes[] = []
  for (const page of sql.behind.iterate(document, after)) {
    const next = after + read.length + 1
    if (page.first > next || read.length >= max) break
    const marks = toBytes(page.marks)
    for (let seq = next; seq <= page.last && read.length < max; seq++) read.push(markAt(marks, seq - page.first))
  }
  return read
}

/** T at the place of a packed mark; `null` of any other. Recomputed, from the nearest that stands in its page. */
export function packedTranscript(sha512: Sha512, sql: MarkStatements, document: number, seq: number): Bytes | null {
  const page = sql.at.get(document, seq)
  if (page === undefined || page.last < seq) return null
  const marks = toBytes(page.marks)
  const index = seq - page.first
  let { transcript, at } = transcriptBefore(toBytes(page.transcripts), index)
  while (at < index) transcript = extendByMark(sha512, transcript, markAt(marks, ++at))
  return transcript
}

/** The packed entry that a session stored under a counter; `null` where its mark is not kept. */
export function findPacked(
  sql: MarkStatements,
  document: number,
  session: number,
  counter: number,
): { readonly seq: number; readonly id: Bytes } | null {
  const first = sql.pageOf.get(session, counter)
  const page = first === undefined ? undefined : sql.at.get(document, first)
  if (page === undefined) return null
  const isIt = (place: PackedPlace): boolean => place.session === session && place.counter === counter
  const index = decodePlaces(toBytes(page.places)).findIndex(isIt)
  if (index === -1) return null
  return { seq: page.first + index, id: markAt(toBytes(page.marks), index).subarray(0, ID_BYTES) }
}

/** Takes the oldest page away, if all of it is old enough; how many marks went. */
export function dropOldestPage(sql: MarkStatements, document: number, through: number, beforeS: number): number {
  const page = sql.oldest.get(document, through, beforeS)
  if (page === undefined) return 0
  for (const session of new Set(decodePlaces(toBytes(page.places)).map((place) => place.session))) {
    sql.dropSession.run(session, page.first)
  }
  sql.drop.run(document, page.first)
  return countMarks(toBytes(page.marks))
}
