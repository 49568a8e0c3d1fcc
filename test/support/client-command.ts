/**
 * Runs the client's command line as a process, with a key store of its own.
 *
 * @module
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

import type { Finished } from './command-line.ts'
import { CLIENT_MAIN, programParameters } from './program.ts'
import { REPOSITORY_ROOT } from './repository.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

export interface RunningClient {
  readonly child: ChildProcessWithoutNullStreams
  readonly output: { stdout: string; stderr: string }
  readonly finished: Promise<Finished>
}

/** How to reach a relay: a `MortalRelay` says it. */
export interface RelayOfClient {
  readonly url: string
  /** `null` to trust nobody but the authorities that Node knows. */
  readonly caPath: string | null
}

/** Starts it as a device of its own, with an open standard input; it is killed when the test ends. */
export function startClient(
  relay: RelayOfClient,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): RunningClient {
  return startProgram(CLIENT_MAIN, args, {
    Y_SEALED_URL: relay.url,
    ...(relay.caPath === null ? {} : { Y_SEALED_CA: relay.caPath }),
    Y_SEALED_KEYS: join(makeTemporaryFolder(), 'keys'),
    ...variables,
  })
}

/** Starts any program of the repository, by its source's path, with no `Y_SEALED_*` variable but those given. */
export function startProgram(
  path: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): RunningClient {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('Y_SEALED_') && name !== 'NODE_ENV')
  const child = spawn(process.execPath, [...programParameters(path), ...args], {
    cwd: REPOSITORY_ROOT,
    env: { ...Object.fromEntries(inherited), ...variables },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  // A process that has ended reads no more; what matters is how it ended.
  child.stdin.on('error', () => undefined)
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, ...output }))
  })
  return { child, output, finished }
}

/** Runs it to its end, with nothing on its standard input. */
export function runClient(
  relay: RelayOfClient,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const { child, finished } = startClient(relay, args, variables)
  child.stdin.end()
  return finished
}
