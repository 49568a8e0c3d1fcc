/**
 * The system's clock.
 *
 * @module
 */
import type { Clock } from '../core/ports.ts'

/** Longest delay of a Node timer; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Wall time from `Date`, everything else from the monotonic clock: stepping the wall clock moves no deadline. [D30] */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after(delayMs, callback) {
      const deadline = performance.now() + delayMs
      let timer: NodeJS.Timeout
      function arm(): void {
        const leftMs = deadline - performance.now()
        timer = setTimeout(fire, Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(leftMs))))
      }
      // Node rounds to whole milliseconds and may be early by less than one.
      function fire(): void {
        if (performance.now() < deadline) arm()
        else callback()
      }
      arm()
      return () => clearTimeout(timer)
    },
  }
}
