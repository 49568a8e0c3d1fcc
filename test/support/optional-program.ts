/**
 * Programs that a few suites try against the shipped files where they happen to be: servers that nobody wants installed, and started, by a
 * test run.
 *
 * @module
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where the program is; `null`, and a loud line, where it is not. Throws under `CI=true`: `.ci/run` installs it. */
export function findProgram(name: string, usedFor: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  for (const folder of folders) {
    try {
      const path = join(folder, name)
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here.
    }
  }
  if (process.env['CI'] === 'true') throw new Error(`${name} is not installed: ${usedFor} cannot be tested`)
  console.warn(`\n!! ${name} is not installed; SKIPPING ${usedFor}.\n`)
  return null
}
