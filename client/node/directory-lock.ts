/**
 * One process at a time in a directory: a file with the process's number in it, which counts for nothing once that process has died.
 *
 * @module
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SyncError } from '@y-sealed/protocol'
import { hasErrnoCode } from './errno.ts'

/** Locks that this process holds: its own number in a file can also be that of one that died before it. */
const held = new Set<string>()

/** Takes the lock; the result gives it up. Throws `STORAGE_IN_USE` while another holds it. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'lock')
  if (held.has(path)) throw inUse(path, process.pid)
  held.add(path)
  try {
    while (!(await makeLock(path))) await clearDead(path)
  } catch (error) {
    held.delete(path)
    throw error
  }
  return async () => {
    if (held.delete(path)) await rm(path, { force: true })
  }
}

/** The file appears with the number in it, or not at all. */
async function makeLock(path: string): Promise<boolean> {
  const fresh = `${path}.${process.pid}.new`
  await writeFile(fresh, String(process.pid), { mode: 0o600 })
  try {
    await link(fresh, path)
    return true
  } catch (error) {
    if (hasErrnoCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(fresh, { force: true })
  }
}

async function clearDead(path: string): Promise<void> {
  const aside = `${path}.${process.pid}.dead`
  try {
    checkDead(path, await readFile(path, 'utf8'))
    // Of several processes that find it dead only one moves it, and sees if it was still the same.
    await rename(path, aside)
    const moved = await readFile(aside, 'utf8')
    if (isAlive(Number(moved))) await link(aside, path)
    checkDead(path, moved)
  } catch (error) {
    if (!hasErrnoCode(error, 'ENOENT')) throw error
  } finally {
    await rm(aside, { force: true })
  }
}

function checkDead(path: string, pid: string): void {
  if (isAlive(Number(pid))) throw inUse(path, Number(pid))
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !hasErrnoCode(error, 'ESRCH')
  }
}

function inUse(path: string, pid: number): SyncError {
  return new SyncError(
    'STORAGE_IN_USE',
    `process ${pid} uses this directory: end it, or, if it is another program's, remove ${path}`,
  )
}
