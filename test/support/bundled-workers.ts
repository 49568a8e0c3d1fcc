/**
 * Workers of tests as one script each, made once a run. From its sources each worker that is started asks for three hundred modules, which costs
 * more than all that it then does.
 *
 * @module
 */
import { build, type Plugin, type Rollup } from 'vite'

import { REPOSITORY_ROOT } from './repository.ts'

/** How Vite names the module of `new Worker(new URL(…))`. */
const WORKER = /^(?<path>[^?]+)\?.*\bworker_file\b/

/** `conditions` are those by which the tests resolve packages. */
export function bundleWorkers(conditions: readonly string[]): Plugin {
  return {
    name: 'bundle-workers',
    enforce: 'pre',
    async load(id) {
      const path = WORKER.exec(id)?.groups?.['path']
      if (path === undefined) return null
      const { code, moduleIds } = await bundle(path, conditions)
      for (const each of moduleIds) this.addWatchFile(each)
      return code
    },
  }
}

async function bundle(path: string, conditions: readonly string[]): Promise<Rollup.OutputChunk> {
  const made = await build({
    configFile: false,
    logLevel: 'error',
    root: REPOSITORY_ROOT,
    resolve: { conditions: [...conditions] },
    build: { write: false, minify: false, rollupOptions: { input: path, output: { codeSplitting: false } } },
  })
  const [chunk, ...others] = (made as Rollup.RollupOutput).output
  if (others.length > 0) throw new Error(`${path} is more than one script`)
  return chunk
}
