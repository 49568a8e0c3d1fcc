/**
 * Times taken inside pages: from a key to letters on another phone, from a key to the next picture, from an address to a screen.
 *
 * @module
 */
import type { CDPSession, Page } from 'playwright'

import { textOf } from '../../support/demo/note-steps.ts'
import { sleep } from '../figures.ts'

/** What the compiler of this script calls with each function that it names; pages have none. */
const NAMER = 'globalThis.__name ??= (named) => named'

interface Probed {
  keys: number[]
  /** How long the text was, and when. */
  lengths: [number, number][]
  frames: number[]
}

/** Begins to note down keys, pictures and the text's growth. */
async function probe(page: Page): Promise<void> {
  await page.evaluate(NAMER)
  await page.evaluate(() => {
    const probed: Probed = { keys: [], lengths: [], frames: [] }
    const isNew = !('probed' in globalThis)
    Object.assign(globalThis, { probed })
    if (!isNew) return
    const current = (): Probed => (globalThis as unknown as { probed: Probed }).probed
    const now = (): number => performance.timeOrigin + performance.now()
    const text = document.querySelector('.tiptap')
    if (text === null) throw new Error('there is no text')
    new MutationObserver(() => current().lengths.push([text.textContent.length, now()])).observe(text, {
      characterData: true,
      childList: true,
      subtree: true,
    })
    addEventListener('keydown', () => current().keys.push(now()), true)
    addEventListener(
      'input',
      () => {
        const channel = new MessageChannel()
        channel.port1.addEventListener('message', () => current().frames.push(now()))
        channel.port1.start()
        // A task after the next picture was drawn.
        requestAnimationFrame(() => channel.port2.postMessage(null))
      },
      true,
    )
  })
}

async function probedIn(page: Page): Promise<Probed> {
  return await page.evaluate(() => (globalThis as unknown as { probed: Probed }).probed)
}

const lengthOf = async (page: Page): Promise<number> => await textOf(page).evaluate((text) => text.textContent.length)

/** Milliseconds from each of `count` keys on one phone to its letter on another, a key each `paceMs`. */
export async function keyToText(from: Page, to: Page, count: number, paceMs: number): Promise<readonly number[]> {
  const before = await lengthOf(to)
  await textOf(from).focus()
  await from.keyboard.press('Control+End')
  await sleep(200)
  await probe(from)
  await probe(to)
  for (let typed = 0; typed < count; typed++) {
    await from.keyboard.type('abcdefghijklmnopqrst'[typed % 20] as string)
    await sleep(paceMs)
  }
  for (let look = 0; (await lengthOf(to)) < before + count; look++) {
    if (look > 100) throw new Error('the letters did not arrive')
    await sleep(100)
  }
  const { keys } = await probedIn(from)
  const { lengths } = await probedIn(to)
  return keys.map((at, index) => (lengths.find(([length]) => length > before + index)?.[1] ?? Number.NaN) - at)
}

/** Milliseconds from each of `count` keys to the picture with its letter. */
export async function keyToPicture(page: Page, count: number, paceMs: number): Promise<readonly number[]> {
  await textOf(page).focus()
  await page.keyboard.press('Control+End')
  await sleep(500)
  await probe(page)
  for (let typed = 0; typed < count; typed++) {
    await page.keyboard.type('a')
    await sleep(paceMs)
  }
  await sleep(500)
  const { keys, frames } = await probedIn(page)
  return keys.map((at, index) => (frames[index] ?? Number.NaN) - at)
}

/** Puts so many paragraphs into the open note, in one step. */
export async function fillNote(page: Page, paragraphs: number): Promise<void> {
  await textOf(page).evaluate((element, count) => {
    const { editor } = element as unknown as {
      readonly editor: { readonly commands: { insertContentAt(at: number, content: unknown): boolean } }
    }
    const content = Array.from({ length: count }, (_, index) => ({
      type: 'paragraph',
      content: [{ type: 'text', text: `Paragraph ${index}: seven newts crossed the lane before the rain.` }],
    }))
    editor.commands.insertContentAt(0, content)
  }, paragraphs)
}

/** A phone of the middle class on a middling network, for one page. */
export async function slowDown(page: Page, { network }: { readonly network: boolean }): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  if (network) {
    await session.send('Network.enable')
    await session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 60,
      downloadThroughput: 9_000_000 / 8,
      uploadThroughput: 9_000_000 / 8,
    })
  }
  return session
}

export interface Opening {
  /** Milliseconds from the address to the first picture with anything in it. */
  readonly painted: number
  /** … to the element that was waited for. */
  readonly usable: number
}

/** Opens `url`, or loads the page anew where it is `null`, and waits for an element. */
export async function timeOpening(page: Page, url: string | null, selector: string): Promise<Opening> {
  await page.addInitScript({ content: NAMER })
  await page.addInitScript((wanted) => {
    const look = (): void => {
      if (document.querySelector(wanted) === null) return void requestAnimationFrame(look)
      Object.assign(globalThis, { usableAt: performance.now() })
    }
    requestAnimationFrame(look)
  }, selector)
  await (url === null ? page.reload() : page.goto(url))
  await page.waitForFunction(() => 'usableAt' in globalThis)
  return await page.evaluate(() => ({
    painted: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    usable: (globalThis as unknown as { usableAt: number }).usableAt,
  }))
}
