/**
 * How the relay and the records say that a device has no part in a document.
 *
 * @module
 */

/** True for the codes of a provider that is closed because this device is no member, be it not yet or not any more. */
export function isStranger(code: string): boolean {
  return code === 'NOT_A_MEMBER' || code === 'FORBIDDEN' || code === 'REMOVED'
}
