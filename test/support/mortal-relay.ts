/**
 * A relay of a test's own that can be killed: the command as people start it, as a process that comes back on the same folder and port.
 *
 * @module
 */
import { once } from 'node:events'
import { join } from 'node:path'

import { startRelayCommand, type Running } from './command-line.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

const START_MS = 30_000

export class MortalRelay {
  readonly data: string
  readonly #settings: readonly string[]
  readonly #variables: Readonly<Record<string, string>>
  #running: Running
  /** What processes before this one have said. */
  #earlier = ''
  #url = ''

  private constructor(data: string, settings: readonly string[], variables: Readonly<Record<string, string>>) {
    this.data = data
    this.#settings = settings
    this.#variables = variables
    this.#running = this.#spawn(0)
  }

  /** Starts one on a free port; it and its folder are gone when the test is over. Resolves when it answers. */
  static async start(
    settings: readonly string[] = [],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<MortalRelay> {
    const relay = new MortalRelay(makeTemporaryFolder(), settings, variables)
    relay.#url = await relay.#whenReady()
    return relay
  }

  get url(): string {
    return this.#url
  }

  /** File of the authority that signed its certificate. */
  get caPath(): string {
    return join(this.data, 'tls', 'ca.pem')
  }

  get databasePath(): string {
    return join(this.data, 'relay.db')
  }

  /** Of the process that runs now. */
  get pid(): number {
    return this.#running.child.pid as number
  }

  /** Everything that it has said so far, log lines included. */
  get log(): string {
    const { stdout, stderr } = this.#running.output
    return this.#earlier + stdout + stderr
  }

  /** As `kill -9` does; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** As Ctrl-C does; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return await this.#end('SIGINT')
  }

  /** Starts it again where it was. */
  async restart(): Promise<void> {
    this.#earlier = this.log
    this.#running = this.#spawn(Number(new URL(this.#url).port))
    await this.#whenReady()
  }

  #spawn(port: number): Running {
    return startRelayCommand(['serve', '--data', this.data, '--port', String(port), ...this.#settings], this.#variables)
  }

  async #end(signal: 'SIGKILL' | 'SIGINT'): Promise<number | null> {
    this.#running.child.kill(signal)
    const { exitCode } = await this.#running.finished
    return exitCode
  }

  /** It prints its address once it listens. */
  async #whenReady(): Promise<string> {
    const { child, output, finished } = this.#running
    const ended = finished.then(() => true)
    const late = AbortSignal.timeout(START_MS)
    for (;;) {
      const url = /wss:\/\/localhost:\d+\/sync/.exec(output.stdout)?.[0]
      if (url !== undefined) return url
      const said = once(child.stdout as NodeJS.ReadableStream, 'data', { signal: late }).then(() => false)
      if (await Promise.race([said, ended])) throw new Error(`the relay ended before it was ready: ${this.log}`)
    }
  }
}
