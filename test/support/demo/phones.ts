/**
 * Phones: one Chromium, and for each phone a context of its own, which shares nothing with the others.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, devices, type Browser, type Page } from 'playwright'

import { CHROMIUM_FLAGS, findChromium } from '../chromium.ts'

export interface Phone {
  readonly page: Page
  /** Address, headers and body of every request so far, a line each. */
  readonly sent: readonly string[]
  /** What the page complained about. */
  readonly complaints: readonly string[]
}

/** A phone is one origin: a process more for each that its page comes from is made and thrown away, a sixth of what a new phone costs. */
const PHONE_FLAGS = ['--disable-site-isolation-trials'] as const

interface PhonesOptions {
  /** On another machine. */
  readonly program?: string
  /** Pages that are left are frozen and kept, as a person's browser does: then `page.goBack` never learns that one has come back. */
  readonly keepsPages?: boolean
}

/** A browser whose home is `home`; it trusts the authority at `ca`, and nobody that is not public else. */
export async function startPhones(
  home: string,
  ca: string | null,
  { program = findChromium() ?? '', keepsPages = false }: PhonesOptions = {},
): Promise<Browser> {
  const store = join(home, '.pki', 'nssdb')
  mkdirSync(store, { recursive: true })
  execFileSync('certutil', ['-d', `sql:${store}`, '-N', '--empty-password'])
  if (ca !== null) execFileSync('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'y-sealed test', '-i', ca])
  return await chromium.launch({
    executablePath: program,
    // What decides whether a page is kept is left as it is.
    args: [...CHROMIUM_FLAGS, ...(keepsPages ? [] : PHONE_FLAGS)],
    ...(keepsPages && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
    env: { ...(process.env as Record<string, string>), HOME: home },
  })
}

export type PhoneModel = 'iPhone 15' | 'Pixel 7'

export async function takePhone(
  browser: Browser,
  model: PhoneModel,
  scheme: 'light' | 'dark' = 'light',
): Promise<Phone> {
  const context = await browser.newContext({ ...devices[model], colorScheme: scheme })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const sent: string[] = []
  const complaints: string[] = []
  context.on('request', (request) => {
    sent.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ''}`)
  })
  page.on('websocket', (socket) => sent.push(socket.url()))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, sent, complaints }
}
