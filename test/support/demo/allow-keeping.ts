/**
 * A browser that will promise to keep a page's storage when it is asked, as phones do for an app that is installed.
 *
 * @module
 */
import type { Browser, Page } from 'playwright'

export async function allowKeeping(browser: Browser, page: Page): Promise<void> {
  const own = await page.context().newCDPSession(page)
  const { targetInfo } = await own.send('Target.getTargetInfo')
  await own.detach()
  // Left open: a permission lasts as long as who gave it.
  const session = await browser.newBrowserCDPSession()
  const { browserContextId } = targetInfo
  await session.send('Browser.grantPermissions', {
    permissions: ['durableStorage'],
    ...(browserContextId === undefined ? {} : { browserContextId }),
  })
}
