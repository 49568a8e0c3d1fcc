/**
 * Capacitor's own template, by Capacitor's own command, which wants Node 22: it comes from npm beside it.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { ShellSettings } from './shell-settings.ts'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Chromium 114: it has all that the app asks for, and puts Capacitor's bridge before the page without a script in it. */
const LEAST_WEB_VIEW = 114

/** Makes `android` and `ios` anew. Throws where the packages are not installed. */
export function makeProjects({ id, out }: ShellSettings): void {
  for (const platform of ['android', 'ios']) rmSync(join(out, platform), { recursive: true, force: true })
  const config = {
    appId: id,
    appName: 'Sealed notes',
    webDir: 'web',
    // Its log would hold what is said to plugins: keys are.
    loggingBehavior: 'none',
    server: { androidScheme: 'https', iosScheme: 'capacitor', hostname: 'localhost', cleartext: false },
    android: { allowMixedContent: false, webContentsDebuggingEnabled: false, minWebViewVersion: LEAST_WEB_VIEW },
    ios: { webContentsDebuggingEnabled: false },
    plugins: {
      CapacitorHttp: { enabled: false },
      CapacitorSQLite: {
        iosDatabaseLocation: 'Library/CapacitorDatabase',
        iosIsEncryption: false,
        androidIsEncryption: false,
      },
    },
  }
  if (!existsSync(join(out, 'package.json'))) {
    // Elsewhere than here the command looks for its plugins as it does here.
    cpSync(pathOf('../package.json'), join(out, 'package.json'))
    symlinkSync(pathOf('../node_modules'), join(out, 'node_modules'))
  }
  writeFileSync(join(out, 'capacitor.config.json'), `${JSON.stringify(config, null, 2)}\n`)
  for (const platform of ['android', 'ios']) runCapacitor(out, 'add', platform)
}

function runCapacitor(folder: string, ...args: readonly string[]): void {
  const node = pathOf('../node_modules/node/bin/node')
  const env = { ...process.env, CAPACITOR_TELEMETRY: '0', CI: 'true' }
  execFileSync(node, [pathOf('../node_modules/@capacitor/cli/bin/capacitor'), ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
