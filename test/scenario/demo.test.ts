/**
 * The notes app as people use it: two phones in Chromium, the host that `npm start` starts, real TLS. The numbers are the rows of the demo's
 * list of what must be shown.
 *
 * @module
 */
import { toBytes } from '@y-sealed/protocol'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'

import { hasComponent } from '../support/components.ts'
import { findBarriers } from '../support/demo/accessibility.ts'
import { keptInPage } from '../support/demo/kept-in-page.ts'
import { afterPictures, expectStatus, expectText, SEEN, useDemo } from '../support/demo/demo-stage.ts'
import {
  closeSheet,
  createNote,
  safetyDigits,
  showInvite,
  statusOf,
  textOf,
  typeText,
} from '../support/demo/note-steps.ts'
import { startPhones } from '../support/demo/phones.ts'
import { filesIn, findLeaks, leakingPlaces, textCanary, type Place } from '../support/leak-scan.ts'

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))('the notes app', { timeout: 90_000 }, () => {
  const stage = useDemo()

  test('[DEMO 8.1] a note made on one phone opens on another by a QR code read off the screen; its secret goes nowhere', async () => {
    // The first of its file: both phones are new, and Bob’s comes to the app by the link.
    const [alice, bob, link] = await stage.twoPhones()
    await typeText(alice.page, 'eft crossing')
    await expectText(bob.page, 'eft crossing')
    const secret = link.split('#')[1] ?? ''
    expect(secret.length).toBeGreaterThan(40)
    // It is gone from the address bar, and from what a script or the next page could ask.
    expect(
      await bob.page.evaluate(() => [location.href, document.referrer, JSON.stringify(history.state)].join(' ')),
    ).not.toContain(secret)
    const places = [
      ...filesIn(stage.data),
      placeOf('what the host said', stage.host.said()),
      placeOf('requests', [...alice.sent, ...bob.sent].join('\n')),
    ]
    expect(alice.sent.length).toBeGreaterThan(3)
    // No piece of it that is long enough to be of use.
    const canaries = [secret, secret.slice(0, 24), secret.slice(-24)].map((part) => textCanary('secret', part))
    expect(leakingPlaces(findLeaks(places, canaries))).toEqual([])
  })

  test('[DEMO 8.2] two who type at once end with the same text, and see each other by name', async ({ annotate }) => {
    const [alice, bob] = await stage.twoPhones()
    await Promise.all([typeText(alice.page, 'one newt under the fern '), typeText(bob.page, 'two toads by the pond ')])
    const [first, second] = [
      async () => await textOf(alice.page).innerText(),
      async () => await textOf(bob.page).innerText(),
    ]
    await expect.poll(async () => (await first()) === (await second()), SEEN).toBe(true)
    // Letter by letter they may stand between each other; none is lost and none is doubled.
    const letters = (text: string): string => [...text.replaceAll(/\s/g, '')].toSorted().join('')
    expect(letters(await first())).toBe(letters('one newt under the fern two toads by the pond'))
    await alice.page.getByRole('button', { name: 'Members; 1 here now' }).waitFor()
    await alice.page.getByRole('img', { name: 'Bob' }).waitFor()
    await bob.page.getByRole('img', { name: 'Alice' }).waitFor()
    await expect.poll(async () => await alice.page.locator('.note-body').innerText(), SEEN).toContain('Bob')
    await annotate(await delays(alice.page, bob.page))
  })

  test('[DEMO 8.4] a tap on the toolbar leaves the focus in the text; the toolbar stands on the keyboard', async () => {
    const { page } = await stage.phoneAtNote('Pixel 7', 'Toolbar')
    const size = page.viewportSize()
    await textOf(page).tap()
    // Not even for a moment: the keyboard would go down and come up again.
    const losses = await textOf(page).evaluateHandle((text) => {
      const seen: string[] = []
      text.addEventListener('blur', () => seen.push('blur'))
      return seen
    })
    await page.getByRole('button', { name: 'Bold' }).tap()
    expect(await losses.jsonValue()).toEqual([])
    expect(await textOf(page).evaluate((text) => document.activeElement === text)).toBe(true)
    await page.keyboard.type('newt')
    expect(await textOf(page).locator('strong').innerText()).toBe('newt')
    // The keyboard of an Android phone makes the page smaller.
    await page.setViewportSize({ width: 412, height: 460 })
    await expect.poll(async () => await bottomOf(page), SEEN).toBeCloseTo(460, 0)
    if (size !== null) await page.setViewportSize(size)
  })

  test('[DEMO 8.5] undo takes back one’s own edits alone', async () => {
    const [alice, bob] = await stage.twoPhones()
    await typeText(bob.page, 'kept by Bob. ')
    await expectText(alice.page, 'kept by Bob.')
    await typeText(alice.page, 'taken back')
    await expectText(bob.page, 'taken back')
    const undo = alice.page.getByRole('button', { name: 'Undo' })
    while (await undo.isEnabled()) await undo.tap()
    await expect.poll(async () => await textOf(bob.page).innerText(), SEEN).not.toContain('taken')
    expect((await textOf(alice.page).innerText()).trim()).toBe('kept by Bob.')
  })

  test('[DEMO 8.6] what is written without a network is there after a reload without one, and merges; saved is what was acknowledged', async () => {
    const [alice, bob] = await stage.twoPhones()
    await typeText(alice.page, 'before. ')
    await expectStatus(alice.page, 'saved')
    // The relay holds still: what is written now is at nobody's disk.
    stage.host.pause()
    await typeText(alice.page, 'unacknowledged. ')
    await expect.poll(async () => await statusOf(alice.page).getAttribute('data-status'), SEEN).not.toBe('saved')
    const seen = new Set<string | null>()
    for (let look = 0; look < 20; look++) {
      seen.add(await statusOf(alice.page).getAttribute('data-status'))
      await alice.page.waitForTimeout(50)
    }
    stage.host.goOn()
    expect(seen).not.toContain('saved')
    await expectStatus(alice.page, 'saved')
    // The worker has the app by now.
    await alice.page.evaluate(async () => await navigator.serviceWorker.ready)
    await stage.host.kill()
    await expectStatus(alice.page, 'offline')
    await typeText(alice.page, 'alice alone. ')
    await typeText(bob.page, 'bob alone. ')
    await afterPictures(alice.page)
    await expect.poll(async () => await statusOf(alice.page).innerText(), SEEN).toContain('saved on this device')
    await alice.page.reload()
    await expectText(alice.page, 'alice alone.')
    await stage.startAgain()
    // Neither waits until the other dials again by itself.
    for (const { page } of [alice, bob]) await page.evaluate(() => dispatchEvent(new Event('online')))
    for (const { page } of [alice, bob]) {
      for (const text of ['before.', 'unacknowledged.', 'alice alone.', 'bob alone.']) await expectText(page, text)
      await expectStatus(page, 'saved')
    }
  })

  test('[DEMO 8.8] whoever was let in to read cannot write', async () => {
    const [alice, bob] = await stage.twoPhones('Can view')
    await typeText(alice.page, 'for reading')
    await expectText(bob.page, 'for reading')
    await expectStatus(bob.page, 'view-only')
    expect(await textOf(bob.page).getAttribute('contenteditable')).toBe('false')
    await textOf(bob.page).tap()
    await bob.page.keyboard.type('scribble')
    expect((await textOf(bob.page).innerText()).trim()).toBe('for reading')
    expect(await bob.page.getByRole('toolbar').count()).toBe(0)
    // Versions are there to be looked at, and none to be brought back.
    await bob.page.getByRole('button', { name: 'Versions' }).click()
    await bob.page.getByRole('dialog').getByRole('listitem').first().getByRole('button').click()
    await expect.poll(async () => await bob.page.locator('.past').innerText(), SEEN).toContain('for reading')
    expect(await bob.page.getByRole('button', { name: 'Restore' }).count()).toBe(0)
  })

  test('[DEMO 8.9] members see one safety code, another note has another, and nothing readable is kept', async () => {
    const [alice, bob] = await stage.twoPhones()
    await typeText(alice.page, 'xylophagous hellbender')
    await expectText(bob.page, 'xylophagous hellbender')
    await expectStatus(alice.page, 'saved')
    const code = await safetyDigits(alice.page)
    expect(code).toMatch(/\d{5}/)
    await expect.poll(async () => await safetyDigits(bob.page), SEEN).toBe(code)
    await alice.page.evaluate(async () => await navigator.serviceWorker.ready)
    const words = ['xylophagous', 'hellbender', 'Salamander'].map((word) => textCanary(word, word))
    const kept = [
      ...filesIn(stage.data),
      placeOf('what the host said', stage.host.said()),
      { name: 'Alice’s phone', bytes: await keptInPage(alice.page) },
      { name: 'Bob’s phone', bytes: await keptInPage(bob.page) },
    ]
    expect(leakingPlaces(findLeaks(kept, words))).toEqual([])
    // The same look finds what is there to be found.
    await bob.page.evaluate(() => localStorage.setItem('planted', 'hellbender'))
    const planted = { name: 'planted', bytes: await keptInPage(bob.page) }
    expect(leakingPlaces(findLeaks([planted], words))).toEqual(['planted'])
    await alice.page.getByRole('button', { name: 'All notes' }).click()
    await createNote(alice.page, null, 'Another')
    expect(await safetyDigits(alice.page)).not.toBe(code)
  })

  test('[DEMO 8.10] a link that was taken back lets nobody in; who was removed reads nothing that follows', async () => {
    const [alice, bob, link] = await stage.twoPhones()
    await typeText(alice.page, 'first words. ')
    await expectText(bob.page, 'first words.')
    await alice.page.getByRole('button', { name: 'Share', exact: true }).click()
    await alice.page.getByRole('button', { name: 'Revoke' }).first().click()
    await expect.poll(async () => await alice.page.getByRole('button', { name: 'Revoke' }).count(), SEEN).toBe(0)
    await closeSheet(alice.page)
    const carol = await stage.take('Pixel 7')
    await carol.page.goto(link)
    await carol.page.getByLabel('Your name, for the members of your notes').fill('Carol')
    await carol.page.getByRole('button', { name: 'Open the note' }).click()
    await carol.page.getByRole('alert').getByText('does not let anybody in any more').waitFor()
    await alice.page.getByRole('button', { name: /^Members/ }).click()
    await alice.page.getByRole('button', { name: 'Remove' }).click()
    await alice.page.getByRole('dialog', { name: 'Remove Bob?' }).waitFor()
    await alice.page.getByRole('button', { name: 'Remove and change the key' }).click()
    const removedAt = Date.now()
    await bob.page.getByText('Closed').or(bob.page.getByText('You were removed')).first().waitFor()
    expect(Date.now() - removedAt).toBeLessThan(10_000)
    await expect.poll(async () => await alice.page.getByRole('dialog').count(), SEEN).toBe(1)
    await closeSheet(alice.page)
    await typeText(alice.page, 'second words.')
    await expectStatus(alice.page, 'saved')
    await bob.page.reload()
    await expect.poll(async () => await bob.page.locator('#app').innerText(), SEEN).not.toBe('')
    await bob.page.waitForTimeout(1_000)
    expect(await bob.page.locator('#app').innerText()).not.toContain('second words')
  })

  test('[DEMO 8.12] no complaint of the browser on any main screen; a barrier by WCAG 2.2 AA would be found', async () => {
    const { page, complaints } = await stage.phone('iPhone 15')
    await page.getByRole('button', { name: 'New note' }).waitFor()
    await createNote(page, 'Alice', 'Barriers')
    await typeText(page, 'none of them')
    await showInvite(page, 'Can edit')
    await closeSheet(page)
    await page.getByRole('button', { name: /^Members/ }).click()
    await closeSheet(page)
    await page.getByRole('button', { name: 'Encrypted' }).click()
    await closeSheet(page)
    await page.getByRole('button', { name: 'All notes' }).click()
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    // Every screen is looked at for barriers where all are gone through; that look finds what is there to be found.
    expect(await findBarriers(page)).toEqual([])
    await page.evaluate(() => document.querySelector('button')?.removeAttribute('aria-label'))
    await page.evaluate(() => document.querySelector('button')?.removeAttribute('title'))
    expect(await findBarriers(page)).toEqual([expect.stringContaining('button-name')])
    expect(complaints).toEqual([])
  })

  test('[DEMO 8.12] a browser that does not trust the relay’s authority opens nothing', async () => {
    expect(existsSync(join(stage.data, 'tls', 'ca.pem'))).toBe(true)
    const stranger = await startPhones(join(stage.folder, 'stranger'), null)
    try {
      const page = await stranger.newPage()
      await expect(page.goto(stage.host.url)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID')
    } finally {
      await stranger.close()
    }
  })
})

function placeOf(name: string, text: string): Place {
  return { name, bytes: toBytes(Buffer.from(text)) }
}

async function bottomOf(page: Page): Promise<number> {
  const box = await page.getByRole('toolbar').boundingBox()
  return (box?.y ?? 0) + (box?.height ?? 0)
}

/** Milliseconds from a key on one phone to its letter on the other. */
async function delays(from: Page, to: Page): Promise<string> {
  const length = async (): Promise<number> => await textOf(to).evaluate((text) => text.textContent.length)
  const before = await length()
  await to.evaluate(() => {
    const seen: [number, number][] = []
    Object.assign(globalThis, { seen })
    const text = document.querySelector('.tiptap')
    if (text === null) throw new Error('there is no text')
    new MutationObserver(() => seen.push([text.textContent.length, Date.now()])).observe(text, {
      characterData: true,
      childList: true,
      subtree: true,
    })
  })
  await from.evaluate(() => {
    const keys: number[] = []
    Object.assign(globalThis, { keys })
    addEventListener('keydown', () => keys.push(Date.now()), true)
  })
  await textOf(from).focus()
  for (const letter of 'abcdefghijklmnopqrst') {
    await from.keyboard.type(letter)
    await from.waitForTimeout(60)
  }
  await expect.poll(length, SEEN).toBe(before + 20)
  const keys = await from.evaluate(() => (globalThis as unknown as { keys: number[] }).keys)
  const seen = await to.evaluate(() => (globalThis as unknown as { seen: [number, number][] }).seen)
  const all = keys.map((at, index) => (seen.find(([count]) => count > before + index)?.[1] ?? Number.NaN) - at)
  const sorted = all.toSorted((a, b) => a - b)
  return `key to the other phone: p50 ${sorted[10]} ms, p95 ${sorted[18]} ms`
}
