import Database from 'better-sqlite3'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { auditDatabase } from '../../../../server/audit/audit-database.ts'
import { makeBackup } from '../../../../server/backup/make-backup.ts'
import { writeStoredLog } from '../../../support/stored-log.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

/** A relay's folder with one document, and an empty folder for backups. */
async function prepare(entries = 20): Promise<{ data: string; folder: string; to: string }> {
  const data = makeTemporaryFolder()
  await writeStoredLog(join(data, 'relay.db'), { entries })
  const folder = makeTemporaryFolder()
  return { data, folder, to: join(folder, 'backup.db') }
}

function changeBytes(path: string, sql: string): void {
  const db = new Database(path)
  db.exec(sql)
  db.close()
}

describe('a backup', () => {
  it('[I8] is one whole file of mode 0600 with everything in it, whatever the umask', async () => {
    const { data, folder, to } = await prepare()
    const umask = process.umask(0)
    onTestFinished(() => void process.umask(umask))
    const { summary, fault, bytes } = await makeBackup({ data, to })
    expect([summary.documents, summary.entries, fault, bytes]).toEqual([1, 21, null, statSync(to).size])
    expect(readdirSync(folder)).toEqual(['backup.db'])
    expect((statSync(to).mode & 0o777).toString(8)).toBe('600')
    const db = new Database(to, { readonly: true })
    expect(db.pragma('journal_mode', { simple: true })).toBe('delete')
    db.close()
    expect(await auditDatabase({ path: to })).toMatchObject({ entries: 21, faults: 0 })
  })

  it('[I8] holds what is still in the journal alone', async () => {
    const { data, to } = await prepare()
    const writer = new Database(join(data, 'relay.db'))
    onTestFinished(() => void writer.close())
    writer.pragma('wal_autocheckpoint = 0')
    writer.exec('DELETE FROM entries WHERE seq = 21')
    expect(statSync(join(data, 'relay.db-wal')).size).toBeGreaterThan(0)
    expect((await makeBackup({ data, to })).summary.entries).toBe(20)
  })

  it('[I8] is of the moment when it began, and commits meanwhile do not make it begin anew', async () => {
    const { data, to } = await prepare(5000)
    const writer = new Database(join(data, 'relay.db'))
    onTestFinished(() => void writer.close())
    const drop = writer.prepare('DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)')
    const copied: number[] = []
    const { summary } = await makeBackup({
      data,
      to,
      onCopied(done) {
        copied.push(done)
        drop.run()
      },
    })
    expect(copied.length).toBeGreaterThan(1)
    expect(copied).toEqual(copied.toSorted((a, b) => a - b))
    expect(summary.entries).toBe(5001)
  })

  it('[I8] tells how far it is, to the end of both its halves', async () => {
    const { data, to } = await prepare(3000)
    const told: string[] = []
    const tell =
      (what: string) =>
      (done: number, all: number): void =>
        void told.push(`${what} ${done <= all} ${done === all}`)
    await makeBackup({ data, to, onCopied: tell('copied'), onAudited: tell('audited') })
    expect([...new Set(told)]).toEqual(['copied true false', 'audited true false', 'audited true true'])
  })

  it('[I8] takes away what a killed backup left, and leaves alone what another one is making', async () => {
    const { data, folder, to } = await prepare()
    const alive = `backup.db.y-sealed-${process.ppid}.part`
    // No process has so high a number.
    const dead = 'yesterday.db.y-sealed-4194999.part'
    for (const name of [dead, `${dead}-journal`, alive, 'film.part']) writeFileSync(join(folder, name), 'left')
    await makeBackup({ data, to })
    expect(readdirSync(folder)).toEqual(['backup.db', alive, 'film.part'])
  })
})

describe('a backup is refused', () => {
  it('[I8] for a name that is taken, unless it may be replaced', async () => {
    const { data, folder, to } = await prepare()
    writeFileSync(to, 'precious')
    await expect(makeBackup({ data, to })).rejects.toMatchObject({ code: 'BAD_SETTINGS', message: /--force/ })
    expect([readFileSync(to, 'ascii'), readdirSync(folder)]).toEqual(['precious', ['backup.db']])
    await makeBackup({ data, to, mayReplace: true })
    expect((await auditDatabase({ path: to })).entries).toBe(21)
    expect(readdirSync(folder)).toEqual(['backup.db'])
  })

  it('[I8] for a name that was taken while it was made', async () => {
    const { data, folder, to } = await prepare()
    const backup = makeBackup({ data, to, onAudited: () => writeFileSync(to, 'precious') })
    await expect(backup).rejects.toMatchObject({ code: 'BAD_SETTINGS', message: /--force/ })
    expect([readFileSync(to, 'ascii'), readdirSync(folder)]).toEqual(['precious', ['backup.db']])
  })

  it.each(['relay.db', 'relay.db-wal', 'relay.db.lock'])(
    '[I8] for the relay’s own %s, by whatever path',
    async (name) => {
      const { data } = await prepare()
      const before = readFileSync(join(data, 'relay.db'))
      mkdirSync(join(data, 'keys'))
      for (const to of [join(data, name), `${data}/keys/../${name}`]) {
        await expect(makeBackup({ data, to, mayReplace: true })).rejects.toMatchObject({ message: /own files/ })
      }
      expect(readFileSync(join(data, 'relay.db')).equals(before)).toBe(true)
    },
  )

  it('[I8] without a folder to put it, for a folder as its name, and without a database', async () => {
    const { data, folder, to } = await prepare()
    await expect(makeBackup({ data, to: join(folder, 'no/b.db') })).rejects.toMatchObject({
      message: /there is no folder/,
    })
    await expect(makeBackup({ data, to: folder })).rejects.toMatchObject({ message: /is no file/ })
    await expect(makeBackup({ data: folder, to })).rejects.toMatchObject({ message: /there is no database in/ })
    expect(readdirSync(folder)).toEqual([])
  })

  it('[LO2] of a database with a fault, which it names; accepted, it is taken', async () => {
    const { data, folder, to } = await prepare()
    changeBytes(join(data, 'relay.db'), `UPDATE entries SET transcript = zeroblob(32) WHERE seq = 7`)
    await expect(makeBackup({ data, to })).rejects.toMatchObject({
      code: 'AUDIT_FAULT',
      message: /not in order, nothing was kept: TRANSCRIPT_WRONG at entry 7: .*--accept-faults/,
    })
    expect(readdirSync(folder)).toEqual([])
    const { fault } = await makeBackup({ data, to, acceptsFaults: true })
    expect(fault).toMatchObject({ code: 'TRANSCRIPT_WRONG', seq: 7 })
    expect(readdirSync(folder)).toEqual(['backup.db'])
  })

  it('[I2] of a database that breaks its own rules, even where faults are accepted', async () => {
    const { data, folder, to } = await prepare()
    changeBytes(join(data, 'relay.db'), 'PRAGMA ignore_check_constraints = ON; UPDATE documents SET mode = 1')
    const refusal = { code: 'AUDIT_FAULT', message: /DATABASE_DAMAGED: .*CHECK constraint failed in documents/ }
    await expect(makeBackup({ data, to, acceptsFaults: true })).rejects.toMatchObject(refusal)
    expect(readdirSync(folder)).toEqual([])
  })

  it('[I2] of a database whose pages are damaged, even where faults are accepted', async () => {
    const { data, folder, to } = await prepare(500)
    const path = join(data, 'relay.db')
    const bytes = readFileSync(path)
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 4096)
    writeFileSync(path, bytes)
    const refusal: unknown = await makeBackup({ data, to, acceptsFaults: true }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: expect.stringMatching(/^(?:AUDIT_FAULT|STORE_CORRUPT)$/) as string })
    expect((refusal as Error).message).toMatch(/nothing was kept/)
    expect(readdirSync(folder)).toEqual([])
  })
})
