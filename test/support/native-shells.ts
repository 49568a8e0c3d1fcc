/**
 * The packages of `mobile-demo/native`, which have a lockfile of their own, since one of them wants another Node: whether they are there, and how they
 * come. `run.ts` sees to them; a suite asks and skips itself.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

export const NATIVE_FOLDER: string = fileURLToPath(new URL('../../mobile-demo/native', import.meta.url))

/** Can projects be made? Capacitor's command, the Node that it wants, and the parsers. */
export function hasNativeShells(): boolean {
  const needed = ['node/bin/node', '@capacitor/cli/bin/capacitor', 'plist/package.json', '@xmldom/xmldom/package.json']
  return needed.every((path) => existsSync(`${NATIVE_FOLDER}/node_modules/${path}`))
}

/** Installs them as the lockfile says, unless `Y_SEALED_NO_NPM` forbids it; says what it does. False where they are not there in the end. */
export function ensureNativeShells(say: (line: string) => void): boolean {
  if (hasNativeShells()) return true
  if (process.env['Y_SEALED_NO_NPM'] === undefined) {
    say('installing the packages of mobile-demo/native, once')
    const { NODE_OPTIONS: _, ...env } = process.env
    spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: NATIVE_FOLDER,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  const isThere = hasNativeShells()
  if (!isThere) say('!! the packages of mobile-demo/native are missing (npm ci there). SKIPPED: the native shells')
  return isThere
}

const requireNative = createRequire(`${NATIVE_FOLDER}/package.json`)

/** A property list by the parser that Capacitor itself uses. Throws for what is none. */
export function parsePlist(text: string): Record<string, unknown> {
  const plist = requireNative('plist') as { parse(text: string): Record<string, unknown> }
  return plist.parse(text)
}

/** An element as far as tests look at it. */
export interface XmlElement {
  readonly tagName: string
  readonly textContent: string | null
  readonly parentNode: XmlElement | null
  getAttribute(name: string): string | null
  getElementsByTagName(name: string): ArrayLike<XmlElement>
}

/** XML by a strict parser. Throws for what is not well-formed. */
export function parseXml(text: string): { readonly documentElement: XmlElement } {
  interface Parser {
    parseFromString(text: string, type: string): { readonly documentElement: XmlElement }
  }
  interface Options {
    onError(level: string, message: string): void
  }
  const { DOMParser } = requireNative('@xmldom/xmldom') as { DOMParser: new (options: Options) => Parser }
  const onError = (level: string, message: string): void => {
    throw new Error(`${level}: ${message}`)
  }
  return new DOMParser({ onError }).parseFromString(text, 'text/xml')
}
