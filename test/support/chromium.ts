/**
 * Where the Chromium of this machine stands, and how tests start it.
 *
 * @module
 */
import { existsSync } from 'node:fs'

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
