/**
 * A phone that was put away and comes back: to a socket that is dead and does not know it, from the back/forward cache, after the relay was gone. The
 * cache is the browser's own, which freezes the page; `Page.setWebLifecycleState` does nothing to a headless page, for that is always in view.
 * Who is here is shown again, and nobody twice.
 *
 * @module
 */
import { join } from 'node:path'
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'

import { hasComponent } from '../support/components.ts'
import { expectStatus, expectText, SEEN, useDemo, type DemoStage } from '../support/demo/demo-stage.ts'
import { createNote, joinNote, typeText } from '../support/demo/note-steps.ts'
import { startPhones, takePhone, type Phone } from '../support/demo/phones.ts'
import { plantZombies } from '../support/demo/zombie-sockets.ts'

/** A dead socket is given 2.5 s to answer, and a new one is dialled and has to catch up. */
const REPLACED_MS = 6_000

/** Alice’s phone, whose sockets can be killed, and Bob’s, with one note. */
async function twoPhones(stage: DemoStage): Promise<{ alice: Phone; bob: Phone; kill: () => Promise<number> }> {
  const alice = await stage.take('iPhone 15')
  const kill = await plantZombies(alice.page)
  await alice.page.goto(stage.host.url)
  await createNote(alice.page, 'Alice', 'Salamander')
  const link = await stage.linkOff(alice.page)
  const bob = await stage.take('Pixel 7')
  await joinNote(bob.page, link, 'Bob')
  await typeText(bob.page, 'before. ')
  await expectText(alice.page, 'before.')
  await expectPresent(alice.page, ['Bob'])
  await expectPresent(bob.page, ['Alice'])
  return { alice, bob, kill }
}

const presentOn = async (page: Page): Promise<readonly (string | null)[]> =>
  await page
    .locator('.people [role=img]')
    .evaluateAll((avatars) => avatars.map((avatar) => avatar.getAttribute('aria-label')))

async function expectPresent(page: Page, names: readonly string[]): Promise<void> {
  await expect.poll(async () => await presentOn(page), SEEN).toEqual(names)
}

/** As when another app comes to the front, and goes: in a headless browser every page is always shown. */
async function turnPage(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value })
    document.dispatchEvent(new Event('visibilitychange'))
  }, state)
}

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))(
  'a phone that comes back',
  { timeout: 90_000 },
  () => {
    const stage = useDemo()

    test('[DEMO 8.7] [CL21] a socket that is open and dead is left when the page is shown again, resumes, or comes out of the cache', async ({
      annotate,
    }) => {
      const { alice, bob, kill } = await twoPhones(stage)
      for (const [turn, way] of (['visibilitychange', 'resume', 'pageshow'] as const).entries()) {
        const line = `while she was away, ${turn}. `
        expect(await kill()).toBeGreaterThan(0)
        if (way === 'visibilitychange') await turnPage(alice.page, 'hidden')
        await typeText(bob.page, line)
        await expectStatus(bob.page, 'saved')
        // It has not heard of anything yet: the socket looks open.
        await alice.page.waitForTimeout(700)
        expect(await alice.page.getByText(line.trim()).count()).toBe(0)
        const backAt = Date.now()
        if (way === 'visibilitychange') await turnPage(alice.page, 'visible')
        else if (way === 'resume') await alice.page.evaluate(() => document.dispatchEvent(new Event('resume')))
        else await alice.page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
        await expectText(alice.page, line.trim())
        const tookMs = Date.now() - backAt
        expect(tookMs).toBeLessThan(REPLACED_MS)
        await annotate(`${way}: a dead socket was replaced, and the note read on, in ${tookMs} ms`)
        await expectStatus(alice.page, 'saved')
        // Her old socket still stands at the relay for a while: she is there once all the same.
        await expectPresent(bob.page, ['Alice'])
        await expectPresent(alice.page, ['Bob'])
      }
      await typeText(alice.page, 'back again.')
      await expectText(bob.page, 'back again.')
      expect(await presentOn(bob.page)).toEqual(['Alice'])
    })

    test('[DEMO 8.7] a note is there again by the browser’s own back button, and goes on', async () => {
      const [alice, bob] = await stage.twoPhones()
      await expectPresent(bob.page, ['Alice'])
      await alice.page.goto('about:blank')
      await expectPresent(bob.page, [])
      await typeText(bob.page, 'while she was elsewhere. ')
      await alice.page.goBack()
      expect(alice.page.url()).toBe(stage.host.url)
      await expectText(alice.page, 'while she was elsewhere.')
      await expectPresent(bob.page, ['Alice'])
      await expectPresent(alice.page, ['Bob'])
    })

    test('[DEMO 8.7] [CL21] a note that the browser has frozen in its back/forward cache goes on where it was', async ({
      onTestFinished,
      skip,
    }) => {
      const home = join(stage.folder, 'home-that-keeps-pages')
      const browser = await startPhones(home, join(stage.data, 'tls', 'ca.pem'), { keepsPages: true })
      onTestFinished(() => browser.close())
      const bob = await stage.phoneAtNote('Pixel 7', 'Salamander')
      const link = await stage.linkOff(bob.page)
      const alice = await takePhone(browser, 'iPhone 15')
      await alice.page.addInitScript(() => {
        const events: string[] = []
        const note = (event: Event): void =>
          void events.push('persisted' in event ? `${event.type}, kept: ${String(event.persisted)}` : event.type)
        for (const type of ['pagehide', 'pageshow']) addEventListener(type, note)
        for (const type of ['freeze', 'resume']) document.addEventListener(type, note)
        Object.assign(globalThis, { pageEvents: events })
      })
      await joinNote(alice.page, link, 'Alice')
      await typeText(alice.page, 'before. ')
      await expectText(bob.page, 'before.')
      await expectPresent(bob.page, ['Alice'])
      await alice.page.goto(new URL('/icon.svg', stage.host.url).href)
      await expectPresent(bob.page, [])
      await typeText(bob.page, 'while she was elsewhere. ')
      await expectStatus(bob.page, 'saved')
      await alice.page.evaluate(() => history.back())
      await expectText(alice.page, 'while she was elsewhere.')
      const events = await alice.page.evaluate(() => (globalThis as unknown as { pageEvents: string[] }).pageEvents)
      // Some builds of Chromium keep no page whose socket was open when it was left: it was loaded anew, as the test before this one has it.
      const reasons = await alice.page.evaluate(whyNotKept)
      if (events.length === 1 && reasons.includes('websocket')) skip(`this Chromium kept no page: ${reasons}`)
      expect(events.slice(1)).toEqual(['pagehide, kept: true', 'freeze', 'resume', 'pageshow, kept: true'])
      await expectPresent(bob.page, ['Alice'])
      await expectPresent(alice.page, ['Bob'])
      await typeText(alice.page, 'back again.')
      await expectText(bob.page, 'back again.')
      await expectStatus(alice.page, 'saved')
    })

    test('[DEMO 8.7] who is here is shown again once the relay is back, and nobody who has left', async () => {
      const [alice, bob] = await stage.twoPhones()
      await expectPresent(alice.page, ['Bob'])
      await expectPresent(bob.page, ['Alice'])
      await stage.host.kill()
      for (const { page } of [alice, bob]) await expectStatus(page, 'offline')
      // Whoever is out of reach is not said to be here.
      await expectPresent(alice.page, [])
      await stage.startAgain()
      for (const { page } of [alice, bob]) await page.evaluate(() => dispatchEvent(new Event('online')))
      await expectPresent(alice.page, ['Bob'])
      await expectPresent(bob.page, ['Alice'])
      await stage.host.kill()
      await bob.page.close()
      await stage.startAgain()
      await alice.page.evaluate(() => dispatchEvent(new Event('online')))
      await expectStatus(alice.page, 'saved')
      // No ghost of him comes back with the relay.
      await alice.page.waitForTimeout(1_500)
      expect(await presentOn(alice.page)).toEqual([])
    })
  },
)

/** What the browser says of it; '' where it kept the page, or says nothing. */
function whyNotKept(): string {
  const [entry] = performance.getEntriesByType('navigation') as { readonly notRestoredReasons?: unknown }[]
  return JSON.stringify(entry?.notRestoredReasons ?? '')
}
