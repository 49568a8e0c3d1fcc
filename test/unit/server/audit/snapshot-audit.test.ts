/**
 * The audit's look at snapshots and at a log that was trimmed, in a database that the core of a relay wrote; and its positive controls.
 */
import Database from 'better-sqlite3'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

import { auditDatabase } from '../../../../server/audit/audit-database.ts'
import type { DocumentReport } from '../../../../server/audit/document-audit.ts'
import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { documentToText } from '../../../../server/cli/audit-text.ts'
import { SnapshotWorld } from '../../../support/snapshot-world.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'
import { createTestClock } from '../../../support/tokens.ts'

const DAY_MS = 86_400_000

/** A database with a document that has three snapshots, two of them attested, one disputed, trimmed as far as that goes. */
async function makeDatabase(
  options: { readonly isDisputed?: boolean; readonly updates?: number; readonly days?: number } = {},
): Promise<string> {
  const path = join(makeTemporaryFolder(), 'relay.db')
  const clock = createTestClock()
  const store = openSqliteStore({ path, now: () => clock.now() })
  const scene = await SnapshotWorld.start(options.updates ?? 9, { clock, store, isOnDisk: true })
  await scene.mustAttested(scene.alice, { seq: 5, size: 100_000 })
  await scene.write(5)
  const second = await scene.mustAttested(scene.alice)
  if (options.isDisputed === true) await scene.attest(await scene.other(), second, 'different')
  if (options.days !== undefined) {
    await scene.write(5)
    await scene.mustAttested(scene.alice)
    await scene.write(5)
    await scene.mustAttested(scene.alice)
  }
  await scene.must(scene.alice)
  clock.advance((options.days ?? 8) * DAY_MS)
  const trimmed = scene.world.room.trim()
  for (let turn = 0; turn < 200; turn++) await scene.world.pass(20, 20)
  await trimmed
  scene.world.room.close()
  await store.close()
  return path
}

async function audit(path: string): Promise<DocumentReport> {
  const reports: DocumentReport[] = []
  await auditDatabase({ path, onDocument: (report) => reports.push(report) })
  return reports[0] as DocumentReport
}

async function codesOf(path: string): Promise<string[]> {
  const { faults } = await audit(path)
  return [...new Set(faults.map(({ code }) => code))]
}

it('[LO11] [LO13] [LO15] finds a trimmed log with its snapshots in order, and says who vouches for them', async () => {
  const report = await audit(await makeDatabase())
  expect(report).toMatchObject({
    trimmed: 4,
    snapshots: { published: 3, held: 3, attested: 2, disputed: 0 },
    faults: [],
  })
  expect(documentToText(report)).toContain('4 trimmed, 3 snapshots published (3 held, 2 attested)')
  const disputed = await audit(await makeDatabase({ isDisputed: true }))
  expect(disputed).toMatchObject({ trimmed: 0, snapshots: { attested: 2, disputed: 1 }, faults: [] })
  expect(documentToText(disputed)).toContain('1 DISPUTED')
})

const BYTE = (column: string, at = 9): string =>
  `${column} = CAST(substr(${column}, 1, ${at}) || iif(substr(${column}, ${at + 1}, 1) = x'5a', x'a5', x'5a') || substr(${column}, ${at + 2}) AS BLOB)`
/** What stands in a page of marks before the third. */
const TWO_MARKS = 200

const UNKNOWN_TRANSCRIPT = 'PUBLICATIONS_WRONG, SEEN_WRONG, TRANSCRIPT_WRONG'

/** What is done to a sound database, and what the audit says then. */
const DAMAGES: readonly (readonly [string, string, string])[] = [
  ['a byte of a snapshot', `UPDATE chunks SET ${BYTE('bytes')} WHERE row = 1`, 'SNAPSHOT_WRONG'],
  ['the header of a snapshot', `UPDATE chunks SET ${BYTE('bytes')} WHERE row = 0`, 'SNAPSHOT_WRONG'],
  ['a row of a snapshot that is gone', 'DELETE FROM chunks WHERE row = 1', 'SNAPSHOT_WRONG'],
  ['a snapshot under another’s name', `UPDATE snapshots SET ${BYTE('id')}`, 'SNAPSHOT_WRONG'],
  [
    'a publication’s name',
    `UPDATE publications SET ${BYTE('id')} WHERE seq > 12`,
    'PUBLICATIONS_WRONG, SNAPSHOT_WRONG',
  ],
  ['a publication’s place', 'UPDATE publications SET seq = 6 WHERE seq = 5', 'PUBLICATIONS_WRONG, SNAPSHOT_WRONG'],
  [
    'a publication’s transcript',
    `UPDATE publications SET ${BYTE('transcript')} WHERE seq = 5`,
    'PUBLICATIONS_WRONG, SNAPSHOT_WRONG',
  ],
  ['a publication’s digest', `UPDATE publications SET ${BYTE('digest')} WHERE seq = 5`, 'PUBLICATIONS_WRONG'],
  ['a publication’s parent', `UPDATE publications SET ${BYTE('parent')} WHERE seq > 5`, 'PUBLICATIONS_WRONG'],
  ['a publication without its row', 'DELETE FROM publications WHERE attested = 0', 'PUBLICATIONS_WRONG'],
  ['an attestation without its row', 'DELETE FROM attestations WHERE attested > 13', 'ATTESTATIONS_WRONG'],
  [
    'an attestation of nobody’s',
    'UPDATE attestations SET attested = attested - 1 WHERE attested > 13',
    'ATTESTATIONS_WRONG',
  ],
  ['a dispute of nobody’s', 'UPDATE publications SET disputed = published + 1 WHERE seq = 5', 'ATTESTATIONS_WRONG'],
  ['a writer that is missing', 'DELETE FROM writers', 'WRITERS_WRONG'],
  ['a base that is too high', 'UPDATE documents SET base = base + 1', 'TRIM_WRONG'],
  ['a base that is too low', 'UPDATE documents SET base = base - 1', 'TRIM_WRONG'],
  ['bytes trimmed that were not', 'UPDATE documents SET trimmed_bytes = trimmed_bytes + 1', 'TRIM_WRONG'],
  // With a mark goes T behind it in its page, and what refers to it.
  ['a mark’s signature', `UPDATE mark_pages SET ${BYTE('marks', TWO_MARKS + 40)}`, UNKNOWN_TRANSCRIPT],
  ['a mark’s id', `UPDATE mark_pages SET ${BYTE('marks', TWO_MARKS + 9)}`, UNKNOWN_TRANSCRIPT],
  ['a page’s transcript', `UPDATE mark_pages SET ${BYTE('transcript')}`, UNKNOWN_TRANSCRIPT],
]

it('[LO11] [LO15] finds a log in order whose marks are forgotten, and with them all publications but the one that another follows', async () => {
  const report = await audit(await makeDatabase({ days: 100 }))
  // Of five the first is not known any more.
  expect(report).toMatchObject({ trimmed: 0, snapshots: { published: 4, held: 3, attested: 3 }, faults: [] })
})

it('[LO10] [LO11] [LO13] [LO15] names what was turned, taken away or put in', { timeout: 60_000 }, async () => {
  const path = await makeDatabase()
  const copy = `${path}.copy`
  const found: Record<string, string> = {}
  for (const [what, sql] of DAMAGES) {
    copyFileSync(path, copy)
    const db = new Database(copy)
    db.pragma('foreign_keys = OFF')
    db.pragma('ignore_check_constraints = ON')
    const { changes } = db.prepare(sql).run()
    if (changes === 0) throw new Error(`nothing to damage: ${what}`)
    db.close()
    found[what] = (await codesOf(copy)).toSorted().join(', ')
  }
  expect(found).toEqual(Object.fromEntries(DAMAGES.map(([what, , codes]) => [what, codes])))
})
