/**
 * What `@aparajita/capacitor-secure-storage` does on a phone, without one: strings by name in a file, and a note of how each was asked to be kept.
 *
 * @module
 */
import type { SecureStorage } from '@y-sealed/client/capacitor'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

export interface TestSecureStorage extends SecureStorage {
  /** `sync` and `access` of every `set`. */
  readonly kept: readonly (readonly [sync: boolean | undefined, access: number | undefined])[]
}

export function openTestSecureStorage(path: string): TestSecureStorage {
  const load = (): Record<string, string> =>
    existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>) : {}
  const kept: [boolean | undefined, number | undefined][] = []
  return {
    kept,
    keys: () => Promise.resolve(Object.keys(load())),
    get: (key) => Promise.resolve(load()[key] ?? null),
    set: (key, data, _convertDate, sync, access) => {
      kept.push([sync, access])
      writeFileSync(path, JSON.stringify({ ...load(), [key]: data }))
      return Promise.resolve()
    },
    remove: (key) => {
      const { [key]: gone, ...rest } = load()
      writeFileSync(path, JSON.stringify(rest))
      return Promise.resolve(gone !== undefined)
    },
  }
}
