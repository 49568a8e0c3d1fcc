/**
 * What a relay's command loads before itself where a test is to see its COMMITs: `MARKED_COMMITS` says of which database, and where.
 *
 * @module
 */
import { isMainThread } from 'node:worker_threads'

import { markCommits, type MarkedCommits } from './mark-commits.ts'

if (isMainThread) markCommits(JSON.parse(process.env['MARKED_COMMITS'] as string) as MarkedCommits)
