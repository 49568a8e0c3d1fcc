/**
 * The relay behind those that lie, which is stopped, started anew, and gone back to backups. A backup from before a change of members is of no use
 * here: what devices have accepted of that is never given up, and they would wait for those who have it.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { cpSync } from 'node:fs'
import { join } from 'node:path'

import type { RelayLimits } from '../../../server/core/limits.ts'
import type { LyingRelay } from '../lying-relay.ts'
import { startHonestRelay, type HonestRelay } from '../stage.ts'
import { makeTemporaryFolder } from '../temporary-folder.ts'

/** `known`: what whoever made it knew of what is in it. */
interface Backup<Known> {
  readonly data: string
  readonly known: Known
}

export class RelayLife<Known> {
  readonly #lying: readonly LyingRelay[]
  readonly #limits: Partial<RelayLimits>
  #relay: HonestRelay
  #backup: Backup<Known> | null = null
  #isStopped = false

  private constructor(lying: readonly LyingRelay[], limits: Partial<RelayLimits>, relay: HonestRelay) {
    this.#lying = lying
    this.#limits = limits
    this.#relay = relay
    this.#stand(relay)
  }

  static async begin<Known>(lying: readonly LyingRelay[], limits: Partial<RelayLimits>): Promise<RelayLife<Known>> {
    return new RelayLife(lying, limits, await startHonestRelay(lying, undefined, limits))
  }

  /** The one that runs, or ran last. */
  get relay(): HonestRelay {
    return this.#relay
  }

  /** From now on there is none for anybody. */
  end(): void {
    this.#stand(null)
  }

  restart(): Promise<void> {
    return this.#whileStopped((data) => data)
  }

  /** Started anew, after a backup of what it left. `knowing` is asked when it is stopped. */
  backUp(knowing: () => Known): Promise<void> {
    return this.#whileStopped((data) => {
      const copy = makeTemporaryFolder()
      cpSync(data, copy, { recursive: true })
      this.#backup = { data: copy, known: knowing() }
      return data
    })
  }

  /** Started anew from the newest backup, where that has all records; tells so while it is stopped. No backup is used twice. */
  goBack(onLost: (known: Known) => void): Promise<void> {
    return this.#whileStopped((data) => {
      const backup = this.#backup
      this.#backup = null
      if (backup === null || countRecords(backup.data) !== countRecords(data)) return data
      onLost(backup.known)
      return backup.data
    })
  }

  /** Nothing happens where it is stopped already. */
  async #whileStopped(choose: (data: string) => string): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#stand(null)
    await this.#relay.close()
    this.#relay = await startHonestRelay(this.#lying, choose(this.#relay.data), this.#limits)
    this.#stand(this.#relay)
    this.#isStopped = false
  }

  #stand(relay: HonestRelay | null): void {
    for (const lying of this.#lying) lying.stand(relay)
  }
}

function countRecords(data: string): number {
  const database = new Database(join(data, 'relay.db'), { readonly: true })
  try {
    return database.prepare<[], number>('SELECT count(*) FROM entries WHERE record = 1').pluck().get() ?? 0
  } finally {
    database.close()
  }
}
