/**
 * The line that continuous integration prints last tells the truth.
 *
 * @module
 */
import { expect, it } from 'vitest'

import { countReport, formatSummary, readSummary } from '../support/summary.ts'

const GREEN = {
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }],
}

it('counts passed, failed and skipped tests', () => {
  expect(formatSummary(countReport(GREEN))).toBe('3 passed, 0 failed, 2 skipped')
})

it('counts a file that broke before its first test as a failure', () => {
  const report = { ...GREEN, success: false, testResults: [{ status: 'failed', assertionResults: [] }] }
  expect(countReport(report)).toEqual({ passed: 3, failed: 1, skipped: 2 })
})

it('counts a run that failed outside any test as a failure', () => {
  expect(countReport({ ...GREEN, success: false }).failed).toBe(1)
})

it('counts a missing report as a failure', () => {
  expect(readSummary('nowhere/vitest.json')).toEqual({ passed: 0, failed: 1, skipped: 0 })
})
