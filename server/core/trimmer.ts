/**
 * Gives space back, behind everybody's back: bodies that snapshots stand for, marks that are old, snapshots that newer ones have replaced, and
 * what was staged and never published. Each in small transactions with pauses in between, so that no append waits for more than one of
 * them. Rules LO13, LO15.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { DocumentMembers } from './document-members.ts'
import { pause } from './pause.ts'
import type { DocumentStatus } from './ports.ts'
import type { PublishedSnapshot } from './snapshot-ports.ts'
import { planTrim } from './trim-plan.ts'

const PAGE_DOCUMENTS = 64
/** Rows of staged or dropped snapshots that go in one transaction: half a megabyte. */
const REAP_ROWS = 8
/** Pages of 4 KiB that are given back in one transaction. */
const SHRINK_PAGES = 64

export class Trimmer {
  readonly #context: Context
  /** Told of a document whose log holds less now. */
  readonly #onTrimmed: (document: Bytes) => void
  #nextAtMs: number
  #isRunning = false
  #isStopped = false

  constructor(context: Context, onTrimmed: (document: Bytes) => void) {
    this.#context = context
    this.#onTrimmed = onTrimmed
    this.#nextAtMs = context.clock.monotonic() + context.limits.trimIntervalMs
  }

  /** Looks at everything now and then. While nobody is there nothing grows, and nothing is looked at. */
  tick(nowMs: number): void {
    if (nowMs < this.#nextAtMs || this.#isRunning) return
    this.#isRunning = true
    void this.run().finally(() => {
      this.#isRunning = false
      const { clock, limits } = this.#context
      this.#nextAtMs = clock.monotonic() + limits.trimIntervalMs
    })
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Looks at everything once. Never rejects. */
  async run(): Promise<void> {
    const { store, metrics } = this.#context
    try {
      await this.#reap()
      for (let after = 0; !this.#isStopped;) {
        const page = await store.snapshots.documents(after, PAGE_DOCUMENTS)
        const last = page.at(-1)
        if (last === undefined) break
        for (const { id } of page) await this.#trim(id)
        after = last.key
        await this.#pause()
      }
      await this.#reap()
      await this.#shrink()
    } catch {
      // The store is not to be had, or closes: the next round goes on.
      metrics.count('trims_failed')
    }
  }

  #pause(): Promise<void> {
    return pause(this.#context.clock, this.#context.limits.trimPauseMs)
  }

  /** What is not to be read any more. */
  async #reap(): Promise<void> {
    const { store, clock, limits } = this.#context
    while (!this.#isStopped) {
      const rows = await store.snapshots.reap(clock.now() - limits.stagedForMs, REAP_ROWS)
      if (rows === 0) return
      await this.#pause()
    }
  }

  /** What is empty now goes back to the system. */
  async #shrink(): Promise<void> {
    const { store, metrics } = this.#context
    while (!this.#isStopped) {
      const pages = await store.snapshots.shrink(SHRINK_PAGES)
      if (pages === 0) return
      metrics.count('pages_given_back', undefined, pages)
      await this.#pause()
    }
  }

  async #trim(id: Bytes): Promise<void> {
    const { store, clock, limits, metrics } = this.#context
    const [status] = await store.status([id])
    if (status === null || status === undefined || status.deleted) return
    await this.#attestByAge(id, status)
    const plan = planTrim(await store.snapshots.published(id))
    const dropped = await store.snapshots.keepOnly(id, plan.kept)
    metrics.count('snapshots_dropped', undefined, dropped)
    let hasTrimmed = false
    const beforeS = Math.floor((clock.now() - limits.trimAgeMs) / 1000)
    const bounds = { through: plan.through, beforeS, maxEntries: limits.trimEntries, maxBytes: limits.trimBytes }
    while (plan.through > 0 && !this.#isStopped) {
      const step = await store.snapshots.trim(id, bounds)
      if (step.moved === 0) break
      metrics.count('entries_trimmed', undefined, step.entries)
      metrics.count('bytes_trimmed', undefined, step.bytes)
      hasTrimmed = true
      await this.#pause()
    }
    if (hasTrimmed) this.#onTrimmed(id)
    await this.#forgetMarks(id)
  }

  async #forgetMarks(id: Bytes): Promise<void> {
    const { store, clock, limits, metrics } = this.#context
    const beforeS = Math.floor((clock.now() - limits.marksAgeMs) / 1000)
    while (!this.#isStopped) {
      const forgotten = await store.snapshots.forgetMarks(id, beforeS, limits.trimEntries)
      if (forgotten === 0) return
      metrics.count('marks_forgotten', undefined, forgotten)
      await this.#pause()
    }
  }

  /** Where nobody but its author's member ever wrote, a snapshot's age vouches for it: there may be no other device. [LO13] */
  async #attestByAge(id: Bytes, status: DocumentStatus): Promise<void> {
    const { store, clock, limits } = this.#context
    const oldMs = clock.now() - limits.attestAgeMs
    const due = (await store.snapshots.published(id)).filter((each) => {
      return !each.isAttested && each.isHeld && each.disputedAt === 0 && each.publishedAtMs <= oldMs
    })
    if (due.length === 0) return
    const writers = await this.#writers(id, status)
    const isLonely = ({ member }: PublishedSnapshot): boolean => writers.every((writer) => equalBytes(writer, member))
    for (const snapshot of due) if (isLonely(snapshot)) await store.snapshots.attest(id, snapshot.id)
  }

  /** Members that ever wrote; in `shared-key` mode devices. */
  async #writers(id: Bytes, { mode, genesisHash }: DocumentStatus): Promise<readonly Bytes[]> {
    const devices = await this.#context.store.snapshots.writers(id)
    if (mode === 'shared-key') return devices
    const { members } = await new DocumentMembers(this.#context, id).current(genesisHash)
    return devices.map((device) => members.lastMemberOf(device) ?? device)
  }
}
