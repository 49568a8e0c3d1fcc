/**
 * The platform's clocks, timers and chance, in one place: everything else in the client asks here.
 *
 * @module
 */

/** Cancels what it was returned for; harmless afterwards. */
export type Cancel = () => void

/** Calls back once after `delayMs` (at most 24 days). */
export function startTimer(delayMs: number, callback: () => void): Cancel {
  const timer = setTimeout(callback, Math.min(delayMs, 0x7fffffff))
  return () => clearTimeout(timer)
}

/** Calls back every `periodMs`. */
export function startInterval(periodMs: number, callback: () => void): Cancel {
  const timer = setInterval(callback, periodMs)
  return () => clearInterval(timer)
}

/** Lets everything else that waits have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => startTimer(0, resolve))
}

/** Out of view, and where there are no pictures, nobody waits for one. */
const WITHOUT_PICTURE_MS = 100

/** Calls back once, after the next picture was drawn. */
export function afterPicture(callback: () => void): Cancel {
  let isOver = false
  const cancelTimer = startTimer(WITHOUT_PICTURE_MS, run)
  if (typeof requestAnimationFrame === 'function') requestAnimationFrame(() => startTimer(0, run))
  return cancel

  function run(): void {
    if (isOver) return
    cancel()
    callback()
  }
  function cancel(): void {
    isOver = true
    cancelTimer()
  }
}

/** Unix time in ms, for comparing with times that others state. */
export function wallClock(): number {
  return Date.now()
}

/** Milliseconds that only go forward, for durations. */
export function monotonicClock(): number {
  return performance.now()
}

/** [0, 1), for jitter. Never for secrets. */
export function chance(): number {
  return Math.random()
}

/**
 * Lets an error of the app's own code surface where its errors do, without stopping what is under way here: as an uncaught one.
 */
export function surfaceError(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
