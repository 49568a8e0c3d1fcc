/**
 * Every screen and sheet of the notes app, gone through as people do: by the rules of WCAG 2.2 AA in light and dark, for fingers, for the keyboard,
 * and for those whom movement makes ill.
 *
 * @module
 */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'

import { hasComponent } from '../support/components.ts'
import { findBarriers } from '../support/demo/accessibility.ts'
import { expectStatus, SEEN, useDemo } from '../support/demo/demo-stage.ts'
import { closeSheet, textOf, typeText } from '../support/demo/note-steps.ts'
import { playScenes } from '../support/demo/scenes.ts'
import { findSmallTargets } from '../support/demo/small-targets.ts'

/** Every picture of the documentation is one of these. */
const SCENES = 25

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))('every screen', { timeout: 180_000 }, () => {
  const stage = useDemo()

  test('[DEMO 8.12] no barrier by WCAG 2.2 AA in light or dark, and nothing too small for a finger', async () => {
    const barriers: string[] = []
    const small: string[] = []
    let seen = 0
    await playScenes(stage.browser, stage.host, 'light', async (name, page) => {
      seen += 1
      barriers.push(...(await findBarriers(page)).map((barrier) => `${name}, light: ${barrier}`))
      await page.emulateMedia({ colorScheme: 'dark' })
      barriers.push(...(await findBarriers(page, 'colours')).map((barrier) => `${name}, dark: ${barrier}`))
      await page.emulateMedia({ colorScheme: 'light' })
      small.push(...(await findSmallTargets(page)).map((target) => `${name}: ${target}`))
    })
    expect(barriers).toEqual([])
    expect(small).toEqual([])
    expect(seen).toBe(SCENES)
  })

  test('[DEMO 8.12] by the keyboard everything is reached in the order in which it stands, and a sheet gives the focus back', async () => {
    const { page } = await stage.phoneAtNote('Pixel 7', 'Keys')
    await typeText(page, 'words')
    await expectStatus(page, 'saved')
    await page.getByRole('button', { name: 'All notes' }).focus()
    expect(await focusedInTurn(page, 8)).toEqual([
      'Members; 0 here now',
      'Versions',
      'Share',
      'Encrypted',
      expect.stringMatching(/^Saved/),
      'Title',
      'Text of the note',
      'Bold',
    ])
    const share = page.getByRole('button', { name: 'Share', exact: true })
    await share.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Share this note' }).waitFor()
    // The focus stays in the sheet.
    const inSheet = await focusedInTurn(page, 8)
    expect(inSheet).not.toContain('All notes')
    expect(inSheet).toContain('Make an invite link')
    await page.keyboard.press('Escape')
    await expect.poll(async () => await page.getByRole('dialog').count(), SEEN).toBe(0)
    expect(await share.evaluate((button) => document.activeElement === button)).toBe(true)
    // And where the focus is can be seen.
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle)).not.toBe(
      'none',
    )
  })

  test('[DEMO 8.12] nothing moves for those who asked for less of it', async () => {
    const { page } = await stage.phoneAtNote('Pixel 7', 'Still')
    await textOf(page).waitFor()
    const moving = async (): Promise<number> => {
      await page.getByRole('button', { name: 'Encrypted' }).click()
      const count = await page.evaluate(() => document.getAnimations().length)
      await closeSheet(page)
      return count
    }
    expect(await moving()).toBeGreaterThan(0)
    await page.emulateMedia({ reducedMotion: 'reduce' })
    expect(await moving()).toBe(0)
  })
})

/** What Tab comes to, by name. */
async function focusedInTurn(page: Page, count: number): Promise<readonly string[]> {
  const names: string[] = []
  for (let turn = 0; turn < count; turn++) {
    await page.keyboard.press('Tab')
    names.push(
      await page.evaluate(() => {
        const focused = document.activeElement
        return focused?.getAttribute('aria-label') ?? focused?.textContent?.trim() ?? ''
      }),
    )
  }
  return names
}
