/**
 * Files of test cases that are too large for the repository, or not ours: where they lie, and what to do without them.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Where a file of test data lies: in `Y_SEALED_TEST_DATA`, or beside the repository. */
function pathOf(name: string): string {
  return `${process.env['Y_SEALED_TEST_DATA'] ?? `${ROOT}../shared/data`}/${name}`
}

/** The JSON in a file of test data; `null`, and a loud word, when it is not there. */
export function readTestData(name: string): unknown {
  const path = pathOf(name)
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as unknown
  console.warn(`\n!! ${name} is missing (set Y_SEALED_TEST_DATA): what it tests is SKIPPED\n`)
  return null
}
