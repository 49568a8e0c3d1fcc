/**
 * The pages, and the service worker that keeps them on a phone: `npm run build --workspace mobile-demo`.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'vite'
import { brotliCompress, constants } from 'node:zlib'

import { APP_FOLDER, PACKED } from './host/app-folder.ts'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** For a talk, where there is a network; and what is no part of an app on a phone. */
const NOT_KEPT = /^show\.html$|^phone\.css$|^assets\/show-|\.map$|^sw\.js$/

const PACKABLE = /\.(?:html|js|css|svg|webmanifest)$/

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
  await packFiles()
}

/** Somebody waits for the first start: 9 % more bytes, for a thirtieth of the time, which was most of a build's. 9 costs almost what 11 does. */
const IN_HASTE = process.argv.includes('--in-haste')

/** Makes what is text small once, so that the host need not with each visit. */
async function packFiles(): Promise<void> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: IN_HASTE ? 6 : constants.BROTLI_MAX_QUALITY }
  const names = readdirSync(APP_FOLDER, { recursive: true, encoding: 'utf8' })
  const packed = names
    .filter((name) => PACKABLE.test(name))
    .map(async (name) => {
      const path = `${APP_FOLDER}/${name}`
      writeFileSync(path + PACKED, await promisify(brotliCompress)(readFileSync(path), { params }))
    })
  await Promise.all(packed)
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
