/**
 * P7, on disk: what is left of a trace once two snapshots at its end stand for all of it, with the marks that are kept for 90 days, and without
 * them. The measure is the plain state, once for each snapshot that is kept.
 *
 * @module
 */
import type { BenchRow } from '../bench-row.ts'
import { sleep } from '../figures.ts'
import type { SealedClient } from '../sealed-client.ts'
import { readStoredSize, storedRows, type StoredSize } from '../stored-size.ts'
import { startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'

/** A relay that asks for a snapshot after a few edits, so that what follows the newest two is next to nothing. */
const EAGER = { soonEntries: 4, compactionPauseMs: 100 }
/** What a relay does after a week, and after three months, at once. */
const TRIMMING = { trimAgeMs: 1, trimIntervalMs: 200, trimPauseMs: 1 }
const FORGETTING = { ...TRIMMING, marksAgeMs: 1 }
const SNAPSHOT_PATIENCE_MS = 30_000
const QUIET_MS = 1_500
const TRIM_PATIENCE_MS = 90_000

export interface StoredAfterTrim {
  readonly workplace: Workplace
  /** Folder of a relay that has been stopped. */
  readonly data: string
  readonly title: string
  readonly plainBytes: number
  readonly open: (port: number) => SealedClient
}

export async function benchStoredAfterTrim(options: StoredAfterTrim): Promise<BenchRow[]> {
  const { title, plainBytes } = options
  await makeSnapshots(options)
  const kept = await rest(options, TRIMMING)
  const forgotten = await rest(options, FORGETTING)
  const empty = await rest({ ...options, data: options.workplace.folder('nothing-typed') }, TRIMMING)
  return [
    ...storedRows(`${title}: on disk, marks kept`, kept, empty, plainBytes),
    ...storedRows(`${title}: on disk, after 90 days`, forgotten, empty, plainBytes),
  ]
}

/** Two more edits and their undoing at a time, until two snapshots of all that was typed are vouched for. */
async function makeSnapshots({ workplace, data, open }: StoredAfterTrim): Promise<void> {
  const relay = await startRelayProcess(workplace, data, EAGER)
  const [typist, witness] = [open(relay.port), open(relay.port)]
  await Promise.all([typist.provider.whenSynced(), witness.provider.whenSynced()])
  const typedSeq = typist.provider.head.seq
  const attested = new Set<number>()
  const isDone = (): boolean => {
    for (const { standing, seq } of typist.provider.snapshots) {
      if (standing === 'attested' && seq >= typedSeq) attested.add(seq)
    }
    return attested.size > 1
  }
  for (const until = performance.now() + SNAPSHOT_PATIENCE_MS; !isDone() && performance.now() < until;) {
    for (let edit = 0; edit < 3; edit++) {
      typist.text.insert(0, 'x')
      await typist.provider.flush()
      typist.text.delete(0, 1)
      await typist.provider.flush()
    }
    await sleep(QUIET_MS)
  }
  if (!isDone()) console.error('!! two snapshots were not vouched for', typist.provider.snapshots)
  typist.close()
  witness.close()
  await relay.stop()
}

/** Lets a relay go over it until nothing goes any more. */
async function rest(
  { workplace, data, open }: StoredAfterTrim,
  limits: Parameters<typeof startRelayProcess>[2],
): Promise<StoredSize> {
  let before: StoredSize | null = null
  for (const until = performance.now() + TRIM_PATIENCE_MS; before === null || performance.now() < until;) {
    const relay = await startRelayProcess(workplace, data, limits)
    // While nobody is there nothing is looked at.
    const reader = open(relay.port)
    await reader.provider.whenSynced()
    await sleep(QUIET_MS * 2)
    reader.close()
    await relay.stop()
    const after = readStoredSize(data)
    if (after.files === before?.files && after.bodies === before.bodies) return after
    before = after
  }
  return before
}
