/**
 * Builds the notes app for development into the folder that is given, and counts how often its screens are mounted.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'

process.env['NODE_ENV'] = 'development'
const [outDir = ''] = process.argv.slice(2)

/** An effect of the note's screen, which React runs as often as it mounts it. */
function countMounts(): Plugin {
  return {
    name: 'count-mounts',
    transform: (code, id) =>
      id.endsWith('/use-stage.ts')
        ? code.replace(
            'export function useShownNote(note: SealedDocument): void {',
            '$&\n  useEffect(() => { globalThis.mounts = (globalThis.mounts ?? 0) + 1 }, [])',
          )
        : null,
    enforce: 'pre',
  }
}

await build({
  configFile: fileURLToPath(new URL('../../../mobile-demo/vite.config.ts', import.meta.url)),
  mode: 'development',
  logLevel: 'error',
  plugins: [countMounts()],
  build: { outDir, minify: false },
})
