/**
 * `npm test`: sees to the programs that the suites use, builds, runs every suite and says
 * how it went. Arguments go on to Vitest (`npm test -- test/unit -t EN4`).
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { ensureComponents } from './components.ts'
import { ensureNativeShells } from './native-shells.ts'
import { formatSummary, readSummary } from './summary.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REPORT = 'test-results/vitest.json'

function say(line: string): void {
  console.log(line)
}

function runTool(tool: string, ...parameters: readonly string[]): boolean {
  const { status } = spawnSync(process.execPath, [`node_modules/${tool}`, ...parameters], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return status === 0
}

const missing = ensureComponents(say)
const hasShells = ensureNativeShells(say)

const isBuilt = runTool('typescript/bin/tsc', '-b')
if (!isBuilt) say('!! the build failed; no suite will run')

mkdirSync(`${ROOT}/test-results`, { recursive: true })
rmSync(`${ROOT}/${REPORT}`, { force: true })
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`]
const isGreen = runTool(
  'vitest/vitest.mjs',
  'run',
  '--config=test/vitest.config.ts',
  ...reporters,
  ...process.argv.slice(2),
)

const summary = readSummary(`${ROOT}/${REPORT}`)
say('')
if (!isBuilt) say('the build FAILED (tsc -b, above)')
for (const component of missing) say(`not tested, ${component.name} is missing: ${component.usedFor}`)
say(formatSummary(summary))

if (!hasShells) say('not tested, the packages of mobile-demo/native are missing: the native shells')
const isMissingInCi = process.env['CI'] === 'true' && (missing.length > 0 || !hasShells)
process.exitCode = isBuilt && isGreen && summary.failed === 0 && !isMissingInCi ? 0 : 1
