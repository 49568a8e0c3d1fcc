/**
 * The pages, and the service worker that keeps them on a phone: `npm run build --workspace mobile-demo`.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

import { APP_FOLDER } from './host/app-folder.ts'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** For a talk, where there is a network; and what is no part of an app on a phone. */
const NOT_KEPT = /^show\.html$|^assets\/show-|\.map$|^sw\.js$/

/** Builds everything anew. Rejects with the bundler's own words. */
async function buildApp(): Promise<void> {
  await build({ configFile: pathOf('vite.config.ts'), logLevel: 'error' })
  await build({
    configFile: false,
    logLevel: 'error',
    define: { APP_FILES: JSON.stringify(listFiles()), 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: APP_FOLDER,
      emptyOutDir: false,
      copyPublicDir: false,
      target: 'es2023',
      lib: { entry: pathOf('worker/worker.ts'), formats: ['es'], fileName: () => 'sw.js' },
    },
  })
}

function listFiles(): { readonly url: string; readonly revision: string | null }[] {
  const files = readdirSync(APP_FOLDER, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
  return files
    .map((file) => `${file.parentPath}/${file.name}`)
    .map((path) => ({ path, name: path.slice(APP_FOLDER.length + 1) }))
    .filter(({ name }) => !NOT_KEPT.test(name))
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(({ path, name }) => ({ url: `/${name}`, revision: name.startsWith('assets/') ? null : hashOf(path) }))
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)
}

await buildApp()
