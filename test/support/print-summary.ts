/**
 * Prints what the last `npm test` came to, in one line.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'

import { formatSummary, readSummary } from './summary.ts'

console.log(formatSummary(readSummary(fileURLToPath(new URL('../../test-results/vitest.json', import.meta.url)))))
