/**
 * The app as the shell carries it: the same sources as in a browser behind the shell's own entry, without the service worker, and under a policy that lets it
 * talk to its one relay and to nobody else. Row B11.
 *
 * @module
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

import type { ShellSettings } from './shell-settings.ts'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** `frame-ancestors` and the like stand in headers only; nothing frames a shell. */
function contentPolicy(relay: string): string {
  // Some web views match their own scheme only where it is named.
  const own = "'self' capacitor://localhost"
  const https = relay.replace(/^wss:/, 'https:')
  return [
    "default-src 'none'",
    `script-src ${own} 'wasm-unsafe-eval'`,
    `connect-src ${own} ${https} ${relay}`,
    `style-src ${own}`,
    `img-src ${own} blob:`,
    `media-src ${own} blob:`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

/** Builds `web` anew in the folder of the settings. Rejects with the bundler's own words. */
export async function buildWeb({ relay, app, out }: ShellSettings): Promise<void> {
  const origin = new URL(relay).origin === 'null' ? relay.replace(/\/.*$/, '') : `wss://${new URL(relay).host}`
  await build({
    configFile: false,
    logLevel: 'error',
    root: pathOf('../shell'),
    base: './',
    publicDir: false,
    define: { RELAY_URL: JSON.stringify(origin), APP_ADDRESS: JSON.stringify(app) },
    resolve: {
      conditions: ['source', 'module', 'browser', 'development|production'],
      dedupe: ['yjs', 'y-protocols', 'lib0', 'react', 'react-dom'],
    },
    plugins: [
      {
        name: 'shell-policy',
        transformIndexHtml: (html: string) => html.replace('%POLICY%', contentPolicy(origin)),
      },
    ],
    build: {
      outDir: join(out, 'web'),
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
    },
  })
  cpSync(pathOf('../../public/icon.svg'), join(out, 'web', 'icon.svg'))
}
