/**
 * Where the Chromium of this machine stands, and how tests start it.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The pages under test are served from here; the relay of the tests lets this origin in. */
export const BROWSER_PORT: number = 63_000 + (process.pid % 1_000)

/** HOME of the browser under test: its certificate store is not the person's. */
export const BROWSER_HOME: string = join(tmpdir(), `y-sealed-browser-${process.pid}`)

/** Flags for a quiet, sandboxless browser without a GPU: it makes no connections of its own. */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-gpu',
  '--disable-quic',
]

/** The browser's executable (`Y_SEALED_CHROMIUM` overrides the system's), or `undefined` when there is none. */
export function findChromium(): string | undefined {
  const candidates = [process.env['Y_SEALED_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser']
  return candidates.find((path) => path !== undefined && existsSync(path))
}
