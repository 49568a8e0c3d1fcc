/**
 * What each test of the notes app stands on: the host that `npm start` starts, one browser that trusts it, and as many phones as are asked for. After
 * each test it is seen that no phone asked anybody but that host for anything. A page that is loaded into a new phone costs six times what a note
 * costs on one that has the app open, so the two phones of most tests stay on for the next.
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

export class DemoStage {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'y-sealed-demo-'))
  readonly data: string = join(this.folder, 'relay')
  readonly #phones: Phone[] = []
  /** Alice’s and Bob’s, from one test to the next; `null` before the first, and after one that failed. */
  #couple: readonly [Phone, Phone] | null = null
  #host: DemoHost | null = null
  #browser: Browser | null = null

  get host(): DemoHost {
    return this.#host as DemoHost
  }

  get browser(): Browser {
    return this.#browser as Browser
  }

  /** Starts the host once more on the address that it had, after it has ended. */
  async startAgain(...options: readonly string[]): Promise<void> {
    this.#host = await startDemoHost({ data: this.data, port: Number(new URL(this.host.url).port), options })
  }

  async open(): Promise<void> {
    this.#host = await startDemoHost({ data: this.data, port: 0 })
    this.#browser = await startPhones(join(this.folder, 'home'), join(this.data, 'tls', 'ca.pem'))
  }

  /** Ends what a test has begun (one that failed in between may have left the host standing still), and gives every request to anybody else. */
  async endTest(hasFailed: boolean): Promise<readonly string[]> {
    this.host.goOn()
    const foreign = this.#phones.flatMap(({ sent }) => sent.filter((line) => !isOwn(line)))
    const couple: readonly Phone[] = this.#couple ?? []
    if (hasFailed || !(await areAtHand(couple, this.host.url))) this.#couple = null
    const kept = new Set((this.#couple ?? []).map(({ page }) => page.context()))
    const left = this.#phones.filter(({ page }) => kept.has(page.context()))
    this.#phones.splice(0, this.#phones.length, ...left)
    for (const context of this.browser.contexts()) if (!kept.has(context)) await context.close()
    for (const { page } of left) for (const other of page.context().pages()) if (other !== page) await other.close()
    return foreign
  }

  async close(): Promise<void> {
    await this.#browser?.close()
    await this.#host?.stop()
    rmSync(this.folder, { recursive: true, force: true })
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

  /** A new phone of Alice’s with one note, which says something, in its list. */
  async phoneWithNote(title: string, text: string): Promise<Page> {
    const { page } = await this.phone('iPhone 15')
    await createNote(page, 'Alice', title)
    await typeText(page, text)
    await expectStatus(page, 'saved')
    await goToList(page)
    return page
  }

  /**
   * Alice’s phone with a new note, empty and open, and Bob’s, who joined it by a link read off her screen. They may be those of the test before,
   * with the notes of then in their lists.
   */
  async twoPhones(role: 'Can edit' | 'Can view' = 'Can edit'): Promise<[Phone, Phone, string]> {
    if (this.#couple === null) {
      const [alice, bob, link] = await this.twoNewPhones(role)
      this.#couple = [alice, bob]
      return [alice, bob, link]
    }
    const [alice, bob] = this.#couple
    for (const { page } of [alice, bob]) await goToList(page)
    await createNote(alice.page, null, TITLE)
    const link = await this.linkOff(alice.page, role)
    // The app is open and knows his name: the browser changes what stands behind the # and loads nothing.
    await bob.page.goto(link)
    await textOf(bob.page).waitFor()
    return [alice, bob, link]
  }

  /** The same, on phones that had nothing before. */
  async twoNewPhones(role: 'Can edit' | 'Can view' = 'Can edit'): Promise<[Phone, Phone, string]> {
    const alice = await this.phone('iPhone 15')
    await createNote(alice.page, 'Alice', TITLE)
    const link = await this.linkOff(alice.page, role)
    const bob = await this.take('Pixel 7', 'dark')
    await joinNote(bob.page, link, 'Bob')
    return [alice, bob, link]
  }

  /** A link to the open note, read off the screen. */
  async linkOff(page: Page, role: 'Can edit' | 'Can view' = 'Can edit'): Promise<string> {
    const link = await readQr(await showInvite(page, role))
    await closeSheet(page)
    return link
  }
}

/** For one file of tests. */
export function useDemo(): DemoStage {
  const stage = new DemoStage()
  beforeAll(async () => await stage.open(), START_MS)
  afterEach(async ({ task }) => expect(await stage.endTest(task.result?.state === 'fail')).toEqual([]))
  afterAll(async () => await stage.close())
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

/** Each has a note open, and nothing over it. */
async function areAtHand(phones: readonly Phone[], url: string): Promise<boolean> {
  for (const { page } of phones) {
    await page.context().setOffline(false)
    if (page.isClosed() || page.url() !== url) return false
    if ((await page.getByRole('dialog').count()) > 0) return false
    if (!(await page.getByRole('button', { name: 'All notes' }).isVisible())) return false
  }
  return true
}

function isOwn(line: string): boolean {
  return /^(?:https|wss):\/\/localhost:|^blob:/.test(line)
}
