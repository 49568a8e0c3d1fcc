/**
 * What a relay that was killed has on its disk, against what it has promised.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { expect } from 'vitest'

import type { CrashWriter } from './crash-writer.ts'

interface Row {
  readonly session: string
  readonly counter: number
  readonly seq: number
  readonly id: string
}

/** Entries of all documents as they stand on the disk. */
function readRows(path: string): readonly Row[] {
  const db = new Database(path, { readonly: true })
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    return db
      .prepare(
        'SELECT lower(hex(s.id)) AS session, counter, e.seq, lower(hex(e.id)) AS id FROM entries e JOIN sessions s USING (session)',
      )
      .all() as Row[]
  } finally {
    db.close()
  }
}

/** Acknowledged ⊆ stored ⊆ sent, each once and where it was promised. Gives how many stand there that were not acknowledged. */
export function expectKept(path: string, writers: readonly CrashWriter[]): number {
  const rows = readRows(path)
  let unasked = 0
  for (const writer of writers) {
    const { sent } = writer
    const stored = new Map<number, Row>()
    for (const row of rows.filter(({ session }) => session === writer.session)) {
      if (stored.has(row.counter)) throw new Error(`stored twice: ${row.counter}`)
      if (sent.get(row.counter) !== row.id) throw new Error(`stored, but never sent: ${row.counter}`)
      stored.set(row.counter, row)
    }
    const lost = [...writer.acknowledged].filter(([counter, seq]) => stored.get(counter)?.seq !== seq)
    expect(lost, 'acknowledged, but not stored there').toEqual([])
    unasked += stored.size - writer.acknowledged.size
  }
  return unasked
}
