/**
 * Packed marks as an audit reads them: as rows of entries without bodies, with the transcripts that follow from them.
 *
 * @module
 */
import { extendByMark, KIND, SIGNATURE_BYTES, toBytes, type Bytes } from '@y-sealed/protocol'
import type { Database } from 'better-sqlite3'

import { nodeSha512 } from '../node-sha512.ts'
import type { EntryRow } from './audit-reader.ts'
import { decodePlaces, markAt, sizeAt, transcriptBefore } from './mark-page.ts'
import { packedTranscript, prepareMarkStatements, type MarkPageRow } from './mark-pages.ts'

const ID_BYTES = 32

interface SessionRow {
  readonly device: Uint8Array
  readonly id: Uint8Array
}

export interface AuditMarks {
  /** In all documents. */
  readonly count: number
  /** After `after`, ascending; there may be gaps. */
  rowsAfter(document: number, after: number, max: number): readonly EntryRow[]
  transcriptAt(document: number, seq: number): Bytes | null
}

/** Throws when the tables are not those of the present format. */
export function prepareAuditMarks(db: Database): AuditMarks {
  const sql = prepareMarkStatements(db)
  const session = db.prepare<[number, number], SessionRow>(
    'SELECT device, id FROM sessions WHERE session = ? AND document = ?',
  )
  const count = db.prepare<[], number>('SELECT coalesce(sum(last - first + 1), 0) FROM mark_pages').pluck()
  return {
    get count() {
      return count.get() ?? 0
    },
    rowsAfter(document, after, max) {
      const rows: EntryRow[] = []
      for (const page of sql.behind.iterate(document, after)) {
        for (const row of pageToRows(page)) if (row.seq > after) rows.push(row)
        if (rows.length >= max) break
      }
      // One statement at a time reads on this connection.
      return rows.slice(0, max).map((row) => withSession(row, session.get(row.session, document)))
    },
    transcriptAt: (document, seq) => packedTranscript(nodeSha512, sql, document, seq),
  }
}

function pageToRows(page: MarkPageRow): readonly EntryRow[] {
  const marks = toBytes(page.marks)
  const rows: EntryRow[] = []
  const transcripts = toBytes(page.transcripts)
  let { transcript } = transcriptBefore(transcripts, 0)
  const places = decodePlaces(toBytes(page.places))
  for (const [index, { session, counter, kind }] of places.slice(0, page.last - page.first + 1).entries()) {
    const mark = markAt(marks, index)
    const stored = transcriptBefore(transcripts, index)
    // Where it stands it is given as it stands.
    transcript = stored.at === index ? stored.transcript : extendByMark(nodeSha512, transcript, mark)
    const grouped = kind === KIND.part ? 1 : 0
    const place = { seq: page.first + index, session, counter, kind, record: 0, grouped }
    const id = mark.subarray(0, ID_BYTES)
    const signature = mark.subarray(ID_BYTES, ID_BYTES + SIGNATURE_BYTES)
    const nobody = { device: null, sessionId: null }
    rows.push({ ...place, logBytes: 0, id, transcript, envelope: null, signature, ...nobody })
  }
  let { logBytes } = page
  return rows
    .toReversed()
    .map((row) => {
      const summed = { ...row, logBytes }
      logBytes -= sizeAt(marks, row.seq - page.first)
      return summed
    })
    .toReversed()
}

function withSession(row: EntryRow, session: SessionRow | undefined): EntryRow {
  if (session === undefined) return row
  return { ...row, device: toBytes(session.device), sessionId: toBytes(session.id) }
}
