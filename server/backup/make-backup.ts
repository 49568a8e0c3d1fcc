/**
 * A backup of a relay's database, while the relay runs: copied as of one moment, looked at, and only then given its name.
 *
 * @module
 */
import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { SettingsError } from '../ops/settings-error.ts'
import { createDraftFile, takenError } from './draft-file.ts'
import { makeVerifiedCopy, type VerifiedCopy } from './verified-copy.ts'

export interface BackupOptions {
  /** Folder of the relay's data. */
  readonly data: string
  readonly to: string
  /** Replace a file of that name. */
  readonly mayReplace?: boolean
  readonly acceptsFaults?: boolean
  readonly onCopied?: (done: number, all: number) => void
  readonly onAudited?: (done: number, all: number) => void
}

/** Makes it. Whatever goes wrong, no file of that name is left that is not whole. */
export async function makeBackup(options: BackupOptions): Promise<VerifiedCopy> {
  const { data, to, mayReplace = false, acceptsFaults = false, onCopied, onAudited } = options
  const from = join(data, 'relay.db')
  if (!existsSync(from)) throw new SettingsError(`there is no database in ${data}: give the relay’s folder with --data`)
  checkTarget(from, to, mayReplace)
  const draft = createDraftFile(to)
  try {
    const copy = await makeVerifiedCopy({
      from,
      to: draft.path,
      acceptsFaults,
      ...(onCopied !== undefined && { onCopied }),
      ...(onAudited !== undefined && { onAudited }),
    })
    draft.publish(mayReplace)
    return copy
  } finally {
    draft.discard()
  }
}

function checkTarget(from: string, to: string, mayReplace: boolean): void {
  const folder = dirname(to)
  const own = realpathSync(dirname(from))
  if (existsSync(folder) && realpathSync(folder) === own && basename(to).startsWith('relay.db')) {
    throw new SettingsError(`${to} is one of the relay’s own files: choose another name, best on another disk`)
  }
  if (!existsSync(to)) return
  if (!statSync(to).isFile()) throw new SettingsError(`${to} is no file: give the name that the backup is to have`)
  if (realpathSync(to) === join(own, 'relay.db')) throw new SettingsError(`${to} is the relay’s own database`)
  if (!mayReplace) throw takenError(to)
}
