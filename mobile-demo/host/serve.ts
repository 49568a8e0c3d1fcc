/**
 * Relay and app on one address, until Ctrl-C.
 *
 * @module
 */
import { startRelay, type RunningRelay } from '@y-sealed/relay'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { renderUnicodeCompact } from 'uqr'

import { createAppLinkPages, readAppLinks } from './app-links.ts'
import { readAuthorityFiles, type AuthorityFiles } from './authority-files.ts'
import { createLine } from './line.ts'
import { createPages } from './pages.ts'
import { createPhonePages } from './phone-pages.ts'
import { say } from './say.ts'
import type { HostSettings } from './settings.ts'
import { createTap } from './tap.ts'

/** Resolves when somebody has asked for the end; `building` gives the folder of the built app. Rejects with what keeps it from starting. */
export async function serve(settings: HostSettings, building: Promise<string>): Promise<void> {
  const { data, host, port, isLan, relays, appLinks } = settings
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const tap = createTap(data)
  const line = createLine((deed) => tap.tell('lie', deed))
  const phonePages = isLan
    ? createPhonePages({ appUrl: () => relay.pageUrl, authority: () => authorityOf(relay) })
    : null
  const linkPages = appLinks === null ? null : createAppLinkPages(readAppLinks(readFileSync(appLinks, 'utf8')))
  /** `null` until the app is built: till then nothing is served or told. */
  let pages: ReturnType<typeof createPages> | null = null
  const starting: Promise<RunningRelay> = startRelay({
    data,
    port,
    // Whoever is in the network may try it out with notes of their own.
    ...(isLan
      ? { lan: true, create: 'open', onAddresses: () => pages !== null && introduceToPhones(relay) }
      : { host }),
    nativeShells: linkPages !== null,
    pages: (request, response) =>
      pages !== null &&
      (linkPages?.(request, response) === true ||
        tap.answer(request, response) ||
        line.answer(request, response) ||
        phonePages?.(request, response) === true ||
        pages(request, response)),
    pageSockets: (request, socket, head) => line.connect(request, socket, head),
    logLevel: 'error',
    environment: process.env,
  })
  const [relay, folder] = await Promise.all([starting, building])
  pages = createPages({ folder, frames: true, relays })
  line.reach(relay)
  introduce(relay, data, isLan)
  if (isLan) introduceToPhones(relay)
  await asked
  say('Stopping.')
  tap.close()
  line.close()
  await relay.close()
}

function introduce({ pageUrl, fingerprint, caPath }: RunningRelay, data: string, isLan: boolean): void {
  say(`\n  Phones, and what the relay sees:      ${new URL('/show', pageUrl).href}`)
  say(`  Notes that the server cannot read:    ${pageUrl}\n`)
  if (process.stdout.isTTY && !isLan) say(`${renderUnicodeCompact(pageUrl, { border: 2 })}\n`)
  if (caPath !== null) {
    const folder = data === './data' ? '' : ` --data ${data}`
    say('  The relay made its own certificate, so the browser will warn: “Your connection is not private”.')
    say(`  To end the warning on this computer:   npm run relay -- trust${folder}`)
    say(`  To go on with it: compare the certificate’s SHA-256 with ${fingerprint ?? 'none'}`)
    say('  Behind a warning that was clicked away, browsers refuse to keep the app for use without a network.\n')
  }
  say('  The first shows two or three phones in one window; the second is the app itself. Ctrl-C stops everything.')
}

/** Again whenever the machine has got other addresses. */
function introduceToPhones(relay: RunningRelay): void {
  const { pageUrl } = relay
  if (isLoopback(pageUrl))
    return say(
      '\n  This machine is in no private network, so no phone reaches it yet. Once it is, its address stands here.',
    )
  say(`\n  On a phone in the same network:       ${pageUrl}`)
  say(`\n${renderUnicodeCompact(pageUrl, { border: 2 })}\n`)
  const authority = authorityOf(relay)
  if (authority === null) return
  say(`  How it comes to trust this relay:     ${new URL('/phone', pageUrl).href}`)
  say(`  SHA-256 of the authority, to compare: ${authority.fingerprint}`)
  say('  Everybody in that network can open the app and make notes of their own until Ctrl-C.')
}

function authorityOf({ caPath }: RunningRelay): AuthorityFiles | null {
  return caPath === null ? null : readAuthorityFiles(readFileSync(caPath, 'ascii'))
}

function isLoopback(url: string): boolean {
  return /^(?:localhost|127\.|\[::1\])/.test(new URL(url).hostname)
}
