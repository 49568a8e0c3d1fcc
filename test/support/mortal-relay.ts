/**
 * A relay of a test's own that can be killed: the command as people start it, as a process that comes back on the same folder and port.
 *
 * @module
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { startRelayCommand, type Running } from './command-line.ts'
import { freezeInCommit } from './commit-watch.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** A machine that has much else to do takes long. */
const START_MS = 120_000
const PRELOADING = `--import=tsx --import=${new URL('mark-commits-preload.ts', import.meta.url).href}`
/** Nothing else of this process runs for so long while a COMMIT is looked for. */
const LOOK_MS = 20

export interface MortalRelayWatch {
  /** Whether it can be killed {@link MortalRelay.killInCommit | within a COMMIT}. */
  readonly marksCommits: boolean
}

export class MortalRelay {
  readonly data: string
  readonly #settings: readonly string[]
  readonly #variables: Readonly<Record<string, string>>
  #running: Running
  /** What processes before this one have said. */
  #earlier = ''
  #url = ''

  private constructor(
    settings: readonly string[],
    variables: Readonly<Record<string, string>>,
    { marksCommits }: MortalRelayWatch,
  ) {
    this.data = makeTemporaryFolder()
    this.#settings = settings
    const marked = { database: this.databasePath, marker: this.#marker }
    this.#variables = marksCommits
      ? { ...variables, NODE_OPTIONS: PRELOADING, MARKED_COMMITS: JSON.stringify(marked) }
      : variables
    this.#running = this.#spawn(0)
  }

  /** Starts one on a free port; it and its folder are gone when the test is over. Resolves when it answers. */
  static async start(
    settings: readonly string[] = [],
    variables: Readonly<Record<string, string>> = {},
    watch: MortalRelayWatch = { marksCommits: false },
  ): Promise<MortalRelay> {
    const relay = new MortalRelay(settings, variables, watch)
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

  /** In which it marks its COMMITs, if it does. */
  get #marker(): string {
    return join(this.data, 'committing')
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

  /** As `kill -9` does, as soon as it is seen within a COMMIT, or after `patienceMs`. True when it died within one. */
  async killInCommit(patienceMs: number): Promise<boolean> {
    for (const end = Date.now() + patienceMs; ;) {
      const { isCommitting } = freezeInCommit(this.pid, this.#marker, LOOK_MS)
      if (isCommitting || Date.now() > end) {
        await this.kill()
        return isCommitting
      }
      this.#running.child.kill('SIGCONT')
      await pause(1)
    }
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
    const ended = finished.then(() => 'ended before it was ready')
    const late = AbortSignal.timeout(START_MS)
    for (;;) {
      const url = /wss:\/\/localhost:\d+\/sync/.exec(output.stdout)?.[0]
      if (url !== undefined) return url
      const said = once(child.stdout as NodeJS.ReadableStream, 'data', { signal: late })
      const failure = await Promise.race([
        said.then(
          () => null,
          () => 'takes too long',
        ),
        ended,
      ])
      if (failure !== null) throw new Error(`the relay ${failure}: ${this.log}`)
    }
  }
}
