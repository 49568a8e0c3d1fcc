/**
 * Texts that no designer thinks of: titles without an end, letters that run from right to left, a screen at twice its size; and names, which are the
 * members’ and not what somebody’s presence calls itself.
 *
 * @module
 */
import type { Locator, Page } from 'playwright'
import { describe, expect, test } from 'vitest'

import { hasComponent } from '../support/components.ts'
import { expectStatus, SEEN, useDemo } from '../support/demo/demo-stage.ts'
import { createNote, goToList, openNote, textOf, typeText } from '../support/demo/note-steps.ts'

const LONG =
  'Donaudampfschifffahrtsgesellschaftskapitänskajütentürschlüsselloch, and what is to be seen through it from the quay'
const ARABIC = 'رحلة نهاية الأسبوع إلى البحيرة'

interface EditorElement extends HTMLElement {
  readonly editor?: { getJSON(): unknown }
}

const titleOf = (page: Page): Locator => page.getByRole('textbox', { name: 'Title' })

/** Pixels of what is in there that cannot be seen, across and down. */
async function hiddenIn(field: Locator): Promise<readonly [number, number]> {
  return await field.evaluate((element) => [
    element.scrollWidth - element.clientWidth,
    element.scrollHeight - element.clientHeight,
  ])
}

/** What is worked with, and cannot be seen whole across the page. */
async function tooNarrow(page: Page): Promise<readonly string[]> {
  return await page.evaluate(() =>
    Array.from(document.querySelectorAll<HTMLElement>('button, input, .avatar'))
      .filter((element) => element.checkVisibility())
      .filter((element) => {
        const isCut = element.tagName !== 'INPUT' && element.scrollWidth > element.clientWidth
        return isCut || element.getBoundingClientRect().right > innerWidth
      })
      .map((element) => element.getAttribute('aria-label') ?? element.outerHTML.slice(0, 80)),
  )
}

/** How far the letters stand from either side of the page. */
async function gapsOf(text: Locator): Promise<{ readonly left: number; readonly right: number }> {
  return await text.evaluate((element) => {
    const range = element.ownerDocument.createRange()
    range.selectNodeContents(element)
    const { left, right } = range.getBoundingClientRect()
    return { left, right: innerWidth - right }
  })
}

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))(
  'texts as they come',
  { timeout: 90_000 },
  () => {
    const stage = useDemo()

    test('[DEMO 8.3] the caret in a title stays at its letters while another phone writes before it', async () => {
      const [alice, bob] = await stage.twoPhones()
      const [title, others] = [titleOf(alice.page), titleOf(bob.page)]
      await title.fill('Trip home')
      await expect.poll(async () => await others.inputValue(), SEEN).toBe('Trip home')
      await title.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(4, 4))
      await others.fill('Our Trip home')
      await expect.poll(async () => await title.inputValue(), SEEN).toBe('Our Trip home')
      await alice.page.keyboard.type('s')
      expect(await title.inputValue()).toBe('Our Trips home')
    })

    test('[DEMO 8.12] a title is seen whole however long it is, has one line of text, and Enter leads on to the note', async () => {
      const { page } = await stage.phone('iPhone 15')
      await createNote(page, 'Alice', `${LONG.slice(0, 30)}\n${LONG.slice(30)}`)
      expect(await titleOf(page).inputValue()).toBe(`${LONG.slice(0, 30)} ${LONG.slice(30)}`)
      expect(await hiddenIn(titleOf(page))).toEqual([0, 0])
      // 200 %: half the room.
      await page.setViewportSize({ width: 195, height: 422 })
      expect(await hiddenIn(titleOf(page))).toEqual([0, 0])
      await titleOf(page).press('Enter')
      expect(await textOf(page).evaluate((element) => element === document.activeElement)).toBe(true)
      await page.getByRole('button', { name: 'All notes' }).click({ timeout: 5_000 })
      await page.getByRole('button', { name: 'New note' }).waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0)
    })

    test('[DEMO 8.12] a text runs as its own letters do, beside one that runs the other way', async () => {
      const { page } = await stage.phoneAtNote('iPhone 15', ARABIC)
      await typeText(page, ARABIC)
      await page.keyboard.press('Enter')
      await page.keyboard.type('And back.')
      const [arabic, english] = [page.locator('.tiptap p').nth(0), page.locator('.tiptap p').nth(1)]
      expect((await gapsOf(arabic)).right).toBeLessThan((await gapsOf(arabic)).left)
      expect((await gapsOf(english)).left).toBeLessThan((await gapsOf(english)).right)
      expect(await titleOf(page).evaluate((field) => getComputedStyle(field).direction)).toBe('rtl')
      await goToList(page)
      const card = await gapsOf(page.locator('.card-title').filter({ hasText: ARABIC }))
      expect(card.right).toBeLessThan(card.left)
    })

    test('[DEMO 8.12] a list has its marks where its letters begin, beside one whose letters run the other way', async () => {
      const { page } = await stage.phoneAtNote('iPhone 15', 'Lists')
      await typeText(page, `[ ] ${ARABIC}`)
      await page.keyboard.press('Enter')
      await page.keyboard.type('Milk')
      for (let times = 0; times < 2; times++) await page.keyboard.press('Enter')
      await page.keyboard.type('- Bread')
      await page.locator('.tiptap ul:not([data-type]) p').waitFor()
      const boxes = page.locator('.tiptap input[type=checkbox]')
      const items = page.locator('.tiptap ul[data-type=taskList] p')
      for (const nth of [0, 1]) {
        const text = await gapsOf(items.nth(nth))
        expect(text.right).toBeLessThan(text.left)
        expect((await boxes.nth(nth).boundingBox())?.x).toBeGreaterThan(text.left)
      }
      const bullet = await gapsOf(page.locator('.tiptap ul:not([data-type]) p'))
      expect(bullet.left).toBeLessThan(bullet.right)
      // The page alone says so: the note has none of it.
      const note = await page.locator('.tiptap').evaluate((element: EditorElement) => element.editor?.getJSON())
      expect(JSON.stringify(note)).toContain('taskItem')
      expect(JSON.stringify(note)).not.toContain('dir')
    })

    test('[CL7] [DEMO 4] the list shows with whom a note is shared, and a note who is there, by the names that the members have', async () => {
      const [alice, bob] = await stage.twoPhones('Can edit', 'Named')
      await typeText(bob.page, 'his words')
      const [here, labels] = [alice.page.locator('.people [role=img]'), alice.page.locator('.y-sealed-label')]
      const names = async (avatars: Locator): Promise<readonly (string | null)[]> =>
        await avatars.evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')))
      await expect.poll(async () => await names(here), SEEN).toEqual(['Bob'])
      await expect.poll(async () => await labels.allInnerTexts(), SEEN).toEqual(['Bob'])
      await expectStatus(bob.page, 'saved')
      await goToList(alice.page)
      const othersOn = (page: Page): Locator =>
        page.getByRole('article').filter({ hasText: 'Named' }).locator('.others [role=img]')
      await expect.poll(async () => await names(othersOn(alice.page)), SEEN).toEqual(['Bob'])
      await goToList(bob.page)
      await expect.poll(async () => await names(othersOn(bob.page)), SEEN).toEqual(['Alice'])
    })

    test('[DEMO 8.12] who has set letters of twice the size gets them, and nothing is cut off by that', async () => {
      const page = await stage.phoneWithNote('Weekend', 'Leaving Friday at four')
      const sizeOf = async (): Promise<number> =>
        await page.evaluate(() => Number.parseFloat(getComputedStyle(document.body).fontSize))
      const before = await sizeOf()
      const settings = await page.context().newCDPSession(page)
      await settings.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } })
      try {
        await expect.poll(sizeOf, SEEN).toBeGreaterThan(before * 1.9)
        expect(await tooNarrow(page)).toEqual([])
        await openNote(page, 'Weekend')
        expect(await tooNarrow(page)).toEqual([])
        await page.getByRole('button', { name: 'Versions' }).click()
        await page.getByRole('dialog').getByRole('listitem').first().getByRole('button').click()
        await page.getByRole('button', { name: 'Restore' }).waitFor()
        expect(await tooNarrow(page)).toEqual([])
      } finally {
        // They are the browser's, and not this phone's alone.
        await settings.send('Page.setFontSizes', { fontSizes: { standard: 16, fixed: 13 } })
        await expect.poll(sizeOf, SEEN).toBe(before)
      }
    })
  },
)
