/**
 * Whether this page is one of the phones of `/show`, and whose. Anywhere else nothing of this folder does anything.
 *
 * @module
 */
import { deviceName } from '../device/address.ts'
import { COLOURS, type Profile } from '../device/profile.ts'

const CAST: Readonly<Record<string, Pick<Profile, 'name' | 'colour'>>> = {
  alice: { name: 'Alice', colour: COLOURS[0] as string },
  bob: { name: 'Bob', colour: COLOURS[3] as string },
  carol: { name: 'Carol', colour: COLOURS[4] as string },
}

/** The part that this phone plays; `null` for everybody's own. */
export function castAs(): Pick<Profile, 'name' | 'colour'> | null {
  // `frameElement` is null in a frame of another origin, too.
  if (window.frameElement === null || window.parent.location.pathname !== '/show') return null
  return CAST[deviceName() ?? ''] ?? null
}
