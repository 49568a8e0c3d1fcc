/**
 * Counts and times what goes into a {@link Store}. Row J4.
 *
 * @module
 */
import type { AppendResult, AppendUnit, Clock, Metrics, Store } from '../core/ports.ts'

/** The same store; appends are counted and timed. Reads go through untouched. */
export function measureStore(store: Store, clock: Clock, metrics: Metrics): Store {
  return {
    async append(units) {
      const beganAtMs = clock.monotonic()
      try {
        const results = await store.append(units)
        metrics.observe('append_seconds', (clock.monotonic() - beganAtMs) / 1000)
        countResults(metrics, units, results)
        return results
      } catch (error) {
        metrics.count('appends_failed')
        throw error
      }
    },
    status: (documents) => store.status(documents),
    read: (document, after, max) => store.read(document, after, max),
    readRecords: (document, after, maxBytes) => store.readRecords(document, after, maxBytes),
    readMarks: (document, after, max) => store.readMarks(document, after, max),
    transcriptAt: (document, seq) => store.transcriptAt(document, seq),
    roleOf: (document, device) => store.roleOf(document, device),
    linkOf: (document, link) => store.linkOf(document, link),
    entryAt: (document, device, session, counter) => store.entryAt(document, device, session, counter),
    noteSigned: (document, head) => store.noteSigned(document, head),
    commitments: (document) => store.commitments(document),
    snapshots: store.snapshots,
    remove: (document) => store.remove(document),
    close: () => store.close(),
  }
}

function countResults(metrics: Metrics, units: readonly AppendUnit[], results: readonly AppendResult[]): void {
  let entries = 0
  let bytes = 0
  for (let i = 0; i < results.length; i++) {
    const result = results[i] as AppendResult
    if (result.status === 'equivocation') metrics.count('equivocations')
    if (result.status !== 'stored' || result.fresh === 0) continue
    entries += result.fresh
    // Those stored now are the last; the others were there before.
    for (const entry of (units[i] as AppendUnit).entries.slice(-result.fresh)) bytes += entry.envelope.length
  }
  metrics.count('pushes', undefined, units.length)
  metrics.count('entries_stored', undefined, entries)
  metrics.count('bytes_stored', undefined, bytes)
}
