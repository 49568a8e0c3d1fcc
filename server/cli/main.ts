#!/usr/bin/env node
/**
 * Entry of the command line `y-sealed-relay`.
 *
 * @module
 */
import { knownVariables, warnOfUnknownVariables } from './environment.ts'
import { createProgram } from './program.ts'
import { reportError } from './report-error.ts'

const program = createProgram()
for (const line of warnOfUnknownVariables(process.env, knownVariables(program))) console.error(line)

try {
  await program.parseAsync()
} catch (error) {
  const { line, exitCode } = reportError(error)
  if (line !== null) console.error(line)
  process.exitCode = exitCode
}
