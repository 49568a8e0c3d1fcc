/**
 * Runs scanners as processes, each for so long and no longer.
 *
 * @module
 */
import { spawn } from 'node:child_process'

export interface Ran {
  readonly output: string
  /** It had to be ended. */
  readonly isCutShort: boolean
}

/** Runs a program to its end, or to the end of its time. */
export function runScanner(program: string, args: readonly string[], mostMs: number): Promise<Ran> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: mostMs, killSignal: 'SIGKILL' })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_code, signal) => resolve({ output, isCutShort: signal === 'SIGKILL' }))
  })
}
