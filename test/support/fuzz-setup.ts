/**
 * Makes the factor of `npm run fuzz` the default of every property that names no number of its own.
 *
 * @module
 */
import { fuzzRuns } from './fuzz-runs.ts'

if (fuzzRuns(100) !== 100) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: fuzzRuns(100) })
}
