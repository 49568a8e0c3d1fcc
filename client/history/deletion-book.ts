/**
 * Who deleted what: Yjs does not say it of an item, the log does of an edit. Rule HI5.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { inspectUpdate } from '../yjs/inspect-update.ts'
import type { PastEdit } from './log-replay.ts'

interface Deletion {
  readonly clock: number
  readonly end: number
  readonly device: Bytes
}

export class DeletionBook {
  readonly #deletionsByClient = new Map<number, Deletion[]>()

  /** Takes the next edit of the log. */
  note({ device, update }: PastEdit): void {
    const inspection = inspectUpdate(update)
    if (!inspection.ok) return
    for (const { client, clock, length } of inspection.summary.deletes) {
      const deletions = this.#deletionsByClient.get(client) ?? []
      deletions.push({ clock, end: clock + length, device })
      this.#deletionsByClient.set(client, deletions)
    }
  }

  /** The device (16 bytes) that was the first to delete it; `null` for none. */
  deviceOf(client: number, clock: number): Bytes | null {
    const deletions = this.#deletionsByClient.get(client)
    return deletions?.find((each) => each.clock <= clock && clock < each.end)?.device ?? null
  }
}
