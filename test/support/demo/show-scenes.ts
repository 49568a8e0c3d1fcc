/**
 * The page that explains everything, once its people have written, and while the relay lies: what `take-pictures.ts` takes pictures of.
 *
 * @module
 */
import type { Browser } from 'playwright'

import type { DemoHost } from './demo-host.ts'
import type { Scheme, Take } from './scenes.ts'

/** Two phones, then three and a relay that alters. */
export async function playShow(browser: Browser, host: DemoHost, colorScheme: Scheme, take: Take): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme })
  const page = await context.newPage()
  await page.goto(new URL('/show', host.url).href)
  await page.getByText(/^Now you/).waitFor({ timeout: 60_000 })
  await page.waitForTimeout(1_500)
  await take('show', page)
  await page.getByRole('switch', { name: 'Third phone' }).click()
  await page.getByText(/^Carol is in/).waitFor()
  await page.waitForTimeout(1_500)
  await page.getByRole('radio', { name: 'Alter' }).check({ force: true })
  const alarm = page.frameLocator('#carol iframe').locator('[data-status=tampered]')
  await alarm.waitFor()
  await page.locator('#bob .standing[data-state=tampered]').waitFor()
  await take('show-lie', page)
  await context.close()
}
