/**
 * What a finger would miss: everything that can be tapped and is smaller than 44 × 44 pixels.
 *
 * @module
 */
import type { Page } from 'playwright'

/** Each as its name and size; empty for a page without any. Fields inside a label count with the whole label. */
export async function findSmallTargets(page: Page): Promise<readonly string[]> {
  return await page.evaluate(() => {
    const open = document.querySelector('dialog[open]')
    const targets = (open ?? document).querySelectorAll('button, a[href], input, select, [role="button"]')
    return [...targets].flatMap((target) => {
      const { width, height } = (target.closest('label') ?? target).getBoundingClientRect()
      const isShown = width > 0 && height > 0 && getComputedStyle(target).visibility === 'visible'
      // Half a pixel is the browser's own rounding.
      if (!isShown || (width >= 43.5 && height >= 43.5)) return []
      const name = target.getAttribute('aria-label') ?? target.textContent ?? ''
      return [`${name === '' ? target.outerHTML.slice(0, 80) : name}: ${Math.round(width)} × ${Math.round(height)}`]
    })
  })
}
