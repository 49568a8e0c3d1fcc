/**
 * A folder that lasts as long as a test.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty folder of mode 0700, removed with all in it when the test is over. */
export function makeTemporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'y-sealed-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
