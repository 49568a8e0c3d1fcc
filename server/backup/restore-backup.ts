/**
 * A backup put in the place of a relay's database. No relay runs meanwhile; what was there is kept beside it. There is no moment at which
 * a crash would leave the folder without a whole database under its name. Row I10.
 *
 * @module
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

import { makeSecretFolder } from '../ops/secret-file.ts'
import { SettingsError } from '../ops/settings-error.ts'
import { foldJournal } from '../store/sqlite/fold-journal.ts'
import { compareLogs, type LogComparison } from '../store/sqlite/compare-logs.ts'
import { noteLostHeads } from '../store/sqlite/note-lost.ts'
import { acquireProcessLock } from '../store/sqlite/process-lock.ts'
import { StoreError } from '../store/store-error.ts'
import { createDraftFile, syncFolder } from './draft-file.ts'
import { makeVerifiedCopy, type VerifiedCopy } from './verified-copy.ts'

export interface RestoreOptions {
  /** Folder of the relay's data; made where there is none. */
  readonly data: string
  readonly from: string
  /** Part of the name under which the replaced database is kept. */
  readonly nowMs: number
  readonly acceptsFaults?: boolean
  readonly onCopied?: (done: number, all: number) => void
  readonly onAudited?: (done: number, all: number) => void
}

export interface Restored extends VerifiedCopy {
  /** Where the database is that was there before; `null` when there was none. */
  readonly replaced: string | null
  /** What that one had and the backup has not; `null` when it cannot be said. */
  readonly lost: LogComparison | null
}

/** Does it, or rejects and leaves the database as it was. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { data, from, nowMs, acceptsFaults = false, onCopied, onAudited } = options
  if (!existsSync(from)) throw new SettingsError(`there is no file ${from}: give the backup with --from`)
  if (!statSync(from).isFile()) throw new SettingsError(`${from} is no file: give the backup with --from`)
  makeSecretFolder(data)
  const path = join(data, 'relay.db')
  if (existsSync(path) && realpathSync(path) === realpathSync(from)) {
    throw new SettingsError(`${from} is the relay’s own database: there is nothing to restore`)
  }
  const lock = lockFolder(data, path)
  try {
    const draft = createDraftFile(path)
    try {
      const copy = await makeVerifiedCopy({
        from,
        to: draft.path,
        acceptsFaults,
        ...(onCopied !== undefined && { onCopied }),
        ...(onAudited !== undefined && { onAudited }),
      })
      giveToOwner(data, draft.path)
      const aside = setAside(path, nowMs)
      if (aside?.isReadable === true) noteLostHeads(draft.path, aside.path)
      draft.publish(true)
      const lost = aside?.isReadable === true ? compareLogs(path, aside.path) : null
      return { ...copy, replaced: aside?.path ?? null, lost }
    } finally {
      draft.discard()
    }
  } finally {
    lock.release()
  }
}

/** No relay runs on the folder as long as it is held. Throws `STORE_LOCKED` where one does. */
export function lockFolder(data: string, path: string): { readonly release: () => void } {
  try {
    closeSync(openSync(`${path}.lock`, 'wx', 0o600))
    giveToOwner(data, `${path}.lock`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  try {
    return acquireProcessLock(`${path}.lock`)
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'STORE_LOCKED') throw error
    throw new StoreError('STORE_LOCKED', `a relay runs on ${data}: stop it first; nothing was changed`, error)
  }
}

/** Whoever restores as root restores for the user whose folder it is. */
function giveToOwner(data: string, path: string): void {
  chmodSync(path, 0o600)
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(data)
  chownSync(path, uid, gid)
}

/**
 * Gives the present database a second name, under which it is whole, and takes its journal out of the way of the new one, which it would
 * spoil. The first name stays until the new file takes it.
 */
function setAside(path: string, nowMs: number): { readonly path: string; readonly isReadable: boolean } | null {
  if (!existsSync(path)) return null
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const aside = `${path}.replaced-${stamp}`
  linkSync(path, aside)
  // Before SQLite sees them: where the database is past reading, it would take the journal for worthless.
  if (existsSync(`${path}-wal`)) linkSync(`${path}-wal`, `${aside}-wal`)
  syncFolder(dirname(path))
  const outcome = foldJournal(path)
  if (outcome !== 'unreadable') rmSync(`${aside}-wal`, { force: true })
  if (outcome === 'busy') {
    rmSync(aside)
    throw new StoreError('STORE_BUSY', `another program reads ${path}: wait for it or end it; nothing was changed`)
  }
  rmSync(`${path}-wal`, { force: true })
  rmSync(`${path}-shm`, { force: true })
  return { path: aside, isReadable: outcome === 'folded' }
}
