/**
 * The list of the notes app, in Chromium as a phone: finding, naming and deleting notes, and what is said after the first one.
 *
 * @module
 */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'

import { hasComponent } from '../support/components.ts'
import { expectStatus, expectText, SEEN, useDemo } from '../support/demo/demo-stage.ts'
import { closeSheet, createNote, goToList, joinNote, textOf, titlesOf, typeText } from '../support/demo/note-steps.ts'
import { hold, swipe, tapLate } from '../support/demo/touch.ts'

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))(
  'the list of notes',
  { timeout: 90_000 },
  () => {
    const stage = useDemo()

    test('[DEMO 8.12] notes are found by their words on the device, also after a reload', async () => {
      const { page } = await stage.phone('iPhone 15')
      await createNote(page, 'Alice', 'Pond')
      await typeText(page, 'seven newts')
      await expectStatus(page, 'saved')
      await goToList(page)
      await createNote(page, null, 'Meadow')
      await typeText(page, 'two hares')
      await expectStatus(page, 'saved')
      await goToList(page)
      const search = page.getByRole('searchbox')
      const find = async (words: string, titles: readonly string[]): Promise<void> => {
        await search.fill(words)
        await expect.poll(async () => await titlesOf(page), SEEN).toEqual(titles)
      }
      await find('NEWTS', ['Pond'])
      await find('mead', ['Meadow'])
      await find('', ['Meadow', 'Pond'])
      await find('badger', [])
      await page.getByText('No note says that.').waitFor()
      await page.reload()
      await search.waitFor()
      await find('hares', ['Meadow'])
      // Looking through them asks nobody for anything.
      await page.context().setOffline(true)
      await page.reload()
      await find('newts', ['Pond'])
    })

    test('[DEMO 8.12] a note that is renamed in the list has its new title for all its members; a reader’s name for it is the reader’s own', async () => {
      const [alice, bob] = await stage.twoPhones('Can view', 'Newt')
      await typeText(alice.page, 'words')
      await expectStatus(alice.page, 'saved')
      await goToList(alice.page)
      const rename = async (page: typeof alice.page, from: string, label: string, to: string): Promise<void> => {
        await page.getByRole('button', { name: `More about ${from}` }).click()
        await page.getByLabel(label).fill(to)
        await page.getByRole('button', { name: 'Rename' }).click()
        await expect.poll(async () => await titlesOf(page), SEEN).toContain(to)
        expect(await titlesOf(page)).not.toContain(from)
      }
      await rename(alice.page, 'Newt', 'Title, for all its members', 'Axolotl')
      await expect.poll(async () => await bob.page.getByLabel('Title').inputValue(), SEEN).toBe('Axolotl')
      await goToList(bob.page)
      await rename(bob.page, 'Axolotl', 'Your own name for it', 'Alice’s animal')
      await bob.page.reload()
      await expect.poll(async () => await titlesOf(bob.page), SEEN).toContain('Alice’s animal')
      await alice.page.reload()
      await expect.poll(async () => await titlesOf(alice.page), SEEN).toContain('Axolotl')
      expect(await titlesOf(alice.page)).not.toContain('Newt')
    })

    test('[DEMO 8.12] a deleted note comes back by Undo, and is gone without it', async () => {
      const { page } = await stage.phoneAtNote('Pixel 7', 'Fleeting')
      await expectStatus(page, 'saved')
      await goToList(page)
      const card = page.getByRole('article').filter({ hasText: 'Fleeting' })
      const remove = async (): Promise<void> => {
        await page.getByRole('button', { name: 'More about Fleeting' }).click()
        await page.getByRole('button', { name: 'Delete' }).click()
        await expect.poll(async () => await card.count(), SEEN).toBe(0)
      }
      await remove()
      await page.getByRole('button', { name: 'Undo' }).click()
      await expect.poll(async () => await card.count(), SEEN).toBe(1)
      await remove()
      await expect.poll(async () => await page.getByRole('button', { name: 'Undo' }).count(), SEEN).toBe(0)
      await page.waitForTimeout(1_000)
      await page.reload()
      // The list is as the device has it, with what there was before.
      await page.getByRole('article').first().or(page.getByText('Notes that only you can read')).waitFor()
      expect(await titlesOf(page)).not.toContain('Fleeting')
    })

    test('[DEMO 4] a swipe to the left deletes, with Undo; a short one does not; a finger that is held opens what can be done', async () => {
      const { page } = await stage.phoneAtNote('Pixel 7', 'Swiped')
      await expectStatus(page, 'saved')
      await goToList(page)
      const card = page.getByRole('article').filter({ hasText: 'Swiped' })
      await swipe(page, card, -60)
      await page.waitForTimeout(300)
      expect(await titlesOf(page)).toContain('Swiped')
      // It was no tap, either: the list is still there.
      await page.getByRole('button', { name: 'New note' }).waitFor()
      await swipe(page, card, -200)
      await page.getByText('“Swiped” deleted').waitFor()
      expect(await titlesOf(page)).not.toContain('Swiped')
      await page.getByRole('button', { name: 'Undo' }).click()
      await expect.poll(async () => await titlesOf(page), SEEN).toContain('Swiped')
      await hold(page, card, page.getByRole('dialog', { name: 'Swiped' }))
      await tapLate(page, card)
      await page.getByRole('button', { name: 'Share' }).click()
      await page.getByRole('dialog', { name: 'Share this note' }).waitFor()
      await closeSheet(page)
    })

    test('[DEMO 4] what stands above the notes comes with them, and moves none under a finger', async () => {
      const { page } = await stage.phone('Pixel 7')
      await createNote(page, 'Alice', 'Still')
      await expectStatus(page, 'saved')
      await noteFirstCards(page)
      await goToList(page)
      await swipe(page, page.getByRole('article'), -200)
      await page.getByRole('button', { name: 'Undo' }).click()
      await expect.poll(async () => await titlesOf(page), SEEN).toEqual(['Still'])
      // Once by the way back from the note, once by Undo.
      const cameWith = await page.evaluate(() => (globalThis as unknown as { cameWith: boolean[] }).cameWith)
      expect(cameWith).toEqual([true, true])
    })

    test('[DEMO 8.12] two tabs of one device show the same list, and what is written in one stands in the other', async () => {
      const { page: first } = await stage.phoneAtNote('Pixel 7', 'Both')
      await typeText(first, 'from the first. ')
      await expectStatus(first, 'saved')
      const second = await first.context().newPage()
      await second.goto(stage.host.url)
      await second.getByRole('button', { name: /^Both/ }).click()
      await expectText(second, 'from the first.')
      await typeText(second, 'from the second. ')
      await expectText(first, 'from the second.')
      await typeText(first, 'and again.')
      await expectText(second, 'and again.')
      for (const page of [first, second]) await expectStatus(page, 'saved')
      // One person on one device: nobody else is there.
      await goToList(second)
      await createNote(second, null, 'New in the second')
      await expectStatus(second, 'saved')
      await goToList(first)
      await expect.poll(async () => (await titlesOf(first)).slice(0, 2), SEEN).toEqual(['New in the second', 'Both'])
    })

    test('[DEMO 8.1] a link that is opened while the app is open leads to its note, and leaves the address bar', async () => {
      const alice = await stage.phoneAtNote('iPhone 15', 'Joined late')
      const link = await stage.linkOff(alice.page)
      const bob = await stage.phone('Pixel 7')
      await bob.page.getByRole('button', { name: 'New note' }).waitFor()
      // The app has this address open: the browser changes what stands behind the # and loads nothing.
      await joinNote(bob.page, link, 'Bob')
      await expect.poll(async () => await bob.page.getByLabel('Title').inputValue(), SEEN).toBe('Joined late')
      expect(bob.page.url()).not.toContain('#')
      await bob.page.goBack()
      await bob.page.waitForTimeout(300)
      expect(bob.page.url()).not.toContain('#')
    })

    test('[DEMO 4] after the first note it is said once that a lost phone takes its notes along', async () => {
      const { page } = await stage.phone('Pixel 7')
      const nudge = page.getByRole('complementary', { name: 'Recovery key' })
      await page.getByRole('button', { name: 'New note' }).waitFor()
      expect(await nudge.count()).toBe(0)
      await createNote(page, 'Alice', 'First')
      await expectStatus(page, 'saved')
      await goToList(page)
      await nudge.getByRole('button', { name: 'Make one' }).click()
      await page.getByRole('button', { name: 'Make a recovery key' }).click()
      await expect
        .poll(async () => await page.getByLabel('Recovery key').last().innerText(), SEEN)
        .toMatch(/^(?:\w{4}-){6}\w{4}$/)
      await closeSheet(page)
      expect(await nudge.count()).toBe(0)
      await page.reload()
      await page.getByRole('article').waitFor()
      await page.waitForTimeout(300)
      expect(await nudge.count()).toBe(0)
    })

    test('[DEMO 4] a tick is all that stays of “Saved” after two seconds', async () => {
      const { page } = await stage.phoneAtNote('Pixel 7', 'Quiet')
      await textOf(page).waitFor()
      await expectStatus(page, 'saved')
      const words = page.locator('[data-status] span')
      await expect.poll(async () => await words.evaluate((element) => element.clientWidth), SEEN).toBeLessThan(2)
      // Still said to those who hear the page.
      expect(await words.textContent()).toBe('Saved')
    })
  },
)

/** From now on notes in `cameWith`, each time that the list gets its first card, whether the nudge stands there already. */
async function noteFirstCards(page: Page): Promise<void> {
  await page.evaluate(() => {
    const cameWith: boolean[] = []
    Object.assign(globalThis, { cameWith })
    let had = false
    new MutationObserver(() => {
      const has = document.querySelector('article') !== null
      if (has && !had) cameWith.push(document.querySelector('.nudge') !== null)
      had = has
    }).observe(document.body, { childList: true, subtree: true })
  })
}
