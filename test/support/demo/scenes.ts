/**
 * Every screen of the notes app, brought about as people would: what `take-pictures.ts` takes pictures of.
 *
 * @module
 */
import type { Browser, Page } from 'playwright'

import type { DemoHost } from './demo-host.ts'
import { alterDelivered } from './alter-delivered.ts'
import { closeSheet, createNote, joinNote, showInvite, statusOf, textOf } from './note-steps.ts'
import { takePhone, type Phone } from './phones.ts'
import { readQr } from './read-qr.ts'

export type Scheme = 'light' | 'dark'

/** Shows one screen under the name of its picture. */
export type Take = (name: string, page: Page) => Promise<void>

/** A phone of 390 × 844. */
export async function takeNarrowPhone(browser: Browser, scheme: Scheme): Promise<Phone> {
  const phone = await takePhone(browser, 'iPhone 15', scheme)
  await phone.page.setViewportSize({ width: 390, height: 844 })
  return phone
}

/** Goes through all screens of the app, with a phone for Alice and one for Bob. */
export async function playScenes(browser: Browser, host: DemoHost, scheme: Scheme, take: Take): Promise<void> {
  const { page } = await takeNarrowPhone(browser, scheme)
  await page.goto(host.url)
  await page.getByRole('button', { name: 'New note' }).waitFor()
  await take('empty', page)
  await page.getByRole('button', { name: 'New note' }).click()
  await page.getByLabel('Your name').waitFor()
  await take('name', page)
  await closeSheet(page)
  await writeOlderNotes(page)
  await createNote(page, null, 'Weekend at the lake')
  await writeTrip(page)
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await take('share-begin', page)
  await closeSheet(page)
  const link = await readQr(await showInvite(page, 'Can edit'))
  await take('share', page)
  await closeSheet(page)
  const { page: bobs } = await takeNarrowPhone(browser, scheme)
  await bobs.goto(link)
  await bobs.getByLabel('Your name').waitFor()
  await take('join', bobs)
  await bobs.getByLabel('Your name').fill('Bob')
  await bobs.getByRole('button', { name: 'Open the note' }).click()
  await bobs.locator('.tiptap p').getByText('Stove').waitFor()
  await playTogether(page, bobs, take)
  await playWays(browser, scheme, page, take)
  await playTrouble(browser, host, scheme, page, take)
}

async function writeOlderNotes(page: Page): Promise<void> {
  await createNote(page, 'Alice', 'Grandmother’s bread')
  await type(page, ['500 g of rye, 350 ml of warm water, salt.', 'Let it rest overnight, then bake it for an hour.'])
  await page.getByRole('button', { name: 'All notes' }).click()
  await createNote(page, null, 'Reading list')
  await type(page, ['Three books for the winter, and one for the train.'])
  await page.getByRole('button', { name: 'All notes' }).click()
}

async function writeTrip(page: Page): Promise<void> {
  await type(page, [
    'Leaving Friday at four, back on Sunday. Who brings what?',
    '## To bring',
    '[ ] Tent and both sleeping bags',
    'Stove',
  ])
  await page.getByRole('checkbox').first().check()
  await saved(page)
}

async function playTogether(page: Page, bobs: Page, take: Take): Promise<void> {
  await bobs.locator('.tiptap p').getByText('Stove').click()
  await bobs.keyboard.press('End')
  await bobs.waitForTimeout(150)
  await bobs.keyboard.press('Enter')
  await bobs.keyboard.type('Bread and cheese')
  await page.locator('.tiptap p').getByText('Bread and cheese').waitFor()
  await page.getByRole('button', { name: 'Members; 1 here now' }).waitFor()
  await bobs.keyboard.type(' ')
  await page.waitForTimeout(300)
  await take('note', page)
  await saved(page)
  await page.getByRole('button', { name: /^Members/ }).click()
  await take('members', page)
  await closeSheet(page)
  await page.getByRole('button', { name: 'Encrypted' }).click()
  await take('verify', page)
  await closeSheet(page)
  await page.getByRole('button', { name: 'Versions' }).click()
  await page
    .getByText(/edits?$/)
    .first()
    .waitFor()
  await take('history', page)
  await page.getByRole('dialog').getByRole('listitem').first().getByRole('button').click()
  await page.getByRole('button', { name: 'Restore' }).waitFor()
  await page.waitForTimeout(300)
  await take('version', page)
  await closeSheet(page)
  await page.getByRole('button', { name: 'Saved' }).or(statusOf(page)).first().click()
  await take('status', page)
  await closeSheet(page)
  await page.getByRole('button', { name: 'All notes' }).click()
  await page.getByRole('article').nth(2).waitFor()
  await take('nudge', page)
  await page.getByRole('button', { name: 'Not now' }).click()
  await take('list', page)
}

async function playWays(browser: Browser, scheme: Scheme, page: Page, take: Take): Promise<void> {
  await page.getByRole('button', { name: 'More about Reading list' }).click()
  await take('note-more', page)
  await closeSheet(page)
  await page.getByRole('searchbox').fill('rye')
  await take('search', page)
  await page.getByRole('searchbox').fill('')
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('heading', { name: 'Devices' }).waitFor()
  await take('settings', page)
  await page.locator('.screen').evaluate((screen) => screen.scrollTo(0, screen.scrollHeight))
  await take('settings-end', page)
  await page.getByRole('button', { name: 'QR code' }).first().click()
  const code = page.getByRole('img', { name: 'Pairing code as a QR code' })
  await code.waitFor()
  await take('pairing', page)
  const { page: tablet } = await takeNarrowPhone(browser, scheme)
  await tablet.goto(await readQr(code))
  await tablet.getByLabel('Your name').fill('Alice’s tablet')
  await take('pairing-answer', tablet)
  await tablet.getByRole('button', { name: 'Connect with my other device' }).click()
  await page.getByRole('button', { name: 'It is mine' }).waitFor()
  await take('pairing-asked', page)
  await tablet.context().close()
  await page.getByRole('button', { name: 'It is not' }).click()
  await page.getByRole('button', { name: 'Wipe this device' }).click()
  await take('wipe', page)
  await closeSheet(page)
  await page.getByRole('button', { name: 'All notes' }).click()
}

async function playTrouble(browser: Browser, host: DemoHost, scheme: Scheme, page: Page, take: Take): Promise<void> {
  await page.getByRole('button', { name: /^Reading list/ }).click()
  await saved(page)
  const link = await readQr(await showInvite(page, 'Can view'))
  await closeSheet(page)
  const { page: carols } = await takeNarrowPhone(browser, scheme)
  await joinNote(carols, link, 'Carol')
  await carols.getByText('Three books').waitFor()
  await take('view-only', carols)
  await carols.context().close()
  const { page: daves } = await takeNarrowPhone(browser, scheme)
  const lie = await alterDelivered(daves)
  await joinNote(daves, link, 'Dave')
  await daves.getByText('Three books').waitFor()
  lie.begin()
  await type(page, [' The Salamander, by Bulgakov.'])
  await daves.getByText('Tampered update blocked').waitFor()
  await take('tampered', daves)
  await daves.locator('[data-status]').click()
  await take('tampered-words', daves)
  lie.end()
  await daves.context().close()
  await saved(page)
  host.pause()
  await page.context().setOffline(true)
  await type(page, [' Written on the train.'])
  await page.getByText('saved on this device').waitFor()
  await take('offline', page)
  host.goOn()
  await page.context().setOffline(false)
}

/** A paragraph for each line. */
async function type(page: Page, lines: readonly string[]): Promise<void> {
  await textOf(page).focus()
  await page.keyboard.press('Control+End')
  await page.waitForTimeout(150)
  for (const [index, line] of lines.entries()) {
    if (index > 0) await page.keyboard.press('Enter')
    await page.keyboard.type(line)
  }
}

async function saved(page: Page): Promise<void> {
  await page.locator('[data-status="saved"]').waitFor()
}
