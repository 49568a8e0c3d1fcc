/**
 * Fingers: what Playwright's taps are not.
 *
 * @module
 */
import type { Locator, Page } from 'playwright'

interface Point {
  readonly x: number
  readonly y: number
}

/** Puts a finger on the middle of an element, moves it by `dx` in steps, and takes it off. */
export async function swipe(page: Page, on: Locator, dx: number): Promise<void> {
  await touch(page, on, async ({ x, y }, move) => {
    for (let step = 1; step <= 10; step++) await move({ x: x + (dx * step) / 10, y })
    return true
  })
}

/** Leaves a finger on an element until something is seen: how long that takes is the machine's. */
export async function hold(page: Page, on: Locator, seen: Locator): Promise<void> {
  // A list that is drawn anew under the finger takes it for gone: it comes again.
  for (let left = 6; left > 0; left--) if (await touch(page, on, async () => await isThere(seen))) return
  throw new Error('held six times, and nothing came of it')
}

async function isThere(seen: Locator): Promise<boolean> {
  try {
    await seen.waitFor({ timeout: 5_000 })
  } catch {
    return false
  }
  // Lifted sooner than the browser itself takes it for held, it would tap besides.
  await seen.page().waitForTimeout(1_000)
  return true
}

async function touch(
  page: Page,
  on: Locator,
  during: (start: Point, move: (to: Point) => Promise<void>) => Promise<boolean>,
): Promise<boolean> {
  // It has come to stand, and nothing is over it.
  await on.click({ trial: true })
  const box = await on.boundingBox()
  if (box === null) throw new Error('there is nothing to touch')
  const start = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const session = await page.context().newCDPSession(page)
  const send = async (
    type: 'touchStart' | 'touchMove' | 'touchEnd' | 'touchCancel',
    at: readonly Point[],
  ): Promise<void> => {
    await session.send('Input.dispatchTouchEvent', { type, touchPoints: [...at] })
  }
  await send('touchStart', [start])
  const isDone = await during(start, async (to) => await send('touchMove', [to]))
  // A finger that is only lifted would tap.
  await send(isDone ? 'touchEnd' : 'touchCancel', [])
  await session.detach()
  return isDone
}
