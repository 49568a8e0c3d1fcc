/**
 * What one phone keeps of the notes app, and for how long: in a browser that keeps nothing, that clears or promises; without a network; as a file;
 * at another relay.
 *
 * @module
 */
import { startRelay } from '@y-sealed/relay'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'

import { hasComponent } from '../support/components.ts'
import { allowKeeping } from '../support/demo/allow-keeping.ts'
import { afterPictures, expectStatus, expectText, SEEN, useDemo } from '../support/demo/demo-stage.ts'
import {
  closeSheet,
  createNote,
  goToList,
  openNote,
  statusOf,
  textOf,
  titlesOf,
  typeText,
} from '../support/demo/note-steps.ts'

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))(
  'what a phone keeps',
  { timeout: 90_000 },
  () => {
    const stage = useDemo()

    test('[DEMO 4] a browser that keeps nothing is said to keep nothing', async () => {
      const { page } = await stage.take('Pixel 7')
      await page.addInitScript(() => {
        // As in Lockdown mode.
        Object.defineProperty(globalThis, 'indexedDB', { value: undefined })
      })
      await page.goto(stage.host.url)
      await page.getByRole('alert').getByText('Private storage is off in this browser').waitFor()
      await createNote(page, 'Alice', 'In memory')
      await typeText(page, 'gone with the page')
      await expectStatus(page, 'saved')
      await page.context().setOffline(true)
      await expectStatus(page, 'offline')
      await typeText(page, ' and this')
      await expect.poll(async () => await statusOf(page).innerText(), SEEN).toBe('Offline · only in this page')
      await page.getByRole('button', { name: 'All notes' }).click()
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByText('This browser keeps nothing').waitFor()
    })

    test('[DEMO 4] a link that is asked for without a connection is said to wait for one, and is made once there is one', async () => {
      const page = await stage.phoneWithNote('Waiting', 'for a link')
      await openNote(page, 'Waiting')
      await expectStatus(page, 'saved')
      await page.context().setOffline(true)
      await expectStatus(page, 'offline')
      await page.getByRole('button', { name: 'Share', exact: true }).click()
      await page.getByRole('button', { name: 'Make an invite link' }).click()
      const sheet = page.getByRole('dialog')
      await sheet.getByRole('button', { name: 'Making the link…' }).waitFor()
      await sheet.getByRole('status').getByText('There is no connection to the relay.').waitFor()
      // It waits, and has not failed.
      expect(await sheet.getByRole('alert').count()).toBe(0)
      await page.context().setOffline(false)
      await sheet.getByRole('img', { name: 'Invite link as a QR code' }).waitFor()
      await expect.poll(async () => await sheet.getByRole('status').count(), SEEN).toBe(0)
      await closeSheet(page)
    })

    test('[DEMO 4] [CL22] what the browser has cleared between two visits is told, until it was read', async () => {
      const { page: phone } = await stage.phone('iPhone 15')
      await createNote(phone, 'Alice', 'Cleared')
      await typeText(phone, 'on the relay')
      await expectStatus(phone, 'saved')
      // A page that is there would notice, and store it once more.
      await phone.goto('about:blank')
      const session = await phone.context().newCDPSession(phone)
      const { origin } = new URL(stage.host.url)
      await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
      await phone.goto(stage.host.url)
      const notice = phone.getByRole('alert').filter({ hasText: 'This browser has cleared what the app kept here.' })
      await notice.waitFor()
      expect(await titlesOf(phone)).toEqual([])
      // What to do next stands below it.
      await phone.getByRole('button', { name: 'I have a recovery key' }).waitFor()
      await phone.reload()
      await notice.getByRole('button', { name: 'I have read it' }).click()
      await notice.waitFor({ state: 'detached' })
      await phone.reload()
      await phone.getByText('Notes that only you can read').waitFor()
      expect(await notice.count()).toBe(0)
    })

    test('[DEMO 4] storage that the browser may clear is said to be so, until the browser promises to keep it', async () => {
      const phone = await stage.phoneWithNote('Evictable', 'for now')
      await phone.getByRole('button', { name: 'Settings' }).click()
      await phone.getByText('The browser may clear them when room is short.').waitFor()
      await allowKeeping(stage.browser, phone)
      await phone.getByRole('button', { name: 'Ask it to keep them' }).click()
      await phone.getByText('The browser does not clear them when room is short.').waitFor()
      await phone.getByRole('button', { name: 'All notes' }).click()
      await openNote(phone, 'Evictable')
      await statusOf(phone).click()
      expect(await phone.getByRole('dialog').innerText()).not.toContain('may clear')
      await closeSheet(phone)
    })

    test('[DEMO 4] the browser is asked to keep what is there after the first note, and not before', async () => {
      const { page } = await stage.take('Pixel 7')
      await page.addInitScript(() => {
        const { storage } = navigator
        const ask = storage.persist.bind(storage)
        Object.assign(globalThis, { asked: 0 })
        storage.persist = () => {
          ;(globalThis as unknown as { asked: number }).asked += 1
          return ask()
        }
      })
      await page.goto(stage.host.url)
      await page.getByRole('button', { name: 'New note' }).waitFor()
      await page.waitForTimeout(500)
      const asked = async (): Promise<number> =>
        await page.evaluate(() => (globalThis as unknown as { asked: number }).asked)
      expect(await asked()).toBe(0)
      await createNote(page, 'Alice', 'Worth keeping')
      await goToList(page)
      await expect.poll(asked, SEEN).toBeGreaterThan(0)
    })

    test('[DEMO 8.12] the app can be installed, and works without a network from the first visit on', async () => {
      const { page } = await stage.phone('Pixel 7')
      const session = await page.context().newCDPSession(page)
      const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
      // A context of a test is a private window, where nothing is installed; nothing else stands in the way.
      expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([])
      await page.evaluate(async () => await navigator.serviceWorker.ready)
      await page.context().setOffline(true)
      await page.reload()
      await createNote(page, 'Alice', 'On the first day')
      await typeText(page, 'without a network')
      await afterPictures(page)
      await expect.poll(async () => await statusOf(page).innerText(), SEEN).toContain('saved on this device')
      await page.reload()
      await expectText(page, 'without a network')
      // Every screen is there, also those that nobody has opened yet.
      await page.getByRole('button', { name: 'Versions' }).click()
      await page.getByRole('dialog', { name: 'Versions' }).waitFor()
      await closeSheet(page)
      // No relay has it yet, which is nobody's refusal.
      const share = page.getByRole('button', { name: 'Share', exact: true })
      await share.click()
      await page.getByText('The relay does not have this note yet').waitFor()
      await closeSheet(page)
      await goToList(page)
      await page.getByRole('article').getByText('Yours').waitFor()
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByRole('heading', { name: 'Devices' }).waitFor()
      await page.getByRole('button', { name: 'All notes' }).click()
      await openNote(page, 'On the first day')
      await page.context().setOffline(false)
      await expectStatus(page, 'saved')
      await share.click()
      await page.getByRole('button', { name: 'Make an invite link' }).waitFor()
    })

    test('[DEMO 4] a link that is opened without a network waits for one, and opens its note then', async () => {
      const alice = await stage.phoneAtNote('iPhone 15', 'Later')
      await typeText(alice.page, 'worth the wait')
      const link = await stage.linkOff(alice.page)
      const { page } = await stage.phone('Pixel 7')
      await page.evaluate(async () => await navigator.serviceWorker.ready)
      await page.context().setOffline(true)
      await page.goto(link)
      await page.getByLabel('Your name').fill('Bob')
      await page.getByRole('button', { name: 'Open the note' }).click()
      await page.getByText('There is no connection').waitFor()
      await page.getByRole('heading', { name: 'Not opened yet' }).waitFor({ timeout: 60_000 })
      await page.context().setOffline(false)
      await expect.poll(async () => await textOf(page).innerText(), { timeout: 40_000 }).toContain('worth the wait')
    })

    test('[DEMO 4] a note is saved as Markdown', async () => {
      const { page } = await stage.phoneAtNote('iPhone 15', 'Trip: to the lake')
      await typeText(page, '## Bring')
      await page.keyboard.press('Enter')
      await page.keyboard.type('[ ] Tent')
      await page.keyboard.press('Enter')
      await page.keyboard.type('Stove')
      await page.getByRole('checkbox').first().check()
      await page.getByRole('button', { name: 'Versions' }).click()
      const saving = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Save this note as Markdown' }).click()
      const download = await saving
      expect(download.suggestedFilename()).toBe('Trip to the lake.md')
      const text = readFileSync(await download.path(), 'utf8')
      expect(text).toBe('# Trip: to the lake\n\n## Bring\n\n- [x] Tent\n- [ ] Stove\n')
    })

    test('[DEMO 4] [B11] the app is set to another relay that whoever serves the app has named, and to no other', async () => {
      const { page } = await stage.phone('Pixel 7')
      await createNote(page, 'Alice', 'At home')
      await expectStatus(page, 'saved')
      await goToList(page)
      const data = join(stage.folder, 'other')
      mkdirSync(data, { mode: 0o700 })
      // The browser trusts it as it trusts the first.
      cpSync(join(stage.data, 'tls'), join(data, 'tls'), { recursive: true })
      const other = await startRelay({ data, port: 0, origins: [new URL(stage.host.url).origin], logLevel: 'silent' })
      onTestFinished(async () => await other.close())
      const address = other.pageUrl.replace(/^https:/, 'wss:').replace(/\/$/, '')
      const setRelay = async (): Promise<void> => {
        await page.getByRole('button', { name: 'Settings' }).click()
        await page.getByLabel('Relay').fill(address)
        await page.getByRole('button', { name: 'Save' }).click()
      }
      await setRelay()
      await page.getByRole('alert').getByText('may not speak to that relay').waitFor()
      // Nothing was changed.
      await page.reload()
      await page.getByRole('button', { name: 'All notes' }).click()
      await openNote(page, 'At home')
      await expectStatus(page, 'saved')
      await goToList(page)
      await stage.host.stop()
      await stage.startAgain('--relay', address)
      await page.goto(stage.host.url)
      // The app that is kept on the device takes notice: its next visit is under the new policy.
      const policy = async (): Promise<string> =>
        await page.evaluate(async () => (await fetch('/index.html')).headers.get('content-security-policy') ?? '')
      await expect.poll(policy, SEEN).toContain(`connect-src 'self' wss: ${new URL(other.pageUrl).origin};`)
      await page.reload()
      await setRelay()
      await page.getByText('Saved', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'All notes' }).click()
      await createNote(page, null, 'Elsewhere')
      await typeText(page, 'at the other relay')
      await expectStatus(page, 'saved')
    })
  },
)
