/**
 * What may happen to people who write into one document, and how often. A draw of a form that a seed was noted for is never changed: what is new is
 * appended, and drawn in a form of its own.
 *
 * @module
 */

/** How often each thing happens, by its name. */
const WEIGHTS = {
  type: 60,
  strike: 5,
  paste: 3,
  keep: 8,
  offline: 5,
  online: 9,
  reload: 6,
  kill: 6,
  start: 12,
  lie: 6,
  repent: 3,
  cut: 2,
  relay: 3,
  freeze: 4,
  full: 3,
  evict: 3,
  clock: 1,
  rotate: 3,
  remove: 3,
  come: 2,
  backup: 4,
  restore: 3,
  restart: 3,
  wipe: 2,
} as const

export type Kind = keyof typeof WEIGHTS

const KINDS = Object.entries(WEIGHTS).flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind as Kind))
const HARSH: ReadonlySet<Kind> = new Set(['freeze', 'full', 'evict', 'clock'])
const OF_RESTORES: ReadonlySet<Kind> = new Set(['backup', 'restore', 'restart', 'wipe'])
/** Only where there are members; drawn in vain elsewhere. */
export const OF_MEMBERS: ReadonlySet<Kind> = new Set(['rotate', 'remove', 'come'])

/** To be drawn from, each as often as it is to happen. */
export function listKinds(isHarsh: boolean, isRestored: boolean): readonly Kind[] {
  return KINDS.filter((kind) => (isHarsh || !HARSH.has(kind)) && (isRestored || !OF_RESTORES.has(kind)))
}
