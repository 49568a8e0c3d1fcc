/**
 * Servers as processes of their own: started, waited for, and always ended, also when the benchmark is interrupted.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

/** What a server says when it listens. */
export interface Ready {
  readonly port: number
}

/** A server that runs. */
export interface ServerProcess {
  readonly pid: number
  readonly port: number
  /** Ends it by SIGTERM, and by SIGKILL when it does not obey. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export interface ServerScript {
  /** Relative to this folder. */
  readonly script: string
  /** Handed over as JSON in `BENCH_SETTINGS`. */
  readonly settings?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** Variables besides ours. */
  readonly environment?: Readonly<Record<string, string>>
  /** Another Node than ours. */
  readonly node?: string
  /** What in its standard error says that it listens, for a program that sends no message. */
  readonly readyWhen?: { readonly text: string; readonly port: number }
}

const READY_MS = 20_000
const STOP_MS = 4_000
const running = new Set<ChildProcess>()

/** Kills what still runs; called at the end of the benchmark, however it ends. */
export function killServers(): void {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
}

/** Starts a server and resolves when it listens: by a message `{ port }` to its parent, or by what it writes. */
export async function startServer(options: ServerScript): Promise<ServerProcess> {
  const { script, settings = {}, args = [], node = process.execPath, environment = {}, readyWhen } = options
  const path = fileURLToPath(new URL(script, import.meta.url))
  // `Y_SEALED_BENCH_PROFILE` names a folder for CPU profiles of the servers.
  const profile = process.env['Y_SEALED_BENCH_PROFILE']
  const child = spawn(
    node,
    [
      ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
      ...(script.endsWith('.ts') ? ['--import', 'tsx'] : []),
      path,
      ...args,
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '', ...environment, BENCH_SETTINGS: JSON.stringify(settings) },
    },
  )
  running.add(child)
  let complaints = ''
  const written = new Promise<Ready>((resolve) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-2_000)
      if (readyWhen !== undefined && complaints.includes(readyWhen.text)) resolve({ port: readyWhen.port })
    })
  })
  child.once('exit', () => running.delete(child))
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS)
  const ready = await Promise.race([
    written,
    once(child, 'message').then(([message]) => message as Ready),
    once(child, 'exit').then(() => null),
  ])
  clearTimeout(timer)
  if (ready === null) throw new Error(`${script} did not start: ${complaints}`)
  return {
    pid: child.pid as number,
    port: ready.port,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(timer)
    },
  }
}

/** A TCP port on loopback that is free now. */
export async function findFreePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return port
}
