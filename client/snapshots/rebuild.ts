/**
 * The log up to a place, read once more and apart from the app's document: what a snapshot of it holds. From a snapshot that this device
 * trusts and the sealed entries after it. Rules LO10, CL1.
 *
 * @module
 */
import { equalBytes, readWholeEnvelope, type Bytes, type SnapshotContext } from '@y-sealed/protocol'
import type { Seen } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import { DocumentLog, feedsOf, type LogEntry } from '../log/document-log.ts'
import type { StoredEntry } from '../stores/document-store.ts'
import { checkState } from '../yjs/check-update.ts'
import { ApartDocument } from './apart-document.ts'
import type { OpenedSnapshot } from './opened-snapshot.ts'
import type { Slices } from './slices.ts'

/** Entries taken at a time: one signature of each session vouches for its others. */
const RUN_ENTRIES = 128

export interface RebuildOptions {
  readonly access: DocumentAccess
  /** `null`: from entry 1. */
  readonly base: Pick<OpenedSnapshot, 'seq' | 'context' | 'clocks' | 'deletes' | 'state'> | null
  /** The place, as this device has verified it. */
  readonly end: Seen
  /** Sealed entries from a seq on, in order; none where they are not to be had. */
  readonly read: (fromSeq: number) => Promise<readonly StoredEntry[]>
  readonly slices: Slices
}

/** What the log comes to. */
export interface RebuiltLog {
  readonly seq: number
  readonly context: SnapshotContext
  readonly state: Bytes
}

/** `null` where the entries are not to be had or not those that were verified, no snapshot may end there, or it is not wanted any more. */
export async function rebuildLog({ access, base, end, read, slices }: RebuildOptions): Promise<RebuiltLog | null> {
  const log = new DocumentLog(access, base ?? undefined)
  const apart = new ApartDocument()
  try {
    if (base !== null) apart.feed([base.state])
    while (log.head.seq < end.seq) {
      const page = entriesFrom(await read(log.head.seq + 1), log.head.seq + 1, end.seq)
      if (page.length === 0) return null
      for (let at = 0; at < page.length; at += RUN_ENTRIES) {
        takeRun(log, apart, page.slice(at, at + RUN_ENTRIES))
        if (!(await slices.breathe())) return null
      }
    }
    if (!log.isQuiet || !equalBytes(log.head.transcript, end.transcript)) return null
    const state = apart.encode()
    return checkState(state).ok ? { seq: end.seq, context: log.context(), state } : null
  } finally {
    apart.destroy()
  }
}

function takeRun(log: DocumentLog, apart: ApartDocument, run: readonly LogEntry[]): void {
  const updates: Bytes[] = []
  for (const outcome of log.take(run)) updates.push(...feedsOf(outcome))
  apart.feed(updates)
}

/** Those that follow each other from a seq on, to the end. */
function entriesFrom(stored: readonly StoredEntry[], fromSeq: number, lastSeq: number): LogEntry[] {
  const run: LogEntry[] = []
  for (const { seq, envelope: bytes } of stored) {
    const envelope = readWholeEnvelope(bytes)
    if (envelope === null || seq !== fromSeq + run.length || seq > lastSeq) break
    run.push({ seq, envelope })
  }
  return run
}
