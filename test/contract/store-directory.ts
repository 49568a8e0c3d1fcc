/**
 * A place for a store's file that is gone after the test.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** The path of a file that does not exist yet, in a fresh directory of mode 0700. */
export function makeStorePath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'y-sealed-store-'))
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  return join(directory, 'store.sqlite')
}
