/**
 * What a backup leaves behind that does not come to its end: killed, without room, without the right to write.
 */
import Database from 'better-sqlite3'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { runRelayCommand, startRelayCommand } from '../support/command-line.ts'
import { programParameters, RELAY_MAIN } from '../support/program.ts'
import { REPOSITORY_ROOT } from '../support/repository.ts'
import { writeStoredLog } from '../support/stored-log.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

const MIB = 1 << 20

/** A relay's folder whose database is about so large. */
async function makeLargeData(mib: number): Promise<string> {
  const data = makeTemporaryFolder()
  const path = join(data, 'relay.db')
  await writeStoredLog(path, { entries: 10 })
  const db = new Database(path)
  db.exec('CREATE TABLE filler (bytes BLOB)')
  for (let i = 0; i < mib / 10; i++) db.prepare('INSERT INTO filler VALUES (randomblob(?))').run(10 * MIB)
  db.close()
  return data
}

it('[I2] [I8] kill -9 of a backup at many moments: the name is free or holds the whole, and the next backup tidies up', async () => {
  const data = await makeLargeData(120)
  const folder = makeTemporaryFolder()
  const to = join(folder, 'backup.db')
  const drafts = (): readonly string[] => readdirSync(folder).filter((name) => name.endsWith('.part'))
  let killedInTheMiddle = 0
  for (const share of [0, 0.2, 0.5, 0.9]) {
    const { child, finished } = startRelayCommand(['backup', '--data', data, '--to', to])
    await vi.waitUntil(
      () => drafts().some((name) => sizeOf(join(folder, name)) > share * 120 * MIB) || existsSync(to),
      {
        timeout: 60_000,
        interval: 1,
      },
    )
    child.kill('SIGKILL')
    await finished
    if (existsSync(to)) continue
    killedInTheMiddle += 1
    expect(drafts()).toHaveLength(1)
  }
  expect(killedInTheMiddle).toBeGreaterThan(0)
  const { exitCode } = await runRelayCommand(['backup', '--data', data, '--to', to, '--force'])
  expect([exitCode, readdirSync(folder)]).toEqual([0, ['backup.db']])
}, 300_000)

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}

/** Whether this system lets a test have a small disk of its own. */
const canMount =
  spawnSync('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' }).status === 0
if (!canMount) console.warn('!! no small disk can be mounted here: SKIPPING what happens on a full one')

/** Runs the command with a disk of its own at `disk`, and what lies there afterwards. */
function runOnDisk(
  disk: string,
  options: string,
  args: readonly string[],
): { code: number | null; error: string; left: string } {
  const command = [process.execPath, ...programParameters(RELAY_MAIN), ...args]
  const script = `mount -t tmpfs -o "$0" none "${disk}" && { "$@"; code=$?; ls -A "${disk}"; exit $code; }`
  const { status, stderr, stdout } = spawnSync('unshare', ['-Urm', 'sh', '-c', script, options, ...command], {
    cwd: REPOSITORY_ROOT,
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('Y_SEALED_'))),
    encoding: 'utf8',
  })
  return { code: status, error: stderr, left: stdout }
}

/** Exit code, what is left, and what it said, but for how far it was: it tells that where copying takes its time. */
function outcomeOf({ code, error, left }: ReturnType<typeof runOnDisk>): string {
  return `${code}, left ${left === '' ? 'nothing' : left}: ${error.replaceAll(/^copied .*\n/gm, '')}`
}

describe.skipIf(!canMount)('a backup leaves nothing', () => {
  function makeDisk(): string {
    const disk = join(makeTemporaryFolder(), 'disk')
    mkdirSync(disk)
    return disk
  }

  it('[I8] on a disk that has not the room, which it says before it begins', async () => {
    const data = await makeLargeData(20)
    const disk = makeDisk()
    const backup = runOnDisk(disk, 'size=8m', ['backup', '--data', data, '--to', join(disk, 'b.db')])
    expect(outcomeOf(backup)).toMatch(
      /^2, left nothing: error: there is no room for 2\d MiB in .*, nothing was kept: make room, or choose another disk\n$/,
    )
  })

  it('[H16] [I8] on a disk that is full in the middle (SQLITE_FULL)', async () => {
    const data = await makeLargeData(0)
    const path = join(data, 'relay.db')
    // What is in the journal alone does not show in the size of the file.
    const writer = new Database(path)
    onTestFinished(() => void writer.close())
    writer.pragma('wal_autocheckpoint = 0')
    writer.prepare('INSERT INTO filler VALUES (randomblob(?))').run(20 * MIB)
    const disk = makeDisk()
    const backup = runOnDisk(disk, 'size=8m', ['backup', '--data', data, '--to', join(disk, 'b.db')])
    expect(outcomeOf(backup)).toMatch(
      /^2, left nothing: error: there is no room in .*, nothing was kept: make room, or choose another disk\n$/,
    )
  })

  it('[I8] on a disk that cannot be written to', async () => {
    const data = await makeLargeData(0)
    const disk = makeDisk()
    const backup = runOnDisk(disk, 'ro', ['backup', '--data', data, '--to', join(disk, 'b.db')])
    expect(outcomeOf(backup)).toMatch(
      /^2, left nothing: error: no file can be made in .*: see that it is not full and that this user may write there/,
    )
  })

  it('[I8] and a restore that has no room leaves the database as it was', async () => {
    const from = join(await makeLargeData(20), 'relay.db')
    const disk = makeDisk()
    const restore = runOnDisk(disk, 'size=8m,mode=700', ['restore', '--data', disk, '--from', from])
    expect([restore.code, restore.left]).toEqual([2, 'relay.db.lock\n'])
    expect(restore.error).toContain('there is no room')
  })
})

it('[I8] says in one line what is wrong with the command', async () => {
  const folder = makeTemporaryFolder()
  const file = join(folder, 'text')
  writeFileSync(file, 'no database')
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [
      ['backup', '--data', folder],
      /^error: required option '--to <file>' not specified; see "y-sealed-relay backup --help"\n$/,
    ],
    [['restore', '--data', folder], /^error: required option '--from <file>' not specified/],
    [['audit', '--data', folder], /^error: there is no database .*relay\.db: give the relay’s folder with --data/],
    [['audit', '--db', file], /^error: .*text: it is no database, or damaged past reading\n$/],
    [['audit', '--db', file, '--document', 'x'], /^error: --document is no document id: it has 22 characters/],
  ]
  for (const [args, line] of cases) {
    const { exitCode, stderr } = await runRelayCommand(args)
    expect([exitCode === 1 || exitCode === 2, stderr]).toEqual([true, expect.stringMatching(line)])
  }
}, 60_000)
