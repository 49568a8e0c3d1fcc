/**
 * Secrets lie in files of mode 0600 in folders of mode 0700, and nowhere else: no variable, no argument, no error holds one.
 * A file that others may read is refused, not quietly repaired: its secret may be known already. Rows I8, J6.
 *
 * @module
 */
import { chmodSync, linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'

import { SettingsError } from './settings-error.ts'

/** Makes the folder for secrets, readable by its owner alone. One that exists with wider rights is refused. */
export function makeSecretFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o077) === 0) return
  throw new SettingsError(
    `the folder ${path} is open to other users (mode ${mode.toString(8)}), who could replace the keys in it: run "chmod 700 ${path}"`,
  )
}

/**
 * The content of a secret file, or `null` when there is none. Throws {@link SettingsError} when others may read it or when
 * it cannot be read. `forbidden` are the rights that it must not have: a key that the relay did not make may be shared with
 * a group (0640 is how systems hand out TLS keys), but never with everybody.
 */
export function readSecretFile(path: string, forbidden = 0o077): Buffer | null {
  let mode: number
  try {
    mode = statSync(path).mode & 0o777
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new SettingsError(`the key file ${path} cannot be looked at: check the rights of its folder`, {
      cause: error,
    })
  }
  if ((mode & forbidden) !== 0) {
    throw new SettingsError(
      `the key file ${path} may be read by other users (mode ${mode.toString(8)}), so its key may be known to them: ` +
        `run "chmod 600 ${path}" if you are sure that it is not, or delete it to have a new one made`,
    )
  }
  try {
    return readFileSync(path)
  } catch (error) {
    throw new SettingsError(`the key file ${path} cannot be read: it must belong to the user who runs the relay`, {
      cause: error,
    })
  }
}

/**
 * Writes a secret file that must not exist yet, whole or not at all. False when somebody else was first, in which case theirs
 * stands.
 */
export function createSecretFile(path: string, content: string | Uint8Array): boolean {
  makeSecretFolder(dirname(path))
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx', flush: true })
  try {
    chmodSync(draft, 0o600)
    // A link, unlike a rename, fails when the name is taken.
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(draft)
  }
}

/** The content of a secret file, made with `make` on first use. */
export function loadSecretFile(path: string, make: () => string | Uint8Array): Buffer {
  const found = readSecretFile(path)
  if (found !== null) {
    makeSecretFolder(dirname(path))
    return found
  }
  createSecretFile(path, make())
  return readSecretFile(path) as Buffer
}
