/**
 * The page that shows two or three phones beside what the relay has stored, in a real browser, as `npm start` serves it.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Browser, Page } from 'playwright'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { findBarriers } from '../support/demo/accessibility.ts'
import { hasComponent } from '../support/components.ts'
import { useHost } from '../support/demo/demo-stage.ts'

vi.setConfig({ testTimeout: 120_000 })

const WAIT = { timeout: 60_000, interval: 100 }
const SIZE = { width: 1440, height: 900 } as const
const TEXTBOX = { name: 'Text of the note' } as const

interface OpenShow {
  readonly page: Page
  /** Address, headers and body of every request, a line each. */
  readonly sent: readonly string[]
  readonly complaints: readonly string[]
}

async function openShow(browser: Browser, url: string): Promise<OpenShow> {
  const context = await browser.newContext({ viewport: SIZE })
  const page = await context.newPage()
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
  return { page, sent, complaints }
}

type Device = 'alice' | 'bob' | 'carol'

const phoneOf = (page: Page, id: Device) => page.frameLocator(`#${id} iframe`)
const textOf = async (page: Page, id: Device): Promise<string> =>
  await phoneOf(page, id).getByRole('textbox', TEXTBOX).innerText()
/** What the chip in the phone says. */
const chipOf = (page: Page, id: Device) => phoneOf(page, id).locator('[data-status]')
const stateOf = async (page: Page, id: Device): Promise<string | null> =>
  await chipOf(page, id).getAttribute('data-status')
const stepOf = async (page: Page): Promise<string> => await page.locator('#step').innerText()
const numberIn = async (page: Page, id: string): Promise<number> => Number(await page.locator(`#${id}`).innerText())

/** Until the two have said their lines. */
async function whenPlayed(page: Page): Promise<void> {
  await vi.waitFor(async () => expect(await stepOf(page)).toMatch(/^Now you/), WAIT)
}

/** The third phone is put on the page, and let in. */
async function addCarol(page: Page): Promise<void> {
  await page.getByRole('switch', { name: 'Third phone' }).click()
  await vi.waitFor(async () => expect(await textOf(page, 'carol')).toBe(await textOf(page, 'alice')), WAIT)
}

async function letRelay(page: Page, choice: 'Honest' | 'Alter' | 'Drop' | 'Roll back'): Promise<void> {
  await page.getByRole('radio', { name: choice }).check({ force: true })
}

const deedsOn = async (page: Page): Promise<string> => (await page.locator('.deed').allInnerTexts()).join('\n')

/** What the phones say of how their note stands, from now on. */
async function listenToPhones(page: Page): Promise<void> {
  await page.evaluate(() => {
    const said = new Set<string>()
    Object.assign(globalThis, { said })
    addEventListener('message', ({ data }: MessageEvent<{ message?: { kind?: string; text?: string } }>) => {
      if (data.message?.kind === 'status') said.add(data.message.text ?? '')
    })
  })
}

async function saidByPhones(page: Page): Promise<ReadonlySet<string>> {
  return new Set(await page.evaluate(() => [...(globalThis as unknown as { said: Set<string> }).said]))
}

/** Everybody has the same text, with all of these in it once, and says that it is saved. */
async function whenWell(page: Page, devices: readonly Device[], lines: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    const texts = await Promise.all(devices.map(async (id) => await textOf(page, id)))
    expect(new Set(texts).size).toBe(1)
    for (const line of lines) expect([line, texts[0]?.split(line).length, texts[0]]).toEqual([line, 2, texts[0]])
    for (const id of devices) expect(await stateOf(page, id)).toBe('saved')
  }, WAIT)
}

async function typeOn(page: Page, id: Device, text: string): Promise<void> {
  await phoneOf(page, id).getByRole('textbox', TEXTBOX).press('Control+End')
  await page.waitForTimeout(150)
  await page.keyboard.type(text, { delay: 20 })
}

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))('the page of several phones', () => {
  const stage = useHost()

  let played: OpenShow | null = null
  /** Where the two have said their lines. Three phones and what they say take their time: a test goes on where one that passed has left it. */
  const goOn = async (): Promise<OpenShow> => {
    const show = played ?? (await openShow(stage.browser, new URL('/show', stage.host.url).href))
    played = null
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') await show.page.context().close()
      else played = show
    })
    await whenPlayed(show.page)
    return show
  }

  it('[DEMO 9] shows on one phone what is typed on the other, no readable word at the relay, and every one in the clear', async () => {
    const { page, sent, complaints } = await goOn()
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
    expect(sent.filter((line) => !line.startsWith(`${new URL(page.url()).origin}/`))).toEqual([])
    expect(complaints).toEqual([])
  })

  it('[DEMO 9] says on a phone in airplane mode that it is offline, heals it, and shuts out whoever is removed', async () => {
    const { page } = await goOn()
    const airplane = page.getByRole('switch', { name: 'Airplane mode of Bob’s phone' })
    await airplane.click()
    const status = phoneOf(page, 'bob').locator('[data-status]')
    await vi.waitFor(async () => expect(await status.innerText()).toBe('Offline · saved on this device'), WAIT)
    expect(await stepOf(page)).toMatch(/^Bob’s phone is in airplane mode/)
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
    expect(await stepOf(page)).toMatch(/^Bob’s phone has a network again/)
    await vi.waitFor(async () => {
      expect(await textOf(page, 'bob')).toContain('Written on the ground.')
      expect(await textOf(page, 'alice')).toContain('Written above the clouds.')
      expect(await status.getAttribute('data-status')).toBe('saved')
    }, WAIT)
    await page.getByRole('button', { name: 'Remove Bob' }).click()
    await vi.waitFor(async () => expect(await status.innerText()).toBe('You were removed'), WAIT)
    await vi.waitFor(async () => expect(await stepOf(page)).toMatch(/^Bob was removed/), WAIT)
    await typeOn(page, 'alice', ' Not for Bob.')
    await vi.waitFor(async () => expect(await textOf(page, 'alice')).toContain('Not for Bob.'), WAIT)
    expect(await textOf(page, 'bob')).not.toContain('Not for Bob')
    await page.getByRole('button', { name: 'New note' }).click()
    await whenPlayed(page)
    expect(await textOf(page, 'bob')).toBe(await textOf(page, 'alice'))
  })

  it('[DEMO 9] has no barrier by WCAG 2.2 AA in light or dark, and is worked by keys alone', async () => {
    const { page, complaints } = await goOn()
    const before = complaints.length
    const barriers = async (): Promise<readonly string[]> => {
      const light = await findBarriers(page)
      await page.emulateMedia({ colorScheme: 'dark' })
      const dark = await findBarriers(page, 'colours')
      await page.emulateMedia({ colorScheme: 'light' })
      return [...light, ...dark]
    }
    expect(await barriers()).toEqual([])
    await page.getByRole('switch', { name: 'Third phone' }).press('Space')
    await vi.waitFor(async () => expect(await stepOf(page)).toMatch(/^Carol is in/), WAIT)
    await page.getByRole('radio', { name: 'Honest' }).press('ArrowRight')
    await vi.waitFor(async () => expect(await stepOf(page)).toMatch(/^One bit/), WAIT)
    await vi.waitFor(async () => expect(await page.locator('.deed').count()).toBeGreaterThan(0), WAIT)
    expect(await barriers()).toEqual([])
    await page.getByRole('radio', { name: 'Alter' }).press('ArrowLeft')
    await whenWell(page, ['alice', 'bob', 'carol'], ['The tide turns at noon.'])
    await page.getByRole('switch', { name: 'Airplane mode of Carol’s phone' }).press('Enter')
    await vi.waitFor(async () => expect(await stateOf(page, 'carol')).toBe('offline'), WAIT)
    await page.getByRole('button', { name: 'Remove Bob' }).press('Enter')
    await vi.waitFor(async () => expect(await stateOf(page, 'bob')).toBe('closed'), WAIT)
    expect(await barriers()).toEqual([])
    for (const [width, height] of [
      [1280, 800],
      [1024, 768],
      [390, 844],
    ] as const) {
      await page.setViewportSize({ width, height })
      // Nothing is out of reach to the side.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    }
    expect(await barriers()).toEqual([])
    expect(complaints.slice(before)).toEqual([])
    await page.setViewportSize(SIZE)
    await page.getByRole('switch', { name: 'Third phone' }).click()
    await page.getByRole('button', { name: 'New note' }).click()
    await whenPlayed(page)
  })

  it('[DEMO 8.11] tells three phones three lies: each says so, shows nothing of it, and heals once the truth is told again', async () => {
    const { page, complaints } = await goOn()
    const before = complaints.length
    await addCarol(page)
    const all = ['alice', 'bob', 'carol'] as const
    await whenWell(page, all, ['green lantern'])

    await listenToPhones(page)
    await letRelay(page, 'Alter')
    // Alice writes a line by herself.
    for (const id of ['bob', 'carol'] as const)
      await vi.waitFor(async () => expect(await chipOf(page, id).innerText()).toBe('Tampered update blocked'), WAIT)
    expect(await deedsOn(page)).toMatch(/altered\s+one bit of #\d+, on its way/)
    // The good copy is asked for, and given: the lie goes on, and costs time alone.
    await whenWell(page, all, ['The tide turns at noon.'])
    // While that is mended, nobody is told of anything worse.
    const said = await saidByPhones(page)
    expect([said.has('Tampered update blocked'), said.has('The relay changed history')]).toEqual([true, false])
    await letRelay(page, 'Honest')
    await letRelay(page, 'Drop')
    for (const id of ['bob', 'carol'] as const)
      await vi.waitFor(async () => expect(await chipOf(page, id).innerText()).toBe('The relay keeps an update'), WAIT)
    await typeOn(page, 'bob', ' Bob writes on.')
    expect(await deedsOn(page)).toMatch(/dropped\s+#\d+, kept from a phone/)
    expect(await textOf(page, 'bob')).not.toContain('north gate')
    await letRelay(page, 'Honest')
    await whenWell(page, all, ['Leave by the north gate.', 'Bob writes on.'])

    await letRelay(page, 'Roll back')
    for (const id of all)
      await vi.waitFor(async () => expect(await chipOf(page, id).innerText()).toBe('The relay has gone back'), WAIT)
    const carols = await textOf(page, 'carol')
    await typeOn(page, 'alice', ' Written under a lie.')
    expect(await deedsOn(page)).toMatch(/rolled back\s+to #\d+: \d+ entries hidden/)
    // Nothing was taken from anybody, and nothing leaves.
    expect(await textOf(page, 'carol')).toBe(carols)
    await letRelay(page, 'Honest')
    await whenWell(page, all, [
      'green lantern',
      'turns at noon',
      'north gate',
      'Bob writes on.',
      'Written under a lie.',
    ])
    expect(await numberIn(page, 'read-by-relay')).toBe(0)
    expect(complaints.slice(before)).toEqual([])
  })

  it('[B11] lets pages frame none but their own origin and be framed by none else, and the tap speak to none else', async () => {
    const [url, ca] = [new URL('/show', stage.host.url).href, readFileSync(stage.caPath, 'utf8')]
    const { headers } = await ask(new URL(url), ca, {})
    const policy = String(headers['content-security-policy'])
    const rules = policy.split('; ')
    expect(rules).toEqual(expect.arrayContaining(["default-src 'none'", "frame-src 'self'", "frame-ancestors 'self'"]))
    expect(rules).toEqual(expect.arrayContaining(["script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self' wss:"]))
    expect(policy).not.toContain('unsafe-inline')
    const stranger = await stage.browser.newPage()
    onTestFinished(() => stranger.context().close())
    await stranger.setContent(`<iframe src="${url}"></iframe>`)
    await vi.waitFor(
      () => expect(stranger.frames().map((frame) => frame.url())).toContain('chrome-error://chromewebdata/'),
      WAIT,
    )
    const tap = new URL('/demo/tap', url)
    expect((await ask(tap, ca, {})).status).toBe(404)
    expect((await ask(tap, ca, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(404)
    expect((await ask(tap, ca, { 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200)
    // Nor does the line carry anybody else, or lie for them.
    const lie = new URL('/demo/lie?lie=alter', url)
    expect((await ask(lie, ca, {}, 'POST')).status).toBe(404)
    expect((await ask(lie, ca, { 'Sec-Fetch-Site': 'same-origin' }, 'POST')).status).toBe(204)
    // What is no address at all harms nobody.
    expect((await ask(new URL(`${new URL(url).origin}//`), ca, {})).status).toBe(404)
    const line = new URL('/demo/line', url)
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }
    const dialled = {
      ...upgrade,
      'Sec-WebSocket-Protocol': 'y-sealed.v1',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    }
    expect((await ask(line, ca, dialled)).status).toBe(404)
    expect((await ask(line, ca, { ...dialled, Origin: 'https://evil.example' })).status).toBe(404)
  })
})

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
}

async function ask(url: URL, ca: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const request = httpsRequest(url, { headers, ca, method }, (response) => {
      resolve({ status: response.statusCode, headers: response.headers })
      request.destroy()
    })
    request.on('error', reject).end()
  })
}
