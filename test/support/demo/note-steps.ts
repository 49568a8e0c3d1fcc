/**
 * What people do with the notes app, by what they see of it.
 *
 * @module
 */
import type { Locator, Page } from 'playwright'

export const textOf = (page: Page): Locator => page.getByRole('textbox', { name: 'Text of the note' })

export const statusOf = (page: Page): Locator => page.locator('[data-status]')

/** On the list: makes a note, giving a name where it is asked for. */
export async function createNote(page: Page, name: string | null, title: string): Promise<void> {
  await page.getByRole('button', { name: 'New note' }).click()
  if (name !== null) {
    await page.getByLabel('Your name, for the members of your notes').fill(name)
    await page.getByRole('button', { name: 'Write it' }).click()
  }
  await page.getByRole('textbox', { name: 'Title' }).fill(title)
}

/** At the end of the text. */
export async function typeText(page: Page, text: string): Promise<void> {
  // It may stand there and take no letters yet.
  await textOf(page).and(page.locator('[contenteditable=true]')).focus()
  await page.keyboard.press('Control+End')
  await page.keyboard.type(text)
}

/** In an open note: makes a link, whose QR code then stands on the screen; the link is what Copy would give. */
export async function showInvite(page: Page, role: 'Can edit' | 'Can view'): Promise<Locator> {
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await page.locator('.segments').getByText(role).click()
  await page.getByRole('button', { name: 'Make an invite link' }).click()
  const code = page.getByRole('img', { name: 'Invite link as a QR code' })
  await code.waitFor()
  return code
}

export async function closeSheet(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Close' }).click()
}

/** Opens a link, giving a name. */
export async function joinNote(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link)
  await page.getByLabel('Your name, for the members of your notes').fill(name)
  await page.getByRole('button', { name: 'Open the note' }).click()
  await textOf(page).waitFor()
}

/** The safety code, as digits. */
export async function safetyDigits(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Encrypted' }).click()
  const digits = (await page.getByLabel('Safety code, as digits').textContent()) ?? ''
  await closeSheet(page)
  return digits.trim()
}

/** From a note back to the list. */
export async function goToList(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'All notes' }).click()
  await page.getByRole('button', { name: 'New note' }).waitFor()
}

/** From the list. */
export async function openNote(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${title}`) }).click()
  await textOf(page).waitFor()
}

/** Titles of the notes that the list shows, from the top. */
export async function titlesOf(page: Page): Promise<readonly string[]> {
  return await page.locator('.card-title').allInnerTexts()
}
