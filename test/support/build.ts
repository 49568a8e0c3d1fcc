/**
 * Builds the packages before a run, and before each rerun of `vitest watch`: a test that starts a built command line meets the code as it is.
 * Where nothing has changed it takes a third of a second.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import type { TestProject } from 'vitest/node'

import { REPOSITORY_ROOT } from './repository.ts'

/** Called by Vitest once for each project. Throws where the build fails: what was built before is not what is tested. */
export function setup(project: TestProject): void {
  build()
  project.onTestsRerun(() => Promise.resolve(build()))
}

function build(): void {
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], {
    cwd: REPOSITORY_ROOT,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the build failed (npm run build):\n${stdout}`)
}
