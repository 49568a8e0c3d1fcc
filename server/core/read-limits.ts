/**
 * Limits from a text, such as a variable of the environment holds.
 *
 * @module
 */
import { DEFAULT_LIMITS, type RelayLimits } from './limits.ts'

/** The limits that a JSON object names, or what is wrong with it. A limit that is misspelt must not be taken for one that is set. */
export function readLimits(text: string): Partial<RelayLimits> | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'it is no JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object'
  const defaults = new Map<string, unknown>(Object.entries(DEFAULT_LIMITS))
  for (const [name, given] of Object.entries(value)) {
    const usual = defaults.get(name)
    if (usual === undefined) return `there is no limit "${name}"`
    if (!isLike(given, usual)) return `"${name}" looks like ${JSON.stringify(usual)}`
  }
  return value
}

function isLike(given: unknown, usual: unknown): boolean {
  if (typeof usual === 'number') return typeof given === 'number' && Number.isFinite(given) && given > 0
  if (typeof usual === 'boolean') return typeof given === 'boolean'
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false
  const names = Object.keys(usual as object)
  return (
    Object.keys(given).length === names.length &&
    names.every((name) => isLike((given as Record<string, unknown>)[name], 1))
  )
}
