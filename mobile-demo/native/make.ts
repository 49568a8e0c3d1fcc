/**
 * Makes both native projects from nothing: the web app for the shell, Capacitor's own template by its own command, and what is ours in it. See README.md
 * for why the projects are made and not kept.
 *
 * @module
 */
import { readPinSet } from '@y-sealed/protocol'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { applyAndroid } from './project/android.ts'
import { makeProjects } from './project/capacitor.ts'
import { applyIos } from './project/ios.ts'
import { checkShellSettings, type ShellSettings } from './project/shell-settings.ts'
import { buildWeb } from './project/web-bundle.ts'

const HELP = `Usage: npm run make -- --pins pins.json [options]

Makes android/ and ios/ anew for the relay that pins.json names.

  --pins <file>      pins.json, as “y-sealed-relay pins --host relay.example” writes it
  --relay <url>      the relay (default wss://<host of pins.json>)
  --app <url>        address of invite links, which the phone opens with this app (default https://<host of pins.json>/)
  --id <id>          the app's id (default dev.ysealed.notes)
  --out <folder>     where to make them (default: this folder)
  --help             this
`

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const options = { pins: text, relay: text, app: text, id: text, out: text, help: { type: 'boolean' } } as const
  const { values } = parseArgs({ options })
  if (values.help === true || values.pins === undefined) return void process.stdout.write(HELP)
  const pins = readPinSet(readFileSync(values.pins, 'utf8'))
  const [host = ''] = pins.hosts
  const settings: ShellSettings = checkShellSettings({
    pins,
    relay: values.relay ?? `wss://${host}`,
    app: values.app ?? `https://${host}/`,
    id: values.id ?? 'dev.ysealed.notes',
    out: values.out ?? fileURLToPath(new URL('.', import.meta.url)),
  })
  await buildWeb(settings)
  makeProjects(settings)
  applyAndroid(settings)
  applyIos(settings)
  process.stdout.write(`Made ${settings.out}/android and ${settings.out}/ios for ${settings.relay}.\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
