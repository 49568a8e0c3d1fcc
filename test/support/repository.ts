/**
 * The files of this repository as a reader sees them: what git tracks, or would.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The top of the repository. */
export const REPOSITORY_ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

/** Paths from the top of every file that is tracked or not ignored; throws outside a git checkout. */
export function listRepositoryFiles(): readonly string[] {
  const { status, stdout, stderr } = spawnSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: REPOSITORY_ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`git ls-files failed: ${stderr}`)
  return stdout.split('\0').filter((path) => path !== '' && existsSync(join(REPOSITORY_ROOT, path)))
}

/** The text of one file of the repository. */
export function readRepositoryFile(path: string): string {
  return readFileSync(join(REPOSITORY_ROOT, path), 'utf8')
}
