/**
 * How many cases a property test tries: what it says itself, times the factor of `npm run fuzz`.
 *
 * @module
 */

/** `ordinary` in `npm test` and in a browser; a multiple of it under `npm run fuzz`, which runs under Node. */
export function fuzzRuns(ordinary = 100): number {
  const { env } = import.meta as unknown as { readonly env?: Readonly<Record<string, string | undefined>> }
  const factor = Number(env?.['Y_SEALED_FUZZ'] ?? '1')
  return Math.max(1, Math.round(ordinary * factor))
}
