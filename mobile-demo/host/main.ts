/**
 * Relay and app on one address, from `npm start` to Ctrl-C.
 *
 * @module
 */
import { startRelay, type RunningRelay } from '@y-sealed/relay'
import { once } from 'node:events'
import { renderUnicodeCompact } from 'uqr'

import { explain } from './explain.ts'
import { ensureApp } from './ensure-app.ts'
import { createPages } from './pages.ts'
import { HELP, readSettings, type HostSettings } from './settings.ts'
import { createTap } from './tap.ts'

try {
  const settings = readSettings(process.argv.slice(2), process.env)
  if (settings === null) process.stdout.write(HELP)
  else await run(settings)
} catch (error) {
  say(`error: ${explain(error)}`)
  process.exitCode = 1
}

async function run({ data, host, port }: HostSettings): Promise<void> {
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const folder = await ensureApp(say)
  const pages = createPages({ folder, frames: true })
  const tap = createTap(data)
  const relay = await startRelay({
    data,
    host,
    port,
    pages: (request, response) => tap.answer(request, response) || pages(request, response),
    logLevel: 'error',
    environment: process.env,
  })
  introduce(relay, data)
  await asked
  say('Stopping.')
  tap.close()
  await relay.close()
}

function introduce({ pageUrl, fingerprint, caPath }: RunningRelay, data: string): void {
  say(`\n  Two phones, and what the relay sees:  ${new URL('/show', pageUrl).href}`)
  say(`  Notes that the server cannot read:    ${pageUrl}\n`)
  if (process.stdout.isTTY) say(`${renderUnicodeCompact(pageUrl, { border: 2 })}\n`)
  if (caPath !== null) {
    const folder = data === './data' ? '' : ` --data ${data}`
    say('  The relay made its own certificate, so the browser will warn: “Your connection is not private”.')
    say(`  To end the warning on this computer:   npm run relay -- trust${folder}`)
    say(`  To go on with it: compare the certificate’s SHA-256 with ${fingerprint ?? 'none'}`)
    say('  Behind a warning that was clicked away, browsers refuse to keep the app for use without a network.\n')
  }
  say('  The first shows two phones in one window; the second is the app itself. Ctrl-C stops everything.')
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
