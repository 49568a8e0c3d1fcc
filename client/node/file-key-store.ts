/**
 * A KeyStore in a directory of files that only their owner can read. Rule KM1; row I8.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { chmod, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesToHex, hexToBytes, SyncError, toBytes, type Bytes } from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'
import { Turns } from '../stores/turns.ts'
import { hasErrnoCode } from './errno.ts'
import { syncDirectory } from './sync-directory.ts'

const SUFFIX = '.key'

/**
 * Keys in `directory`, which is made (0700) if need be; each file is 0600, written whole and moved into place, so that a crash leaves the
 * old value or the new. Throws `KEY_STORE_EXPOSED` when others may read the directory or a file in it.
 */
export async function openFileKeyStore(directory: string): Promise<KeyStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await checkPrivate(directory)
  const pathOf = (name: string): string => join(directory, `${bytesToHex(new TextEncoder().encode(name))}${SUFFIX}`)
  const turns = new Turns()
  return {
    get: async (name) => {
      const path = pathOf(name)
      try {
        await checkPrivate(path)
        return toBytes(await readFile(path)).slice()
      } catch (error) {
        if (hasErrnoCode(error, 'ENOENT')) return null
        throw error
      }
    },
    set: (name, value) => {
      const copy = value.slice()
      return turns.take(() => writeKey(directory, pathOf(name), copy, rename))
    },
    add: (name, value) => {
      const copy = value.slice()
      return turns.take(() => writeKey(directory, pathOf(name), copy, linkIfFree))
    },
    delete: (name) => turns.take(() => rm(pathOf(name), { force: true })),
    list: async (prefix) => {
      const names: string[] = []
      for (const file of await readdir(directory)) {
        const bytes = file.endsWith(SUFFIX) ? hexToBytes(file.slice(0, -SUFFIX.length)) : null
        const name = bytes && new TextDecoder().decode(bytes)
        if (name !== null && name.startsWith(prefix)) names.push(name)
      }
      return names.toSorted()
    },
  }
}

type PutInPlace = (fresh: string, path: string) => Promise<void>

async function writeKey(directory: string, path: string, value: Bytes, putInPlace: PutInPlace): Promise<void> {
  const fresh = `${path}.${randomUUID()}.new`
  const file = await open(fresh, 'w', 0o600)
  try {
    await file.writeFile(value)
    await file.sync()
  } finally {
    await file.close()
  }
  await chmod(fresh, 0o600)
  await putInPlace(fresh, path)
  await syncDirectory(directory)
}

async function linkIfFree(fresh: string, path: string): Promise<void> {
  try {
    await link(fresh, path)
  } catch (error) {
    if (!hasErrnoCode(error, 'EEXIST')) throw error
  }
  await rm(fresh)
}

async function checkPrivate(path: string): Promise<void> {
  const { mode } = await stat(path)
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  throw new SyncError(
    'KEY_STORE_EXPOSED',
    `others can read ${path}: take their rights away (chmod go= "${path}") before keys are used`,
  )
}
