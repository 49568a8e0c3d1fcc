/**
 * A program of the tests as one plain file: it starts in a third of the time that compiling its sources takes, hundreds of times.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'vite'
import { onTestFinished } from 'vitest'

import { REPOSITORY_ROOT } from './repository.ts'

/** Resolves with the file that Node is to run; `path` is that of its source, from the top. It is gone when the test is over. */
export async function bundleProgram(path: string): Promise<string> {
  // Inside the repository, for the packages that stay outside of the bundle.
  const outDir = mkdtempSync(join(REPOSITORY_ROOT, 'node_modules/.program-'))
  onTestFinished(() => rmSync(outDir, { recursive: true }))
  await build({
    configFile: false,
    logLevel: 'error',
    root: REPOSITORY_ROOT,
    ssr: { noExternal: [/^@y-sealed\//], resolve: { conditions: ['source'], externalConditions: [] } },
    build: { ssr: join(REPOSITORY_ROOT, path), outDir, minify: false },
  })
  return join(outDir, `${basename(path, '.ts')}.js`)
}
