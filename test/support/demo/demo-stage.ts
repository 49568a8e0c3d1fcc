/**
 * What each test of the notes app stands on: the host that `npm start` starts, one browser that trusts it, and as many phones as are asked for. After
 * each test it is seen that no phone asked anybody but that host for anything.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

import { startDemoHost, type DemoHost } from './demo-host.ts'
import { closeSheet, createNote, joinNote, showInvite, statusOf, textOf } from './note-steps.ts'
import { startPhones, takePhone, type Phone, type PhoneModel } from './phones.ts'
import { readQr } from './read-qr.ts'

/** The first start may build the app. */
const START_MS = 240_000
export const SEEN = { timeout: 20_000, interval: 50 } as const

export class DemoStage {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'y-sealed-demo-'))
  readonly data: string = join(this.folder, 'relay')
  readonly #phones: Phone[] = []
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
  async endTest(): Promise<readonly string[]> {
    this.host.goOn()
    const foreign = this.#phones.flatMap(({ sent }) => sent.filter((line) => !isOwn(line)))
    this.#phones.length = 0
    for (const context of this.browser.contexts()) await context.close()
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

  /** Alice’s phone with an open note, and Bob’s, who joined it by a link read off her screen. */
  async twoPhones(role: 'Can edit' | 'Can view' = 'Can edit'): Promise<[Phone, Phone, string]> {
    const alice = await this.phone('iPhone 15')
    await createNote(alice.page, 'Alice', 'Salamander')
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
  afterEach(async () => expect(await stage.endTest()).toEqual([]))
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

function isOwn(line: string): boolean {
  return /^(?:https|wss):\/\/localhost:|^blob:/.test(line)
}
