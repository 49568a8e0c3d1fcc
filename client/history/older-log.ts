/**
 * What comes before the place at which this device began to read: asked for when somebody goes so far back, verified from the first entry on,
 * and believed where it leads to the transcript from which the rest goes on. Rule HI2.
 *
 * @module
 */
import { readWholeEnvelope, SyncError } from '@y-sealed/protocol'
import type { DocumentAccess } from '../document/document-access.ts'
import { DocumentLog, type LogEntry } from '../log/document-log.ts'
import { monotonicClock, nextTurn } from '../platform.ts'
import { EditTable } from './edit-table.ts'
import type { LogStretch } from './log-view.ts'
import type { SealedLog } from './sealed-log.ts'

const PAGE_BYTES = 262_144
/** Others get their turn after so long. */
const SLICE_MS = 12

export interface OlderLogOptions {
  readonly access: DocumentAccess
  readonly source: SealedLog
  /** Which begins behind the place. */
  readonly live: DocumentLog
}

/** `null` where it is not to be had any more. Throws `LOG_INVALID` for another log, and what the source throws. */
export async function readOlderLog({ access, source, live }: OlderLogOptions): Promise<LogStretch | null> {
  const end = live.baseSeq
  const log = new DocumentLog(access)
  const edits = new EditTable()
  let slicedAt = monotonicClock()
  while (log.head.seq < end) {
    const page = await readPage(source, log.head.seq, end)
    if (page.length === 0) return null
    for (const outcome of log.take(page)) edits.take(outcome)
    if (monotonicClock() - slicedAt < SLICE_MS) continue
    await nextTurn()
    slicedAt = monotonicClock()
  }
  if (live.compareTranscript(end, log.head.transcript) !== 'same') {
    throw new SyncError('LOG_INVALID', "what comes before is not this document's log")
  }
  return { log, edits }
}

async function readPage(source: SealedLog, after: number, end: number): Promise<readonly LogEntry[]> {
  const page: LogEntry[] = []
  for (const { seq, envelope: bytes } of await source.read(after, PAGE_BYTES)) {
    const envelope = readWholeEnvelope(bytes)
    if (envelope === null || seq !== after + 1 + page.length || seq > end) break
    page.push({ seq, envelope })
  }
  return page
}
