/**
 * `npm run check:packages`: what would be published, looked at as a stranger's tools see it (publint and attw).
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PUBLIC_ROOMS = ['shared', 'client', 'server']

/** Runs a tool silently; what it said is shown only when it objects. */
function isContent(title: string, ...parameters: readonly string[]): boolean {
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  console.log(`${title}: ${status === 0 ? 'good' : `REFUSED\n${stdout}${stderr}`}`)
  return status === 0
}

let isGood = true
for (const room of PUBLIC_ROOMS) {
  isGood = isContent(`publint ${room}`, 'node_modules/publint/src/cli.js', '--strict', room) && isGood
  const attw = ['--pack', room, '--profile', 'esm-only', '--exclude-entrypoints', 'SPEC.md']
  isGood = isContent(`attw ${room}`, 'node_modules/@arethetypeswrong/cli/dist/index.js', ...attw) && isGood
}
process.exitCode = isGood ? 0 : 1
