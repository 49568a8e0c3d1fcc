/**
 * Own entries that stand before the snapshot at which the reading of the log began: it does not show them one by one any more. Where each of
 * the device's sessions stood there, and what the snapshot holds, tell what became of them. Rules CL6, LO10.
 *
 * @module
 */
import { bytesToHex, type Envelope } from '@y-sealed/protocol'
import type { DocumentLog } from '../log/document-log.ts'
import { inspectUpdate } from '../yjs/inspect-update.ts'
import type { LogState } from '../yjs/log-state.ts'
import { updatesOf } from './restore-queue.ts'
import type { QueuedEntry } from './send-queue.ts'

/** Is it in the log, of which reading began behind it? An honest device has one envelope for each counter of a session. [LO8] */
export function isBehindBase(
  log: Pick<DocumentLog, 'baseSeq' | 'sessionHeads' | 'isPending'>,
): (entry: QueuedEntry) => boolean {
  if (log.baseSeq === 0) return () => false
  const heads = log.sessionHeads()
  const isThere = (envelope: Envelope): boolean => {
    const head = heads.get(bytesToHex(envelope.device) + bytesToHex(envelope.session))
    return head !== undefined && envelope.counter <= head.counter && !log.isPending(envelope)
  }
  return ({ envelope, copies }) => [envelope, ...copies].some(isThere)
}

/** Has the log all of what these entries say? It may have them, and they not count. */
export function holdsEdits(state: Pick<LogState, 'clockOf' | 'hasDeleted'>, entries: readonly QueuedEntry[]): boolean {
  return updatesOf(entries).every(({ update }) => {
    const inspection = inspectUpdate(update)
    if (!inspection.ok) return false
    const { blocks, deletes } = inspection.summary
    return blocks.every(({ client, end }) => state.clockOf(client) >= end) && state.hasDeleted(deletes)
  })
}
