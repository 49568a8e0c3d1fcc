import Database from 'better-sqlite3'
import { chownSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { auditDatabase } from '../../../../server/audit/audit-database.ts'
import { makeBackup } from '../../../../server/backup/make-backup.ts'
import { restoreBackup } from '../../../../server/backup/restore-backup.ts'
import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { toFormat } from '../../../support/old-format.ts'
import { writeStoredLog } from '../../../support/stored-log.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

const nowMs = Date.UTC(2026, 10, 22, 9, 30)
const ASIDE = 'relay.db.replaced-20261122T093000Z'

/** A relay's folder with one document, and a backup of it. */
async function prepare(): Promise<{ data: string; path: string; from: string }> {
  const data = makeTemporaryFolder()
  const path = join(data, 'relay.db')
  await writeStoredLog(path, { entries: 20 })
  const from = join(makeTemporaryFolder(), 'backup.db')
  await makeBackup({ data, to: from })
  return { data, path, from }
}

describe('restore', () => {
  it('[I7] puts the backup in place, keeps what was there, and says what clients will miss', async () => {
    const { data, path, from } = await prepare()
    const deleted = await writeStoredLog(path, { entries: 5 })
    await makeBackup({ data, to: from, mayReplace: true })
    const store = openSqliteStore({ path })
    await store.remove(deleted.document)
    await store.close()
    await writeStoredLog(path, { entries: 9 })
    const db = new Database(path)
    db.exec(`INSERT INTO entries SELECT document, 22, session, 22, kind, record, grouped, log_bytes, id, transcript, envelope, at, signature
             FROM entries WHERE seq = 21`)
    db.close()
    const { replaced, lost, summary } = await restoreBackup({ data, from, nowMs })
    expect([replaced, summary.entries]).toEqual([join(data, ASIDE), 27])
    expect(lost).toEqual({ shortened: 1, lostEntries: 11, missing: 1, undeleted: 1 })
    expect(await auditDatabase({ path })).toMatchObject({ documents: 2, entries: 27, faults: 0 })
    expect((await auditDatabase({ path: join(data, ASIDE) })).entries).toBe(32)
    expect(readdirSync(data).sort()).toEqual(['relay.db', 'relay.db.lock', ASIDE])
  })

  it('[I8] into a folder that is not there makes folder and file for their owner alone', async () => {
    const { from } = await prepare()
    const data = join(makeTemporaryFolder(), 'data')
    expect(await restoreBackup({ data, from, nowMs })).toMatchObject({ replaced: null, lost: null })
    const modes = ['.', 'relay.db', 'relay.db.lock'].map((name) =>
      (statSync(join(data, name)).mode & 0o777).toString(8),
    )
    expect(modes).toEqual(['700', '600', '600'])
    const store = openSqliteStore({ path: join(data, 'relay.db') })
    await store.close()
  })

  it.skipIf(process.getuid?.() !== 0)('[I8] by root gives the files to whom the folder belongs', async () => {
    const { data, path, from } = await prepare()
    chownSync(data, 1234, 1234)
    await restoreBackup({ data, from, nowMs })
    expect([statSync(path).uid, statSync(path).gid]).toEqual([1234, 1234])
  })

  it('[I7] keeps a database that is past reading as it is, with its journal', async () => {
    const { data, path, from } = await prepare()
    writeFileSync(path, 'not a database'.repeat(1000))
    writeFileSync(`${path}-wal`, 'nor its journal')
    expect(await restoreBackup({ data, from, nowMs })).toMatchObject({ replaced: join(data, ASIDE), lost: null })
    expect(readFileSync(join(data, ASIDE), 'ascii')).toContain('not a database')
    expect(readFileSync(join(data, `${ASIDE}-wal`), 'ascii')).toBe('nor its journal')
    expect(existsSync(`${path}-wal`)).toBe(false)
    expect((await auditDatabase({ path })).faults).toBe(0)
  })

  it('[I4] brings a backup of an earlier format up to date, which audit alone does not read', async () => {
    const { data, path, from } = await prepare()
    const db = new Database(from)
    toFormat(db, 1)
    db.close()
    await expect(auditDatabase({ path: from })).rejects.toMatchObject({
      code: 'STORE_FOREIGN',
      message: /earlier version/,
    })
    await restoreBackup({ data, from, nowMs })
    expect(await auditDatabase({ path })).toMatchObject({ entries: 21, faults: 0 })
  })
})

describe('restore refuses, and changes nothing,', () => {
  async function expectRefusal(data: string, from: string, refusal: object): Promise<void> {
    const files = readdirSync(data)
    const before = readFileSync(join(data, 'relay.db'))
    await expect(restoreBackup({ data, from, nowMs })).rejects.toMatchObject(refusal)
    expect(readFileSync(join(data, 'relay.db')).equals(before)).toBe(true)
    expect(readdirSync(data)).toEqual(files)
  }

  it('[I10] while a relay has the database open', async () => {
    const { data, path, from } = await prepare()
    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    await expectRefusal(data, from, { code: 'STORE_LOCKED', message: /a relay runs on .*stop it first/ })
    expect((await store.status([new Uint8Array(16)]))[0]).toBe(null)
  })

  it('[I10] while another program reads the database, whose journal is still needed', async () => {
    const { data, path, from } = await prepare()
    const [reader, writer] = [new Database(path), new Database(path)]
    onTestFinished(() => void [reader, writer].map((db) => db.close()))
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM entries').get()
    writer.pragma('wal_autocheckpoint = 0')
    writer.exec('DELETE FROM entries WHERE seq = 21')
    await expectRefusal(data, from, { code: 'STORE_BUSY', message: /another program reads/ })
    expect((await auditDatabase({ path })).entries).toBe(20)
  })

  it('[LO2] of a backup with a fault, unless it is accepted', async () => {
    const { data, from } = await prepare()
    const db = new Database(from)
    db.exec('UPDATE entries SET log_bytes = 1 WHERE seq = 9')
    db.close()
    await expectRefusal(data, from, { code: 'AUDIT_FAULT', message: /BYTES_WRONG at entry 9/ })
    const { fault } = await restoreBackup({ data, from, nowMs, acceptsFaults: true })
    expect(fault).toMatchObject({ code: 'BYTES_WRONG', seq: 9 })
  })

  it('[I8] of what is no backup', async () => {
    const { data, path, from } = await prepare()
    const other = join(makeTemporaryFolder(), 'other.db')
    new Database(other).exec('CREATE TABLE notes (text)').close()
    const text = join(makeTemporaryFolder(), 'text')
    writeFileSync(text, 'hello '.repeat(1000))
    const half = join(makeTemporaryFolder(), 'half.db')
    copyFileSync(from, half)
    writeFileSync(half, readFileSync(from).subarray(0, 20_000))
    await expectRefusal(data, other, { code: 'STORE_FOREIGN', message: /another application/ })
    await expectRefusal(data, text, {
      code: 'STORE_CORRUPT',
      message: new RegExp(`${text} cannot be taken, nothing was kept`),
    })
    await expectRefusal(data, half, { code: expect.stringMatching(/STORE_CORRUPT|AUDIT_FAULT/) as string })
    await expectRefusal(data, path, { message: /nothing to restore/ })
    await expectRefusal(data, join(data, 'no.db'), { message: /there is no file/ })
    await expectRefusal(data, data, { message: /is no file/ })
  })
})
