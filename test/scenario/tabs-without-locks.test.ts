/**
 * Two tabs of one device in a browser that has no Web Locks, as real pages of the notes app: one is killed, or suspended by a debugger, while what
 * was typed in it has not left.
 *
 * @module
 */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'

import { hasComponent } from '../support/components.ts'
import { expectStatus, SEEN, useDemo } from '../support/demo/demo-stage.ts'
import { createNote, statusOf, textOf, typeText } from '../support/demo/note-steps.ts'

/** In the order of the alphabet. */
const wordsOf = async (page: Page): Promise<readonly string[]> => {
  const words = ((await textOf(page).textContent()) ?? '').split(/\s+/u).filter((word) => word !== '')
  return words.toSorted((a, b) => a.localeCompare(b))
}

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))(
  'two tabs without Web Locks',
  { timeout: 90_000 },
  () => {
    const stage = useDemo()

    /** A tab with a note of one word, saved, in which another one was typed without a network, and its address. */
    const typedOffline = async (): Promise<Page> => {
      const { page } = await stage.take('Pixel 7')
      await page.context().addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }))
      await page.goto(stage.host.url)
      expect(await page.evaluate(() => navigator.locks)).toBeUndefined()
      await createNote(page, 'Alice', 'Two tabs')
      await typeText(page, 'saved ')
      await expectStatus(page, 'saved')
      await page.context().setOffline(true)
      await typeText(page, 'unsent ')
      await expectStatus(page, 'offline')
      // What is still being written when a tab is killed is lost with it, and is not said to be saved.
      await expect.poll(async () => await statusOf(page).innerText(), SEEN).not.toContain('saving')
      return page
    }

    const openAnother = async (first: Page): Promise<Page> => {
      const page = await first.context().newPage()
      await page.goto(stage.host.url)
      await page.getByRole('button', { name: /^Two tabs/u }).click()
      await textOf(page).waitFor()
      return page
    }

    test('[CL16] [CL14] what a killed tab has not sent, the next one shows without a network, and sends, once', async () => {
      const first = await typedOffline()
      const context = first.context()
      const debug = await context.newCDPSession(first)
      const crashed = first.waitForEvent('crash')
      // It answers nobody any more.
      void debug.send('Page.crash').catch(() => undefined)
      await crashed
      const second = await openAnother(first)
      await first.close()
      await expect.poll(async () => await wordsOf(second), SEEN).toEqual(['saved', 'unsent'])
      await context.setOffline(false)
      await typeText(second, 'more ')
      await expectStatus(second, 'saved')
      const third = await openAnother(second)
      await expect.poll(async () => await wordsOf(third), SEEN).toEqual(['more', 'saved', 'unsent'])
    })

    test('[CL16] a tab that is suspended and wakes goes on beside the one that took over, and no word is there twice or lost', async () => {
      const first = await typedOffline()
      const debug = await first.context().newCDPSession(first)
      await debug.send('Debugger.enable')
      const isPaused = new Promise<void>((resolve) => debug.once('Debugger.paused', () => resolve()))
      await debug.send('Debugger.pause')
      void first.evaluate(() => 'asleep').catch(() => undefined)
      await isPaused
      const second = await openAnother(first)
      await expect.poll(async () => await wordsOf(second), SEEN).toEqual(['saved', 'unsent'])
      await first.context().setOffline(false)
      await typeText(second, 'second ')
      await expectStatus(second, 'saved')
      await debug.send('Debugger.resume')
      await debug.detach()
      await typeText(first, 'woken ')
      await expectStatus(first, 'saved')
      const all = ['saved', 'second', 'unsent', 'woken']
      await expect.poll(async () => await wordsOf(first), SEEN).toEqual(all)
      await expect.poll(async () => await wordsOf(second), SEEN).toEqual(all)
      // Nothing of it is the one tab's alone, or left behind for the next.
      await first.close()
      const third = await openAnother(second)
      await expect.poll(async () => await wordsOf(third), SEEN).toEqual(all)
    })
  },
)
