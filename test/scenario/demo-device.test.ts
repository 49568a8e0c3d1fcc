/**
 * One person's devices in the notes app: a second one, a lost one, one to be wiped.
 *
 * @module
 */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { hasComponent } from '../support/components.ts'
import { expectText, SEEN, useDemo } from '../support/demo/demo-stage.ts'
import { keptInPage } from '../support/demo/kept-in-page.ts'
import { closeSheet, createNote, goToList, openNote, titlesOf, typeText } from '../support/demo/note-steps.ts'
import { readQr } from '../support/demo/read-qr.ts'
import { whatIsShown } from '../support/demo/what-is-shown.ts'

/** Where Tiptap leaves its editor. */
interface EditorElement extends HTMLElement {
  readonly editor?: {
    readonly view: { dispatch(change: unknown): void }
    readonly state: { readonly tr: { insertText(text: string, at: number): unknown } }
  }
}

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))(
  'devices of one person',
  { timeout: 90_000 },
  () => {
    const stage = useDemo()

    test('[DEMO 8.12] a second device is paired by a QR code off the first one’s screen, and has its notes', async () => {
      const phone = await stage.phoneWithNote('Two devices', 'on the phone. ')
      await phone.getByRole('button', { name: 'Settings' }).click()
      await phone.getByRole('button', { name: 'Add a device by QR code' }).click()
      const { page: tablet } = await stage.take('Pixel 7')
      await tablet.goto(await readQr(phone.getByRole('img', { name: 'Pairing code as a QR code' })))
      // It says what it is: nobody is invited to a note here.
      await tablet.getByRole('heading', { name: 'Add this device' }).waitFor()
      expect(tablet.url()).not.toContain('#')
      await tablet.getByLabel('Your name').fill('Alice’s tablet')
      await tablet.getByRole('button', { name: 'Connect with my other device' }).click()
      await phone.getByText('Alice’s tablet asks to become one of yours').waitFor()
      await phone.getByRole('button', { name: 'It is mine' }).click()
      await tablet.getByRole('heading', { name: 'All set' }).waitFor()
      await tablet.getByRole('button', { name: 'My notes' }).click()
      await expect.poll(async () => await titlesOf(tablet), SEEN).toContain('Two devices')
      await openNote(tablet, 'Two devices')
      await expectText(tablet, 'on the phone.')
      await typeText(tablet, 'on the tablet.')
      await phone.getByText('Alice’s tablet', { exact: true }).waitFor()
      await phone.getByRole('button', { name: 'All notes' }).click()
      await openNote(phone, 'Two devices')
      await expectText(phone, 'on the tablet.')
      // What is made on one is listed on the other.
      await goToList(tablet)
      await createNote(tablet, null, 'Made on the tablet')
      await goToList(phone)
      const newest = async (): Promise<readonly string[]> => (await titlesOf(phone)).slice(0, 2)
      await expect.poll(newest, SEEN).toEqual(['Made on the tablet', 'Two devices'])
    })

    test('[DEMO 8.12] a second device is paired by a code that is typed, once both show the same digits', async () => {
      const phone = await stage.phoneWithNote('By code', 'spoken')
      await phone.getByRole('button', { name: 'Settings' }).click()
      await phone.getByRole('button', { name: 'Add a device by a code to type' }).click()
      const code = await phone.getByLabel('Pairing code').innerText()
      const { page: tablet } = await stage.phone('Pixel 7')
      await tablet.getByRole('button', { name: 'I have notes on another device' }).click()
      await tablet.getByLabel('Your name').fill('Tablet')
      await tablet.getByLabel('The code that your other device shows').fill(code)
      await tablet.getByRole('button', { name: 'Connect with my other device' }).click()
      const digits = await tablet.getByLabel('Digits').innerText()
      expect(digits.replaceAll(/\D/g, '')).toMatch(/^\d{6}$/)
      expect(await phone.getByLabel('Digits').innerText()).toBe(digits)
      await tablet.getByRole('button', { name: 'It is my other device' }).click()
      await phone.getByRole('button', { name: 'It is mine' }).click()
      await tablet.getByRole('heading', { name: 'All set' }).waitFor()
      await tablet.getByRole('button', { name: 'My notes' }).click()
      await expect.poll(async () => await titlesOf(tablet), SEEN).toContain('By code')
    })

    test('[DEMO 8.12] a lost phone’s notes come back by its recovery file and key, and not by another key', async () => {
      const phone = await stage.phoneWithNote('Precious', 'not to be lost')
      await phone.getByRole('button', { name: 'Settings' }).click()
      await phone.getByRole('button', { name: 'Make a recovery key' }).click()
      const key = await phone.getByLabel('Recovery key').innerText()
      const saving = phone.waitForEvent('download')
      await phone.getByRole('button', { name: 'Save the file' }).click()
      const file = join(stage.folder, 'alice.recovery')
      await (await saving).saveAs(file)
      await phone.context().close()

      const { page } = await stage.phone('Pixel 7')
      await page.getByRole('button', { name: 'I have a recovery key' }).click()
      const give = async (given: string): Promise<void> => {
        await page.getByLabel('Your name').fill('Alice')
        await page.getByLabel('The recovery file').setInputFiles(file)
        await page.getByLabel('The key that you wrote down').fill(given)
        await page.getByRole('button', { name: 'Bring my notes here' }).click()
      }
      const other = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no recovery file') }
      await page.getByLabel('Your name').fill('Alice')
      await page.getByLabel('The key that you wrote down').fill(key)
      await page.getByLabel('The recovery file').setInputFiles(other)
      await page.getByRole('button', { name: 'Bring my notes here' }).click()
      await page.getByRole('alert').getByText('That is no recovery file').waitFor()
      const last = key.endsWith('0') ? '1' : '0'
      await give(`${key.slice(0, -1)}${last}`)
      await page.getByRole('alert').getByText('That is not the key of this recovery file.').waitFor()
      // What was typed stands there to be mended, and nowhere else.
      expect(await page.getByLabel('Your name').inputValue()).toBe('Alice')
      expect(await page.getByLabel('The recovery file').inputValue()).toContain('alice.recovery')
      await closeSheet(page)
      await page.getByRole('button', { name: 'New note' }).click()
      expect(await page.getByLabel('Your name').inputValue()).toBe('')
      await closeSheet(page)
      await page.getByRole('button', { name: 'I have a recovery key' }).click()
      await give(key)
      await expect.poll(async () => await titlesOf(page), SEEN).toContain('Precious')
      await openNote(page, 'Precious')
      await expectText(page, 'not to be lost')
    })

    test('[DEMO 8.12] the first letter that a second tab takes stands in the text that was there', async () => {
      const page = await stage.phoneWithNote('Early', 'milk')
      const other = await page.context().newPage()
      await other.addInitScript(() => {
        const typeAtOnce = (): void => {
          const { editor } = document.querySelector<EditorElement>('.tiptap[contenteditable=true]') ?? {}
          if (editor === undefined) return void requestAnimationFrame(typeAtOnce)
          editor.view.dispatch(editor.state.tr.insertText('!', 1))
        }
        typeAtOnce()
      })
      await other.goto(stage.host.url)
      await openNote(other, 'Early')
      await expectText(other, '!')
      await expectText(other, 'milk')
      expect((await whatIsShown(other)).document).toEqual(['!milk'])
    })

    test('[DEMO 8.12] a wiped device has nothing left, in the list or in the browser’s storage', async () => {
      const page = await stage.phoneWithNote('Secret', 'to be forgotten')
      const records = async (): Promise<number> =>
        await page.evaluate(
          async () => (await indexedDB.databases()).filter(({ name }) => name?.includes('own')).length,
        )
      expect(await records()).toBe(1)
      const before = (await keptInPage(page)).length
      const other = await page.context().newPage()
      await other.goto(stage.host.url)
      await openNote(other, 'Secret')
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByRole('button', { name: 'Wipe this device' }).click()
      await page.getByRole('button', { name: 'Keep everything' }).click()
      await page.getByRole('button', { name: 'Wipe this device' }).click()
      await page.getByRole('button', { name: 'Wipe it' }).click()
      await page.getByText('Notes that only you can read').waitFor()
      expect(await titlesOf(page)).toEqual([])
      expect((await keptInPage(page)).length).toBeLessThan(before)
      // Nor has the tab beside it, in which a note was open.
      await other.getByText('Notes that only you can read').waitFor()
      // A new person: the name is asked once more.
      await page.getByRole('button', { name: 'New note' }).click()
      await page.getByRole('dialog', { name: 'Your first note' }).waitFor()
    })
  },
)
