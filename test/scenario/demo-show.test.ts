/**
 * The page that shows two phones beside what the relay has stored, in a real browser, as `npm start` serves it.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { startProgram } from '../support/client-command.ts'
import { hasComponent } from '../support/components.ts'
import { startPhones } from '../support/demo/phones.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

// It may have to build the app, and starts several processes on machines that do other things as well.
vi.setConfig({ testTimeout: 240_000 })

const WAIT = { timeout: 60_000, interval: 100 }
const TEXTBOX = { name: 'Text of the note' } as const

interface OpenShow {
  readonly page: Page
  readonly url: string
  /** PEM of the relay's authority. */
  readonly ca: string
  /** Address, headers and body of every request, a line each. */
  readonly sent: readonly string[]
  readonly complaints: readonly string[]
}

async function openShow(): Promise<OpenShow> {
  const data = join(makeTemporaryFolder(), 'data')
  const host = startProgram('mobile-demo/start.ts', ['--port', '0', '--data', data])
  const address = (): string => /https:\/\/\S+\/show\b/.exec(host.output.stdout)?.[0] ?? ''
  await vi.waitFor(() => expect(address()).not.toBe(''), { timeout: 120_000, interval: 100 })
  const url = address()
  const caPath = join(data, 'tls', 'ca.pem')
  const browser = await startPhones(makeTemporaryFolder(), caPath)
  onTestFinished(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  const sent: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => {
    sent.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ''}`)
  })
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(url)
  return { page, url, ca: readFileSync(caPath, 'utf8'), sent, complaints }
}

const phoneOf = (page: Page, id: 'alice' | 'bob') => page.frameLocator(`#${id} iframe`)
const textOf = async (page: Page, id: 'alice' | 'bob'): Promise<string> =>
  await phoneOf(page, id).getByRole('textbox', TEXTBOX).innerText()
const numberIn = async (page: Page, id: string): Promise<number> => Number(await page.locator(`#${id}`).innerText())

/** Until the two have said their lines. */
async function whenPlayed(page: Page): Promise<void> {
  await vi.waitFor(async () => expect(await page.locator('#step').innerText()).toMatch(/^Now you/), WAIT)
}

async function typeOn(page: Page, id: 'alice' | 'bob', text: string): Promise<void> {
  await phoneOf(page, id).getByRole('textbox', TEXTBOX).press('Control+End')
  await page.waitForTimeout(150)
  await page.keyboard.type(text, { delay: 20 })
}

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))('the page of two phones', () => {
  it('[DEMO 9] shows on one phone what is typed on the other, no readable word at the relay, and every one in the clear', async () => {
    const { page, url, sent, complaints } = await openShow()
    await whenPlayed(page)
    await typeOn(page, 'alice', ' Marmalade for breakfast.')
    await vi.waitFor(async () => expect(await textOf(page, 'bob')).toContain('Marmalade for breakfast.'), WAIT)
    await vi.waitFor(async () => expect(await numberIn(page, 'words')).toBe(14), WAIT)
    expect(await numberIn(page, 'read-by-relay')).toBe(0)
    expect(await numberIn(page, 'read-by-plain')).toBe(14)
    expect(await page.locator('#plain-text').innerText()).toContain('Marmalade')
    // Not for want of bytes: what was typed came by.
    const stored = Number((await page.locator('#relay-bytes').innerText()).replaceAll(/\D/g, ''))
    expect(stored).toBeGreaterThan(10_000)
    // Neither the words nor a link's secret is in any request, and every request is the relay's own.
    expect(sent.filter((line) => /marmalade|harbour|saturday/i.test(line) || line.includes('#'))).toEqual([])
    expect(sent.filter((line) => !line.startsWith(`${new URL(url).origin}/`))).toEqual([])
    expect(complaints).toEqual([])
  })

  it('[DEMO 9] says on a phone in airplane mode that it is offline, heals it, and shuts out whoever is removed', async () => {
    const { page } = await openShow()
    await whenPlayed(page)
    const airplane = page.getByRole('switch', { name: 'Airplane mode of Bob’s phone' })
    await airplane.click()
    const status = phoneOf(page, 'bob').locator('[data-status]')
    await vi.waitFor(async () => expect(await status.innerText()).toBe('Offline · saved on this device'), WAIT)
    await typeOn(page, 'bob', ' Written above the clouds.')
    await typeOn(page, 'alice', ' Written on the ground.')
    await vi.waitFor(
      async () =>
        expect(await phoneOf(page, 'alice').locator('[data-status]').getAttribute('data-status')).toBe('saved'),
      WAIT,
    )
    expect(await textOf(page, 'bob')).not.toContain('on the ground')
    expect(await textOf(page, 'alice')).not.toContain('above the clouds')
    await airplane.click()
    await vi.waitFor(async () => {
      expect(await textOf(page, 'bob')).toContain('Written on the ground.')
      expect(await textOf(page, 'alice')).toContain('Written above the clouds.')
      expect(await status.getAttribute('data-status')).toBe('saved')
    }, WAIT)
    await page.getByRole('button', { name: 'Remove Bob' }).click()
    await vi.waitFor(async () => expect(await status.getAttribute('data-status')).toBe('closed'), WAIT)
    await typeOn(page, 'alice', ' Not for Bob.')
    await vi.waitFor(async () => expect(await textOf(page, 'alice')).toContain('Not for Bob.'), WAIT)
    expect(await textOf(page, 'bob')).not.toContain('Not for Bob')
    await page.getByRole('button', { name: 'New note' }).click()
    await whenPlayed(page)
    expect(await textOf(page, 'bob')).toBe(await textOf(page, 'alice'))
  })

  it('[B11] lets pages frame none but their own origin and be framed by none else, and the tap speak to none else', async () => {
    const { page, url, ca } = await openShow()
    const policy = (await page.reload())?.headers()['content-security-policy'] ?? ''
    const rules = policy.split('; ')
    expect(rules).toEqual(expect.arrayContaining(["default-src 'none'", "frame-src 'self'", "frame-ancestors 'self'"]))
    expect(rules).toEqual(expect.arrayContaining(["script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self' wss:"]))
    expect(policy).not.toContain('unsafe-inline')
    const stranger = await page.context().browser()!.newPage()
    await stranger.setContent(`<iframe src="${url}"></iframe>`)
    await vi.waitFor(
      () => expect(stranger.frames().map((frame) => frame.url())).toContain('chrome-error://chromewebdata/'),
      WAIT,
    )
    const tap = new URL('/demo/tap', url)
    expect(await statusOf(tap, ca, {})).toBe(404)
    expect(await statusOf(tap, ca, { 'Sec-Fetch-Site': 'cross-site' })).toBe(404)
    expect(await statusOf(tap, ca, { 'Sec-Fetch-Site': 'same-origin' })).toBe(200)
  })
})

async function statusOf(url: URL, ca: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const request = httpsRequest(url, { headers, ca }, (response) => {
      resolve(response.statusCode)
      request.destroy()
    })
    request.on('error', reject).end()
  })
}
