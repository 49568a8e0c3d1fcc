/**
 * The built app, made anew where its sources are newer.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { APP_FOLDER } from './app-folder.ts'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Whatever goes into the app. */
const SOURCES: readonly string[] = ['../app', '../show', '../worker', '../public', '../../client', '../../shared'].map(
  pathOf,
)
const NOT_SOURCES = /(?:^|\/)(?:dist|node_modules|node|recipes)(?:\/|$)/

/** Resolves with the folder of the app; `say` is told before it takes its time. */
export async function ensureApp(say: (line: string) => void): Promise<string> {
  const page = `${APP_FOLDER}/index.html`
  if (existsSync(page) && newestSource() < statSync(page).mtimeMs) return APP_FOLDER
  say('Building the app, which takes some seconds…')
  // A process of its own: the bundler makes this one's environment that of production.
  const builder = spawn(process.execPath, ['--import', 'tsx', pathOf('../build.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(builder, 'exit')) as [number | null]
  if (code !== 0) throw new Error('the app could not be built; what the bundler says stands above')
  return APP_FOLDER
}

function newestSource(): number {
  let newest = Math.max(
    ...['../index.html', '../show.html', '../vite.config.ts'].map((name) => statSync(pathOf(name)).mtimeMs),
  )
  for (const folder of SOURCES) {
    for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = `${file.parentPath}/${file.name}`
      if (!file.isFile() || NOT_SOURCES.test(path.slice(folder.length))) continue
      newest = Math.max(newest, statSync(path).mtimeMs)
    }
  }
  return newest
}
