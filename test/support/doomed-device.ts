/**
 * A device that types in a process of its own until it is killed, life after life on one folder, and what it has said of each word.
 *
 * @module
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'

import { makeTemporaryFolder } from './temporary-folder.ts'

export interface DoomedDeviceOptions {
  /** `offline-writer.ts` as `bundleProgram` has made it. */
  readonly program: string
  /** No other device has it. */
  readonly name: string
  /** Of the room, in hex. */
  readonly key: string
  readonly room: string
  readonly url: string
  readonly caPath: string
}

export class DoomedDevice {
  readonly folder: string = join(makeTemporaryFolder(), 'device')
  /** Words that it may have typed: its last may be among them that it has come to type and not to say so. */
  readonly begun = new Set<string>()
  readonly typed = new Set<string>()
  /** What would outlast it. */
  readonly kept = new Set<string>()
  /** What the relay has acknowledged. */
  readonly saved = new Set<string>()
  readonly problems: string[] = []
  readonly #options: DoomedDeviceOptions
  #child: ChildProcessByStdio<null, Readable, null> | null = null
  #lives = 0
  #savedInThisLife = 0

  constructor(options: DoomedDeviceOptions) {
    this.#options = options
  }

  /** Words that are not saved yet, or of which it has not come to say so. */
  get inFlight(): number {
    return this.typed.size - this.saved.size
  }

  /** Whether the relay has acknowledged something since {@link start}. */
  get isHeard(): boolean {
    return this.#savedInThisLife > 0
  }

  /** How far it has come, for whoever waits for it in vain. */
  get progress(): string {
    const { typed, kept, saved, problems } = this
    const counts = `typed ${typed.size}, kept ${kept.size}, saved ${saved.size}`
    return `life ${this.#lives}: ${counts}, ${this.#savedInThisLife} times heard, problems ${problems.join()}`
  }

  start(): void {
    const { program, name, key, room, url, caPath } = this.#options
    const args = [program, this.folder, `${name}.${this.#lives++}`, key, room, url, caPath]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    this.#child = child
    this.#savedInThisLife = 0
    const typedNow: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [what, word = ''] = line.split(' ')
      if (what === 'typing') this.begun.add(word)
      if (what === 'typed') typedNow.push(word)
      if (what === 'typed') this.typed.add(word)
      if (what === 'kept') this.kept.add(word)
      if (what === 'problem') this.problems.push(word)
      if (what !== 'saved') return
      this.#savedInThisLife += 1
      for (const each of typedNow.splice(0)) this.saved.add(each)
    })
  }

  /** As `kill -9` does; resolves when it is gone, and all that it said has been heard. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
}
