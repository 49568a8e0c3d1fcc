/**
 * The end of a switch over a union: the compiler proves that nothing comes here, and JavaScript callers are told.
 *
 * @module
 */

/** Throws `TypeError`; compiles only where every case has been dealt with. */
export function unreachable(value: never, what: string): never {
  throw new TypeError(`no such ${what}: ${typeof value}`)
}
