/**
 * How this person wants to be seen, and which relay they use. Kept with the keys, which the browser's storage wraps: a name is nobody else's
 * business either.
 *
 * @module
 */
import type { KeyStore } from '@y-sealed/client'

export interface Profile {
  /** '' before it was asked. */
  readonly name: string
  /** `#rrggbb` of the caret. */
  readonly colour: string
  /** `wss://…`; '' for the app's own origin. */
  readonly relay: string
}

const NAME = 'app/profile'

/** What they are called, for those who do not see them. */
export const COLOUR_NAMES: Readonly<Record<string, string>> = {
  '#0b57d0': 'Blue',
  '#b3261e': 'Red',
  '#146c2e': 'Green',
  '#8e24aa': 'Purple',
  '#9a5b00': 'Brown',
  '#00677d': 'Teal',
}

/** Dark enough for white letters, far enough from each other for carets. */
export const COLOURS: readonly string[] = Object.keys(COLOUR_NAMES)

export async function loadProfile(keys: KeyStore): Promise<Profile> {
  const stored = await keys.get(NAME)
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1))
  const random = COLOURS[byte % COLOURS.length] as string
  const fresh: Profile = { name: '', colour: random, relay: '' }
  if (stored === null) return fresh
  return { ...fresh, ...(JSON.parse(new TextDecoder().decode(stored)) as Partial<Profile>) }
}

export async function saveProfile(keys: KeyStore, profile: Profile): Promise<void> {
  await keys.set(NAME, new TextEncoder().encode(JSON.stringify(profile)))
}
