/**
 * A file that gets its name when it is whole: until then it has another one beside it, which says by whom it is made, so that what a killed
 * process left is known and taken away by the next. Row I8.
 *
 * @module
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

import { SettingsError } from '../ops/settings-error.ts'

export interface DraftFile {
  /** An empty file of mode 0600. */
  readonly path: string
  /** Gives it its name: durable on return. `mayReplace`: a file of that name makes room. */
  publish(mayReplace: boolean): void
  /** Takes it away, and whatever SQLite put beside it. After `publish` it does nothing. */
  discard(): void
}

/** SQLite's own files beside a database. */
const COMPANIONS = ['', '-journal', '-wal', '-shm'] as const

/** Throws `SettingsError` where there is no folder for it. */
export function createDraftFile(target: string): DraftFile {
  const folder = dirname(target)
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new SettingsError(`there is no folder ${folder}: make it first, with mode 700`)
  }
  discardLeftovers(folder)
  const path = `${target}.y-sealed-${process.pid}.part`
  makeEmptyFile(path)
  return {
    path,
    publish(mayReplace) {
      if (mayReplace) renameSync(path, target)
      else linkUnlessTaken(path, target)
      syncFolder(folder)
    },
    discard: () => removeDatabase(path),
  }
}

function makeEmptyFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
    chmodSync(path, 0o600)
  } catch (error) {
    const text = 'that it is not full and that this user may write there, or choose another folder'
    throw new SettingsError(`no file can be made in ${dirname(path)}: see ${text}`, { cause: error })
  }
}

/** Removes a database with its companions. */
function removeDatabase(path: string): void {
  for (const companion of COMPANIONS) rmSync(path + companion, { force: true })
}

/** A link, unlike a rename, fails when the name is taken; some file systems know none. */
function linkUnlessTaken(path: string, target: string): void {
  try {
    linkSync(path, target)
    rmSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(target)) throw takenError(target)
    renameSync(path, target)
  }
}

/** What to say when a name is taken. */
export function takenError(target: string): SettingsError {
  return new SettingsError(`${target} exists already: give another name, or --force to replace it`)
}

/** Drafts of processes that are no more, whatever they were to be called: names with a date never come again. */
function discardLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(/\.y-sealed-(\d{1,10})\.part$/.exec(name)?.[1])
    if (pid === process.pid || (pid > 0 && !isRunning(pid))) removeDatabase(join(folder, name))
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A name is durable once its folder is synced; Windows does that by itself, and refuses to. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
