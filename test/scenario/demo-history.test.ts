/**
 * Earlier versions of a note in the notes app, and a note opened twice by React.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'

import { hasComponent } from '../support/components.ts'
import { expectStatus, expectText, SEEN, useDemo } from '../support/demo/demo-stage.ts'
import { startDevelopmentApp } from '../support/demo/development-app.ts'
import { closeSheet, createNote, goToList, textOf, typeText } from '../support/demo/note-steps.ts'
import { startPhones, takePhone } from '../support/demo/phones.ts'
import { join } from 'node:path'

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))(
  'versions of a note',
  { timeout: 90_000 },
  () => {
    const stage = useDemo()

    test('[DEMO 8.12] versions say who and when, show what was, and one that is restored is a new edit for everybody', async () => {
      const [alice, bob] = await stage.twoPhones()
      await typeText(alice.page, 'Alice’s first words')
      await expectText(bob.page, 'Alice’s first words')
      await expectStatus(alice.page, 'saved')
      await textOf(bob.page).focus()
      await bob.page.keyboard.press('Control+A')
      await bob.page.keyboard.type('Bob wrote over them')
      await expectText(alice.page, 'Bob wrote over them')
      await expectStatus(bob.page, 'saved')
      expect(await textOf(alice.page).innerText()).not.toContain('first words')

      await alice.page.getByRole('button', { name: 'Versions' }).click()
      const versions = alice.page.getByRole('dialog').getByRole('listitem')
      await expect.poll(async () => await versions.count(), SEEN).toBe(2)
      expect(await versions.nth(0).innerText()).toMatch(/^Today, .+\nBob · \d+ edits?$/)
      expect(await versions.nth(1).innerText()).toMatch(/^Today, .+\nYou · \d+ edits?$/)
      await versions.nth(0).getByRole('button').click()
      const past = alice.page.locator('.past')
      await expect.poll(async () => await past.innerText(), SEEN).toBe('Salamander\n\nBob wrote over them')
      // By the slider, with the keyboard.
      const slider = alice.page.getByRole('slider', { name: 'Version' })
      await slider.press('ArrowLeft')
      await expect.poll(async () => await past.innerText(), SEEN).toBe('Salamander\n\nAlice’s first words')
      expect(await slider.getAttribute('aria-valuetext')).toContain('You')
      // What others write meanwhile stays in the history.
      await alice.page.getByRole('button', { name: 'Restore' }).click()
      await alice.page.getByText('That version is back, as a new edit.').waitFor()
      for (const { page } of [alice, bob]) {
        await expectText(page, 'Alice’s first words')
        expect(await textOf(page).innerText()).not.toContain('Bob wrote')
      }
      await expectStatus(alice.page, 'saved')
      await bob.page.getByRole('button', { name: 'Versions' }).click()
      const seen = bob.page.getByRole('dialog').getByRole('listitem')
      await expect.poll(async () => await seen.count(), SEEN).toBe(3)
      expect(await seen.nth(0).innerText()).toContain('Alice')
      await seen.nth(1).getByRole('button').click()
      await expect.poll(async () => await bob.page.locator('.past').innerText(), SEEN).toContain('Bob wrote over them')
    })

    test('[DEMO 8.12] a note that React mounts twice opens one socket', async () => {
      const app = await startDevelopmentApp(join(stage.folder, 'development'))
      const browser = await startPhones(join(stage.folder, 'development-home'), app.caPath)
      try {
        const { page } = await takePhone(browser, 'Pixel 7')
        const sockets: string[] = []
        page.on('websocket', (socket) => sockets.push(socket.url()))
        await page.goto(app.url)
        // React in development mounts everything twice under StrictMode; in production it does not.
        await createNote(page, 'Alice', 'Twice')
        await typeText(page, 'once')
        await expectStatus(page, 'saved')
        expect(await page.evaluate(() => document.querySelectorAll('.tiptap').length)).toBe(1)
        expect(sockets).toHaveLength(1)
        expect(await page.evaluate(() => (globalThis as { mounts?: number }).mounts)).toBe(2)
        await page.getByRole('button', { name: 'Share', exact: true }).click()
        await closeSheet(page)
        await goToList(page)
        await page.getByRole('button', { name: /^Twice/ }).click()
        await expectText(page, 'once')
        await expectStatus(page, 'saved')
        expect(sockets).toHaveLength(1)
      } finally {
        await browser.close()
        await app.close()
      }
    })
  },
)
