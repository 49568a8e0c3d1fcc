/**
 * The built app, made anew where its sources are newer.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
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
  // Whoever starts at the same time, other tests say, waits: two builders would empty the folder under each other.
  const unlock = await lockFolder()
  try {
    if (!isBuilt()) await buildApp(say)
  } finally {
    unlock()
  }
  return APP_FOLDER
}

/** Resolves once this process alone may look and build; gives what ends that. */
async function lockFolder(): Promise<() => void> {
  const lock = `${APP_FOLDER}.lock`
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      return () => rmSync(lock, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (!isRunning(readHolder(lock))) rmSync(lock, { force: true })
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** The process that has it; 0 where it was just given back. */
function readHolder(lock: string): number {
  try {
    return Number(readFileSync(lock, 'utf8'))
  } catch {
    return 0
  }
}

function isRunning(pid: number): boolean {
  if (pid === 0) return true
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function isBuilt(): boolean {
  const page = `${APP_FOLDER}/index.html`
  return existsSync(page) && newestSource() < statSync(page).mtimeMs
}

async function buildApp(say: (line: string) => void): Promise<void> {
  say('Building the app, which takes some seconds…')
  // A process of its own: the bundler makes this one's environment that of production.
  const builder = spawn(process.execPath, ['--import', 'tsx', pathOf('../build.ts'), '--in-haste'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(builder, 'exit')) as [number | null]
  if (code !== 0) throw new Error('the app could not be built; what the bundler says stands above')
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
