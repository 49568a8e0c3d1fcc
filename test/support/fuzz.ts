/**
 * `npm run fuzz [factor] [vitest arguments]`: every property test under Node, with many times its ordinary number of
 * cases (default 50) and a seed of its own that a failure prints. `npm run fuzz -- --seconds 60 [--seed n] [--verbose]`: instead,
 * decoders under mutated bytes, led by coverage, for so long.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import { fuzzDecoders } from '../fuzz/fuzz-decoders.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Runs every property test. True when none failed. */
function fuzzProperties(): boolean {
  const [first, ...others] = process.argv.slice(2)
  const hasFactor = first !== undefined && /^\d+$/.test(first)
  const factor = hasFactor ? first : '50'
  const passedOn = hasFactor || first === undefined ? others : [first, ...others]

  const files = readdirSync(join(ROOT, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.browser)\.test\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules') && readFileSync(path, 'utf8').includes("from 'fast-check'"))
    .map((path) => relative(ROOT, path))

  if (files.length === 0) {
    console.log('no property tests')
    return true
  }
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config=test/vitest.config.ts',
      '--project=unit',
      '--project=node',
      '--testTimeout=600000',
      ...files,
      ...passedOn,
    ],
    { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, Y_SEALED_FUZZ: factor } },
  )
  return status === 0
}

const isClean = process.argv.includes('--seconds') ? await fuzzDecoders() : fuzzProperties()
process.exitCode = isClean ? 0 : 1
