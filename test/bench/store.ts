/**
 * P6: durable appends. Acknowledged updates a second through the store, against better-sqlite3 alone writing the same
 * rows in the same batches with the same sync, in the same run; and how long a commit holds up the event loop.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import Database from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'

import type { AppendUnit, Head, Store } from '../../server/core/ports.ts'
import { openSqliteStore } from '../../server/store/sqlite/store.ts'
import { createTestDocument, Writer } from '../contract/append-units.ts'
import { compareRow, type BenchRow } from './bench-row.ts'
import { median } from './figures.ts'

/** A typical sealed update: 208 bytes of envelope and 128 of padded content. */
const ENVELOPE_BYTES = 336

interface Case {
  readonly documents: number
  readonly inFlight: number
  readonly updates: number
}

interface Outcome {
  readonly perSecond: number
  readonly delayP99Ms: number
}

/** Rows P6: one case per (documents, in flight), each the median of its runs after one that is not counted. */
export async function benchStore({ quick }: { readonly quick: boolean }): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const documents of [1, 1000]) {
    for (const inFlight of [1, 64, 1024]) {
      const updates = (inFlight === 1 ? 1000 : 32_768) / (quick ? 8 : 1)
      rows.push(...(await benchCase({ documents, inFlight, updates }, quick ? 3 : 7)))
    }
  }
  return rows
}

async function benchCase(work: Case, runs: number): Promise<BenchRow[]> {
  const store: Outcome[] = []
  const alone: number[] = []
  for (let run = 0; run <= runs; run++) {
    await inTemporaryDirectory(async (directory) => {
      const outcome = await runStore(directory, work)
      const baseline = runAlone(directory, work.inFlight)
      if (run === 0) return
      store.push(outcome)
      alone.push(baseline)
    })
  }
  const value = median(store.map(({ perSecond }) => perSecond))
  const baseline = median(alone)
  const name = `${work.documents} documents, ${work.inFlight} in flight`
  return [
    compareRow('P6', `durable appends, ${name}`, '1/s', value, 'better-sqlite3 alone', baseline),
    { row: 'P6', name: `event-loop delay p99, ${name}`, value: median(store.map((run) => run.delayP99Ms)), unit: 'ms' },
  ]
}

/** As many chains of pushes as are in flight, each pushing its next when the last is acknowledged. */
async function runStore(directory: string, { documents, inFlight, updates }: Case): Promise<Outcome> {
  const store = openSqliteStore({ path: join(directory, 'store.sqlite') })
  const pushes = await prepareUnits(store, documents, inFlight, updates)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  await Promise.all(
    pushes.map(async (units) => {
      // As live clients do, each names the newest head that it knows of its document.
      const heads = new Map<Bytes, Head>()
      for (const unit of units) {
        const head = heads.get(unit.document)
        const [result] = await store.append([head === undefined ? unit : withSeen(unit, head)])
        if (result?.status !== 'stored') throw new Error(`not stored: ${result?.status}`)
        heads.set(unit.document, result.head)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1000
  delay.disable()
  await store.close()
  return { perSecond: updates / seconds, delayP99Ms: delay.percentile(99) / 1e6 }
}

function withSeen(unit: AppendUnit, { seq, transcript }: Head): AppendUnit {
  return { ...unit, entries: [{ ...unit.entries[0], seenSeq: seq, seenTranscript: transcript.subarray(0, 16) }] }
}

/** Sessions spread over the documents, their units made beforehand: only the store is measured. */
async function prepareUnits(
  store: Store,
  documents: number,
  inFlight: number,
  updates: number,
): Promise<AppendUnit[][]> {
  const made = []
  for (let i = 0; i < documents; i++) made.push(createTestDocument(store, 'shared-key'))
  const created = await Promise.all(made)
  const perPush = Math.ceil(updates / inFlight)
  return Array.from({ length: inFlight }, (_, push) => {
    // A chain of pushes goes round its share of the documents, with one session in each.
    const writers = created
      .filter((_, index) => index % inFlight === push % documents)
      .map(({ id, creator }) => new Writer(id, creator.seen))
    return Array.from({ length: perPush }, (_, i) =>
      (writers[i % writers.length] as Writer).unit({ size: ENVELOPE_BYTES }),
    )
  })
}

/** The rows that the store wrote, once more by the driver alone: no judgement, no promise, no check, no foreign key. */
function runAlone(directory: string, inFlight: number): number {
  const rows = readRows(join(directory, 'store.sqlite'))
  const db = new Database(join(directory, 'alone.sqlite'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(`CREATE TABLE entries (
    document INTEGER, seq INTEGER, session INTEGER, counter INTEGER, kind INTEGER, record INTEGER, grouped INTEGER,
    log_bytes INTEGER, id BLOB, transcript BLOB, envelope BLOB, UNIQUE (document, seq), UNIQUE (session, counter)) STRICT`)
  const insert = db.prepare<Row>('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const writeBatch = db.transaction((batch: readonly Row[]) => {
    for (const row of batch) insert.run(...row)
  })
  const start = performance.now()
  const batch = Math.min(inFlight, 256)
  for (let from = 0; from < rows.length; from += batch) writeBatch.immediate(rows.slice(from, from + batch))
  const seconds = (performance.now() - start) / 1000
  db.close()
  return rows.length / seconds
}

type Row = [number, number, number, number, number, number, number, number, Uint8Array, Uint8Array, Uint8Array]

function readRows(path: string): Row[] {
  const db = new Database(path)
  const rows = db
    .prepare<[], Row>(
      'SELECT document, seq, session, counter, kind, record, grouped, log_bytes, id, transcript, envelope FROM entries WHERE record = 0 ORDER BY rowid',
    )
    .raw()
    .all()
  db.close()
  return rows
}

async function inTemporaryDirectory<Result>(run: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'y-sealed-bench-'))
  try {
    return await run(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
