/**
 * Whether this Node can run the installed SQLite driver. A driver built for a newer Node-API than Node has does not fail
 * to load: it ends the process with a segmentation fault at the first open, without a word.
 *
 * @module
 */
import { createRequire } from 'node:module'

import { StoreError } from '../store-error.ts'

/** Throws `STORE_RUNTIME` for better-sqlite3 13 or later (built for Node-API 10) under a Node that has less. */
export function checkRuntime(driverVersion: string, nodeApi: number): void {
  if (Number.parseInt(driverVersion, 10) < 13 || nodeApi >= 10) return
  throw new StoreError(
    'STORE_RUNTIME',
    `better-sqlite3 ${driverVersion} needs Node-API 10 and this Node has ${nodeApi}: use Node 22.14 or later, or better-sqlite3 12`,
  )
}

/** The version of better-sqlite3 that is installed, read without loading it. */
export function installedDriverVersion(): string {
  const manifest = createRequire(import.meta.url)('better-sqlite3/package.json') as { readonly version: string }
  return manifest.version
}
