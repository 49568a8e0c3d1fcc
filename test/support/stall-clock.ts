/**
 * For how long the thread of a test was kept from running, by others who want its core or by itself: what its timers come late. A relay in
 * this process can do nothing in that time, so a deadline that it keeps is not demanded of it.
 *
 * @module
 */
import { onTestFinished } from 'vitest'

const TICK_MS = 10

/** Starts a clock; gives how many of the milliseconds since were time in which this thread ran when it wanted to. Ends with the test. */
export function startStallClock(): () => number {
  const startedAt = performance.now()
  let lastAt = startedAt
  let lateMs = 0
  const timer = setInterval(() => {
    const now = performance.now()
    lateMs += Math.max(0, now - lastAt - TICK_MS)
    lastAt = now
  }, TICK_MS)
  onTestFinished(() => clearInterval(timer))
  return () => {
    const now = performance.now()
    return now - startedAt - lateMs - Math.max(0, now - lastAt - TICK_MS)
  }
}
