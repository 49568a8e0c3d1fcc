/**
 * Packages that only an import of somebody else's database needs: the app that has such a database has them too, and nobody else shall install
 * a native module for it.
 *
 * @module
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MigrateError } from './migrate-error.ts'

/** From beside this client, else from the folder that the command runs in. Throws `READER_MISSING`, with what to type. */
export async function importOptional(name: string, reads: string): Promise<unknown> {
  try {
    return await import(name)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  try {
    const require = createRequire(join(process.cwd(), 'y-sealed.js'))
    return await import(pathToFileURL(require.resolve(name)).href)
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new MigrateError(
      'READER_MISSING',
      `${reads} is read by the package ${name}, which is not installed: "npm install ${name}" in this folder, and run it again`,
      { cause: error },
    )
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null)?.code
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
}
