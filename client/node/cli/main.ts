#!/usr/bin/env node
/**
 * Entry of the command line `y-sealed`.
 *
 * @module
 */
import { explainError } from './explain-error.ts'
import { createProgram } from './program.ts'
import { leaveParent } from './receiver-channel.ts'

try {
  await createProgram().parseAsync()
} catch (error) {
  const { line, exitCode } = explainError(error)
  if (line !== null) console.error(line)
  process.exitCode = exitCode
} finally {
  leaveParent()
}
