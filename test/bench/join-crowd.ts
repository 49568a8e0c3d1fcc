/**
 * A crowd that reads one snapshot at once, in a process of its own.
 *
 * @module
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

import type { Bytes } from '@y-sealed/protocol'

import type { Admission } from './page-reader.ts'

/** What the process is told: who enters, and what they will read. */
export interface CrowdTask {
  /** The authority of the relay's certificate, in PEM. */
  readonly ca: string
  readonly admissions: readonly Admission[]
  readonly snapshotId: Bytes
  /** Size of the snapshot. */
  readonly bytes: number
}

/** Everybody has the document open. The process ends with {@link leave}, or with this one. */
export class JoinCrowd {
  readonly #process: ChildProcess

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  static async enter(task: CrowdTask): Promise<JoinCrowd> {
    const crowd = new JoinCrowd(fork(new URL('join-crowd-main.ts', import.meta.url), { serialization: 'advanced' }))
    await crowd.#ask(task)
    return crowd
  }

  /** Resolves when each has read all of it. */
  read(): Promise<void> {
    return this.#ask('read')
  }

  leave(): void {
    if (this.#process.connected) this.#process.disconnect()
  }

  async #ask(what: CrowdTask | 'read'): Promise<void> {
    const done = once(this.#process, 'message')
    const gone = once(this.#process, 'exit').then(() => {
      throw new Error('the crowd left before it had read')
    })
    gone.catch(() => {})
    this.#process.send(what)
    await Promise.race([done, gone])
  }
}
