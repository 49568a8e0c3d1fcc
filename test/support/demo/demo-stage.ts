/**
 * What each test of the notes app stands on: the host that `npm start` starts, one browser that trusts it, and as many phones as are asked for. After
 * each test it is seen that no phone asked anybody but that host for anything. Host and browser last as long as the process that runs the tests. A
 * page that is loaded into a new phone costs six times what a note costs on one that has the app open, so a phone of each model stays on for the next
 * test of the same file.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

import { startDemoHost, type DemoHost } from './demo-host.ts'
import { closeSheet, createNote, goToList, joinNote, showInvite, statusOf, textOf, typeText } from './note-steps.ts'
import { startPhones, takePhone, type Phone, type PhoneModel } from './phones.ts'
import { readQr } from './read-qr.ts'

/** The first start may build the app. */
const START_MS = 240_000
const TITLE = 'Salamander'
export const SEEN = { timeout: 20_000, interval: 50 } as const

/** Whose each phone is that stays on. */
const OWNERS = { 'iPhone 15': 'Alice', 'Pixel 7': 'Bob' } as const

export class DemoStage {
  #folder = ''
  #opening: Promise<void> | null = null
  readonly #phones: Phone[] = []
  /** Those that stay on; their owners have said their names. */
  readonly #kept = new Map<PhoneModel, Phone>()
  #host: DemoHost | null = null
  #browser: Browser | null = null
  /** Told something that the next test does not expect. */
  #isHostOdd = false

  get host(): DemoHost {
    return this.#host as DemoHost
  }

  get browser(): Browser {
    return this.#browser as Browser
  }

  get folder(): string {
    return this.#folder
  }

  get data(): string {
    return join(this.#folder, 'relay')
  }

  /** The authority that the browser trusts. */
  get caPath(): string {
    return join(this.data, 'tls', 'ca.pem')
  }

  /** Starts the host once more on the address that it had, after it has ended. */
  async startAgain(...options: readonly string[]): Promise<void> {
    this.#host = await startDemoHost({ data: this.data, port: Number(new URL(this.host.url).port), options })
    this.#isHostOdd = options.length > 0
  }

  /** Once and for all. */
  async open(): Promise<void> {
    await (this.#opening ??= this.#open())
  }

  async #open(): Promise<void> {
    process.once('exit', () => this.#end())
    // How Vitest ends the process that runs the tests. The browser goes with it: Playwright sees to that.
    process.once('SIGTERM', () => process.exit())
    this.#folder = mkdtempSync(join(tmpdir(), 'y-sealed-demo-'))
    this.#host = await startDemoHost({ data: this.data, port: 0 })
    this.#browser = await startPhones(join(this.folder, 'home'), this.caPath)
  }

  /** Ends what a test has begun (one that failed in between may have left the host standing still, or dead), and gives every request to anybody else. */
  async endTest(hasFailed: boolean): Promise<readonly string[]> {
    this.host.goOn()
    const foreign = this.#phones.flatMap(({ sent }) => sent.filter((line) => !isOwn(line)))
    for (const [model, phone] of this.#kept)
      if (hasFailed || !(await isAtHand(phone, this.host.url))) this.#kept.delete(model)
    await this.#closeOthers()
    if (this.#isHostOdd) await this.host.stop()
    if (this.host.hasEnded()) await this.startAgain()
    return foreign
  }

  /** What is kept from test to test is not kept from file to file. */
  async endFile(): Promise<void> {
    this.#kept.clear()
    await this.#closeOthers()
  }

  #end(): void {
    this.#host?.kill().catch(() => undefined)
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #closeOthers(): Promise<void> {
    const left = [...this.#kept.values()]
    this.#phones.splice(0, this.#phones.length, ...left)
    const kept = new Set(left.map(({ page }) => page.context()))
    for (const context of this.#browser?.contexts() ?? []) if (!kept.has(context)) await context.close()
    for (const { page } of left) for (const other of page.context().pages()) if (other !== page) await other.close()
  }

  /** A phone of its own, with nothing open. */
  async take(model: PhoneModel, scheme?: 'light' | 'dark'): Promise<Phone> {
    const phone = await takePhone(this.browser, model, scheme)
    this.#phones.push(phone)
    return phone
  }

  /** A phone with the app open. */
  async phone(model: PhoneModel, scheme?: 'light' | 'dark'): Promise<Phone> {
    const phone = await this.take(model, scheme)
    await phone.page.goto(this.host.url)
    return phone
  }

  /** Alice’s phone with a new note, which says something, on top of its list. It may be that of the test before. */
  async phoneWithNote(title: string, text: string): Promise<Page> {
    const { page } = await this.phoneAtNote('iPhone 15', title)
    await typeText(page, text)
    await expectStatus(page, 'saved')
    await goToList(page)
    return page
  }

  /**
   * A phone with a new note, empty and open: Alice’s if it is an iPhone, else Bob’s. It may be that of the test before, with the notes of then in its
   * list.
   */
  async phoneAtNote(model: PhoneModel, title: string): Promise<Phone> {
    const kept = this.#kept.get(model)
    if (kept !== undefined) {
      await goHome(kept.page)
      await createNote(kept.page, null, title)
      return kept
    }
    const phone = await this.phone(model, schemeOf(model))
    await createNote(phone.page, OWNERS[model], title)
    this.#kept.set(model, phone)
    return phone
  }

  /**
   * Alice’s phone with a new note, empty and open, and Bob’s, who joined it by a link read off her screen. They may be those of the test before,
   * with the notes of then in their lists.
   */
  async twoPhones(role: 'Can edit' | 'Can view' = 'Can edit', title: string = TITLE): Promise<[Phone, Phone, string]> {
    const alice = await this.phoneAtNote('iPhone 15', title)
    const link = await this.linkOff(alice.page, role)
    const kept = this.#kept.get('Pixel 7')
    if (kept === undefined) return [alice, await this.#joinAsBob(link), link]
    await goHome(kept.page)
    // The app is open and knows his name: the browser changes what stands behind the # and loads nothing.
    await kept.page.goto(link)
    await textOf(kept.page).waitFor()
    return [alice, kept, link]
  }

  async #joinAsBob(link: string): Promise<Phone> {
    const bob = await this.take('Pixel 7', schemeOf('Pixel 7'))
    await joinNote(bob.page, link, OWNERS['Pixel 7'])
    this.#kept.set('Pixel 7', bob)
    return bob
  }

  /** A link to the open note, read off the screen. */
  async linkOff(page: Page, role: 'Can edit' | 'Can view' = 'Can edit'): Promise<string> {
    const link = await readQr(await showInvite(page, role))
    await closeSheet(page)
    return link
  }
}

/** The one of this process. */
let shared: DemoStage | null = null

/** For one file of tests: its phones, and the host and browser of the files before it. */
export function useDemo(): DemoStage {
  const stage = useHost()
  afterEach(async ({ task }) => expect(await stage.endTest(task.result?.state === 'fail')).toEqual([]))
  return stage
}

/** The same for a file whose pages outlast its tests. */
export function useHost(): DemoStage {
  const stage = (shared ??= new DemoStage())
  beforeAll(async () => await stage.open(), START_MS)
  afterAll(async () => await stage.endFile())
  return stage
}

export async function expectText(page: Page, text: string): Promise<void> {
  await expect.poll(async () => await textOf(page).innerText(), SEEN).toContain(text)
}

export async function expectStatus(page: Page, status: string): Promise<void> {
  await afterPictures(page)
  await expect.poll(async () => await statusOf(page).getAttribute('data-status'), SEEN).toBe(status)
}

/** An edit is told of with the picture after its own: what the status says from here on is of all that was typed. */
export async function afterPictures(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let picture = 0; picture < 2; picture++) await new Promise((resolve) => requestAnimationFrame(resolve))
    await new Promise((resolve) => setTimeout(resolve, 0))
  })
}

/** It has a note or the list open, and nothing over it, as the next test may expect. */
async function isAtHand({ page }: Phone, url: string): Promise<boolean> {
  if (page.isClosed() || page.url() !== url) return false
  await page.context().setOffline(false)
  if ((await page.getByRole('dialog').count()) > 0) return false
  return await page
    .getByRole('button', { name: /^(?:All notes|New note)$/ })
    .first()
    .isVisible()
}

/** To the list, from wherever. */
async function goHome(page: Page): Promise<void> {
  if (!(await page.getByRole('button', { name: 'New note' }).isVisible())) await goToList(page)
}

const schemeOf = (model: PhoneModel): 'light' | 'dark' => (model === 'Pixel 7' ? 'dark' : 'light')

function isOwn(line: string): boolean {
  return /^(?:https|wss):\/\/localhost:|^blob:/.test(line)
}
