/**
 * Pages of a document's log, read in order.
 *
 * @module
 */
import { type Bytes, concatBytes, toBytes } from '@y-sealed/protocol'

import type { StoredEntry } from '../../core/ports.ts'
import { readPackedMarks } from './mark-pages.ts'
import type { EntryRow, Statements } from './statements.ts'

/** Entries after `after` without a gap; none when the next one's body has been trimmed. */
export function readEntries(
  sql: Statements,
  document: number,
  after: number,
  max: { readonly entries: number; readonly bytes: number },
): readonly StoredEntry[] {
  return takePage(sql.read.iterate(document, after, max.entries), max.bytes, after + 1)
}

export function readRecords(
  sql: Statements,
  document: number,
  after: number,
  maxBytes: number,
): readonly StoredEntry[] {
  return takePage(sql.readRecords.iterate(document, after), maxBytes, null)
}

/** Marks after `after` without a gap; none when the next one has been removed. */
export function readMarks(sql: Statements, document: number, after: number, max: number): readonly Bytes[] {
  const marks = readPackedMarks(sql.marks, document, after, max)
  for (const { seq, id, signature } of sql.readMarks.iterate(document, after + marks.length, max - marks.length)) {
    if (seq !== after + marks.length + 1) break
    marks.push(concatBytes(id, signature))
  }
  return marks
}

export function readCommitments(sql: Statements, document: number): readonly (readonly [number, Bytes])[] {
  return sql.commitments.all(document).map(([epoch, commitment]) => [epoch, toBytes(commitment)] as const)
}

/** The first row whatever its size, then as many as fit. With `from`, ends at the first gap. */
function takePage(rows: Iterable<EntryRow>, maxBytes: number, from: number | null): readonly StoredEntry[] {
  const page: StoredEntry[] = []
  let bytes = 0
  for (const { seq, envelope } of rows) {
    if (envelope === null || (from !== null && seq !== from + page.length)) break
    bytes += envelope.length
    if (page.length > 0 && bytes > maxBytes) break
    page.push({ seq, envelope: toBytes(envelope) })
  }
  return page
}
