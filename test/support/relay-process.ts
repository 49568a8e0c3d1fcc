/**
 * The relay as people run it, in a process of its own; or a copy of it with one thing changed, to see whether a test would notice.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

import { programParameters, RELAY_MAIN, sourceParameters } from './program.ts'
import { REPOSITORY_ROOT } from './repository.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

export interface RelayProcess {
  readonly output: { stdout: string; stderr: string }
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>
  /** Ends it where it stands, as a power cut would end the process. */
  kill(): Promise<void>
}

/** Starts `serve`, or that from the sources below `root`, and waits until it says that it runs. It is killed when the test ends. */
export async function startRelayProcess(args: readonly string[], root?: string): Promise<RelayProcess> {
  const program = root === undefined ? programParameters(RELAY_MAIN) : sourceParameters(join(root, RELAY_MAIN))
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('Y_SEALED_') && name !== 'NODE_ENV')
  const child = spawn(process.execPath, [...program, 'serve', ...args], {
    cwd: root ?? REPOSITORY_ROOT,
    env: Object.fromEntries(inherited),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output.stdout += chunk.toString('latin1')
      if (output.stdout.includes('Ctrl-C stops it')) resolve()
    })
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString('latin1')))
    void ended.then(() => reject(new Error(`the relay did not start: ${output.stderr}`)))
  })
  return {
    output,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** A copy of the relay's sources in which `before` reads `after` in one file. Throws where `before` does not stand there once. */
export function copyRelay(path: string, before: string, after: string): string {
  const root = makeTemporaryFolder()
  cpSync(join(REPOSITORY_ROOT, 'server'), join(root, 'server'), {
    recursive: true,
    filter: (source) => !/\/(?:dist|node_modules)$/.test(source),
  })
  for (const name of ['package.json', 'tsconfig.json']) cpSync(join(REPOSITORY_ROOT, name), join(root, name))
  symlinkSync(join(REPOSITORY_ROOT, 'node_modules'), join(root, 'node_modules'))
  const source = readFileSync(join(root, path), 'utf8')
  if (source.split(before).length !== 2) throw new Error(`${path} does not hold the line to change once`)
  writeFileSync(join(root, path), source.replace(before, after))
  return root
}
