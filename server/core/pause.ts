/**
 * Leaves the loop to everybody else for a moment. Row H9.
 *
 * @module
 */
import type { Clock } from './ports.ts'

/** Resolves after at least `delayMs`, and never in the same turn. */
export function pause(clock: Clock, delayMs = 0): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve))
}
