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

/** What a browser that has not taken a finger for held makes of its lifting: a click, wherever it is by now. */
export async function tapLate(page: Page, on: Locator): Promise<void> {
  const box = await on.boundingBox()
  if (box === null) throw new Error('there is nothing to tap')
  await page.evaluate(
    ([x, y]) =>
      document
        .elementFromPoint(x, y)
        ?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, detail: 1 })),
    [box.x + box.width / 2, box.y + box.height / 2] as const,
  )
}

async function isThere(seen: Locator): Promise<boolean> {
  return await seen.waitFor({ timeout: 5_000 }).then(
    () => true,
    () => false,
  )
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
