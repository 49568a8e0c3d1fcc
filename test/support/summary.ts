/**
 * Counts of a finished run, read from Vitest's JSON report, so that what is printed at the end is what happened.
 *
 * @module
 */
import { readFileSync } from 'node:fs'

/** The part of the report that is counted. */
interface Report {
  readonly success: boolean
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** What a run came to. */
export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * A test file that broke before its first test counts as one failure, and a run that failed without any failed test
 * (an unhandled rejection) too: zero failures means that everything was well.
 */
export function countReport(report: Report): Summary {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const failed = report.numFailedTests + brokenFiles
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && !report.success ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** The counts of a report on disk; a report that is missing or broken is one failure. */
export function readSummary(path: string): Summary {
  try {
    return countReport(JSON.parse(readFileSync(path, 'utf8')) as Report)
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

/** One line for people and for continuous integration. */
export function formatSummary({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
