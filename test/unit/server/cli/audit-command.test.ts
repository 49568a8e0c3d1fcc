import { bytesToBase64url, bytesToHex } from '@y-sealed/protocol'
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { EXPLANATIONS } from '../../../../server/audit/fault.ts'
import { createProgress } from '../../../../server/cli/progress.ts'
import { runRelayCommand } from '../../../support/command-line.ts'
import { writeStoredLog } from '../../../support/stored-log.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

/** Two documents, one of them damaged in one entry. */
async function prepare(): Promise<{ data: string; good: string; bad: string; badHex: string }> {
  const data = makeTemporaryFolder()
  const path = join(data, 'relay.db')
  const good = await writeStoredLog(path, { entries: 3 })
  const bad = await writeStoredLog(path, { entries: 5 })
  const db = new Database(path)
  db.exec('UPDATE entries SET transcript = zeroblob(32) WHERE seq = 5')
  db.close()
  const [goodId, badId] = [bytesToBase64url(good.document), bytesToBase64url(bad.document)]
  return { data, good: goodId, bad: badId, badHex: bytesToHex(bad.document) }
}

describe('y-sealed-relay audit', () => {
  it('[LO2] prints a line for each document, what each fault means and what to do, and ends with 1', async () => {
    const { data, good, bad } = await prepare()
    const { exitCode, stdout, stderr } = await runRelayCommand(['audit', '--data', data])
    const { meaning, advice } = EXPLANATIONS.TRANSCRIPT_WRONG
    expect([exitCode, stderr, stdout.split('\n')]).toEqual([
      1,
      '',
      [
        `ok    ${good}  members: 4 entries, 1 record, 2 signatures checked`,
        `FAULT ${bad}  members: 6 entries, 1 record, 2 signatures checked`,
        `      TRANSCRIPT_WRONG at 5: ${meaning} (recomputed otherwise from the entries)`,
        `      → ${advice}`,
        '',
        expect.stringMatching(
          /^2 documents, 10 entries, 2 records, 0 deleted documents; 4 signatures checked in [\d.]+ s \(\d+ entries a second\)\.$/,
        ),
        'NOT in order: 1 fault in 1 document. What each means and what to do stands above.',
        '',
      ],
    ])
  })

  it('[LO2] prints JSON lines, of one document where it is named', async () => {
    const { data, good, bad, badHex } = await prepare()
    const counts = {
      records: 1,
      unsigned: 0,
      unchecked: 5,
      trimmed: 0,
      snapshots: { published: 0, held: 0, attested: 0, disputed: 0 },
      mode: 'members',
      checks: 1,
    }
    const { exitCode, stdout } = await runRelayCommand([
      'audit',
      '--data',
      data,
      '--json',
      '--quick',
      '--document',
      badHex,
    ])
    expect([
      exitCode,
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ]).toEqual([
      1,
      [
        { type: 'document', document: bad, entries: 6, faults: 1, ...counts },
        {
          type: 'fault',
          document: bad,
          code: 'TRANSCRIPT_WRONG',
          seq: 5,
          detail: 'recomputed otherwise from the entries',
          ...EXPLANATIONS.TRANSCRIPT_WRONG,
        },
        expect.objectContaining({ type: 'summary', documents: 1, faultyDocuments: 1, faults: 1 }),
      ],
    ])
    const fine = await runRelayCommand(['audit', '--data', data, '--document', good])
    expect([fine.exitCode, fine.stdout]).toEqual([0, expect.stringMatching(/^ok .*\n\n[^]*In order\.\n$/)])
    const none = await runRelayCommand(['audit', '--data', data, '--document', 'A'.repeat(21) + 'Q'])
    expect([none.exitCode, none.stderr]).toEqual([2, expect.stringMatching(/^error: there is no such document/)])
  })

  it('[J3] tells how far it is every two seconds, and nothing of what is done sooner', () => {
    const lines: string[] = []
    let nowMs = 0
    const tell = createProgress(
      (line) => lines.push(line),
      () => nowMs,
    )
    for (nowMs = 0; nowMs <= 5000; nowMs += 500) tell('checked', 'entries', nowMs, 5000)
    tell('copied', 'MiB', 5 << 20, 10 << 20)
    expect(lines).toEqual(['checked 2000 of 5000 entries (40 %)', 'checked 4000 of 5000 entries (80 %)'])
  })
})
