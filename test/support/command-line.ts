/**
 * Runs the relay's command line as a process.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { onTestFinished } from 'vitest'

import { programParameters, RELAY_MAIN } from './program.ts'
import { REPOSITORY_ROOT } from './repository.ts'

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly output: { stdout: string; stderr: string }
  readonly finished: Promise<Finished>
}

/**
 * Starts it, without any `Y_SEALED_*` variable but those given; it is killed when the test ends. `descriptors`: how many it may have open,
 * hard limit and all.
 */
export function startRelayCommand(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  descriptors?: number,
): Running {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('Y_SEALED_') && name !== 'NODE_ENV')
  const command = [process.execPath, ...programParameters(RELAY_MAIN), ...args]
  const limited =
    descriptors === undefined ? command : ['sh', '-c', `ulimit -n ${descriptors} && exec "$0" "$@"`, ...command]
  const child = spawn(limited[0] as string, limited.slice(1), {
    cwd: REPOSITORY_ROOT,
    env: { ...Object.fromEntries(inherited), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, ...output }))
  })
  return { child, output, finished }
}

/** Runs it to its end. */
export function runRelayCommand(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return startRelayCommand(args, variables).finished
}
