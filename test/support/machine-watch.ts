/**
 * What a machine costs those who share it, so that it is not laid to a relay's charge: how long threads waited for a core, and how long the
 * disk took to sync. Linux only.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

import { percentile } from '../bench/figures.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** What the scheduler has given a thread, and how long that thread has waited for a core, in milliseconds. */
interface Schedule {
  readonly ranMs: number
  readonly waitedMs: number
  readonly atMs: number
}

/** The share of cores that a thread got and waited for, over all stretches that were watched. */
export class CoreWatch {
  readonly #path: string
  #ranMs = 0
  #waitedMs = 0
  #passedMs = 0

  /** The main thread of a process, or the thread that calls. */
  constructor(pid?: number) {
    this.#path = pid === undefined ? '/proc/thread-self/schedstat' : `/proc/${pid}/schedstat`
  }

  async during<Result>(run: () => Promise<Result>): Promise<Result> {
    const before = this.#read()
    const result = await run()
    const after = this.#read()
    this.#ranMs += after.ranMs - before.ranMs
    this.#waitedMs += after.waitedMs - before.waitedMs
    this.#passedMs += after.atMs - before.atMs
    return result
  }

  describe(): string {
    const share = (ms: number): string => `${((100 * ms) / this.#passedMs).toFixed(0)} %`
    return `ran ${share(this.#ranMs)} of the time and waited for a core ${share(this.#waitedMs)}`
  }

  #read(): Schedule {
    const [ran = 0, waited = 0] = readFileSync(this.#path, 'utf8').split(' ').map(Number)
    return { ranMs: ran / 1e6, waitedMs: waited / 1e6, atMs: performance.now() }
  }
}

const SYNC_EVERY_MS = 50
const SYNC_BYTES = 8_192

/** A file of a test's own that is written and synced again and again, as a database's journal is, on the disk where relays of tests are. */
export class DiskWatch {
  readonly #ended: Promise<void>
  readonly #tookMs: number[] = []
  #isOver = false

  constructor() {
    this.#ended = this.#run()
  }

  async #run(): Promise<void> {
    const file = await open(join(makeTemporaryFolder(), 'synced'), 'w')
    while (!this.#isOver) {
      const startedAt = performance.now()
      await file.write(Buffer.alloc(SYNC_BYTES), 0, SYNC_BYTES, 0)
      await file.datasync()
      this.#tookMs.push(performance.now() - startedAt)
      await new Promise((resolve) => setTimeout(resolve, SYNC_EVERY_MS))
    }
    await file.close()
  }

  async stop(): Promise<string> {
    this.#isOver = true
    await this.#ended
    const [p50, p99, worst] = [0.5, 0.99, 1].map((of) => percentile(this.#tookMs, of).toFixed(1))
    return `the disk alone: ${this.#tookMs.length} syncs, p50 ${p50} ms, p99 ${p99} ms, worst ${worst} ms`
  }
}
