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
  })
}

/** Leaves a finger on an element until something is seen: how long that takes is the machine's. */
export async function hold(page: Page, on: Locator, seen: Locator): Promise<void> {
  await touch(page, on, async () => await seen.waitFor())
}

async function touch(
  page: Page,
  on: Locator,
  during: (start: Point, move: (to: Point) => Promise<void>) => Promise<void>,
): Promise<void> {
  // It has come to stand, and nothing is over it.
  await on.click({ trial: true })
  const box = await on.boundingBox()
  if (box === null) throw new Error('there is nothing to touch')
  const start = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const session = await page.context().newCDPSession(page)
  const send = async (type: 'touchStart' | 'touchMove' | 'touchEnd', at: readonly Point[]): Promise<void> => {
    await session.send('Input.dispatchTouchEvent', { type, touchPoints: [...at] })
  }
  await send('touchStart', [start])
  await during(start, async (to) => await send('touchMove', [to]))
  await send('touchEnd', [])
  await session.detach()
}
