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
// Limits are many and rarely changed: they have a variable of their own and no options.
const known = new Set([...knownVariables(program), 'Y_SEALED_LIMITS'])
for (const line of warnOfUnknownVariables(process.env, known)) console.error(line)

try {
  await program.parseAsync()
} catch (error) {
  const { line, exitCode } = reportError(error)
  if (line !== null) console.error(line)
  process.exitCode = exitCode
}
