/**
 * Root types of a document that are y-sealed's own: no app's, and never restored. Rule HI4.
 *
 * @module
 */

/** What is named so is not the app's. */
const RESERVED = 'y-sealed/'
/** The map of named versions. [HI4] */
export const VERSION_NAMES: string = `${RESERVED}versions`

export function isReservedRoot(name: string): boolean {
  return name.startsWith(RESERVED)
}
