/**
 * What `npm start` starts, in a process of its own: the app and its relay on one origin.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { REPOSITORY_ROOT } from '../repository.ts'

export interface DemoHost {
  /** The app's address. */
  readonly url: string
  /** All that it has said. */
  readonly said: () => string
  /** It stands still, its sockets open, and answers nobody until it goes on. */
  pause(): void
  goOn(): void
  kill(): Promise<void>
  readonly hasEnded: () => boolean
  stop(): Promise<void>
}

interface HostPlace {
  readonly data: string
  readonly port: number
  /** What else it is told. */
  readonly options?: readonly string[]
}

/** Resolves once it serves; building the app first takes its time. */
export async function startDemoHost({ data, port, options = [] }: HostPlace): Promise<DemoHost> {
  const program = fileURLToPath(import.meta.resolve('./host-main.ts'))
  const main = ['--import', 'tsx', '--conditions=source', program]
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('Y_SEALED_') && name !== 'NODE_ENV')
  const child = spawn(process.execPath, [...main, '--data', data, '--port', String(port), ...options], {
    cwd: REPOSITORY_ROOT,
    env: Object.fromEntries(inherited),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let said = ''
  const onText = (chunk: Buffer): void => void (said += chunk.toString('utf8'))
  child.stdout?.on('data', onText)
  child.stderr?.on('data', onText)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = await addressOf(child, () => said)
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill('SIGCONT')
    child.kill(signal)
    await ended
  }
  return {
    url,
    said: () => said,
    pause: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    kill: async () => await end('SIGKILL'),
    stop: async () => await end('SIGTERM'),
  }
}

async function addressOf(child: ChildProcess, said: () => string): Promise<string> {
  return await new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      const url = /cannot read: +(https:\/\/\S+)/.exec(said())?.[1]
      if (url !== undefined) resolve(url)
    })
    child.once('exit', () => reject(new Error(`the demo did not start: ${said()}`)))
  })
}
