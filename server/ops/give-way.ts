/**
 * Whoever copies or audits beside a relay lets it go first.
 *
 * @module
 */
import { constants, setPriority } from 'node:os'

/** Lowers the priority of this process, where the system lets it. */
export function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW)
  } catch {
    // Not everywhere may a process step back; then it does not.
  }
}
