/**
 * P7, on disk: what is left of a trace once two snapshots at its end stand for all of it, with the marks that are kept for 90 days, and without
 * them. The measure is the plain state, once for each snapshot that is kept.
 *
 * @module
 */
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'

import type { BenchRow } from '../bench-row.ts'
import { sleep } from '../figures.ts'
import type { SealedClient } from '../sealed-client.ts'
import { readStoredSize, storedRows, type StoredSize } from '../stored-size.ts'
import { startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'

/** A relay that asks for a snapshot after a few edits, so that what follows the newest two is next to nothing. */
export const EAGER = { soonEntries: 4, compactionPauseMs: 100 } as const
/** What a relay does after a week, and after three months, at once. */
const TRIMMING = { trimAgeMs: 1, trimIntervalMs: 200, trimPauseMs: 1 } as const
export const FORGETTING = { ...TRIMMING, marksAgeMs: 1 } as const
const SNAPSHOT_PATIENCE_MS = 60_000
const QUIET_MS = 1_500
const TRIM_PATIENCE_MS = 90_000

/** Opens the document as a device has it; without a word on `compaction` it makes snapshots. */
export type OpenDocument = (port: number, device: Device, compaction?: 'soon' | 'never') => SealedClient

/** Of one person who opens it time and again: a new device each time would be one more in every snapshot. */
const createDevice = (): Device => new Device(createDeviceSeeds())

export interface StoredAfterTrim {
  readonly workplace: Workplace
  /** Folder of a relay that has been stopped. */
  readonly data: string
  readonly title: string
  readonly plainBytes: number
  readonly open: OpenDocument
}

export async function benchStoredAfterTrim(options: StoredAfterTrim): Promise<BenchRow[]> {
  const { workplace, data, open, title, plainBytes } = options
  const relay = await startRelayProcess(workplace, data, EAGER)
  await makeSnapshots(open, relay.port)
  await relay.stop()
  const kept = await rest(options, TRIMMING)
  const forgotten = await rest(options, FORGETTING)
  const empty = await rest({ ...options, data: workplace.folder('nothing-typed') }, TRIMMING)
  return [
    ...storedRows(`${title}: on disk, marks kept`, kept, empty, plainBytes),
    ...storedRows(`${title}: on disk, after 90 days`, forgotten, empty, plainBytes),
  ]
}

/**
 * Two more edits and their undoing at a time, until two snapshots of all that was typed are vouched for. `type` types first.
 */
export async function makeSnapshots(
  open: OpenDocument,
  port: number,
  type: (typist: SealedClient) => Promise<void> = async () => {},
): Promise<void> {
  const [typist, witness] = [open(port, createDevice()), open(port, createDevice())]
  await Promise.all([typist.provider.whenSynced(), witness.provider.whenSynced()])
  await type(typist)
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
  if (!isDone()) console.error('!! two snapshots were not vouched for')
  typist.close()
  witness.close()
}

/** Each time somebody opens it, it grows by an entry. */
function hasShrunk(before: StoredSize, after: StoredSize): boolean {
  return after.bodies < before.bodies || after.marks < before.marks || after.files < before.files
}

/** Lets a relay go over it until nothing goes any more. */
export async function rest(
  { workplace, data, open }: Pick<StoredAfterTrim, 'workplace' | 'data' | 'open'>,
  limits: Parameters<typeof startRelayProcess>[2],
): Promise<StoredSize> {
  const device = createDevice()
  let before: StoredSize | null = null
  for (const until = performance.now() + TRIM_PATIENCE_MS; before === null || performance.now() < until;) {
    const relay = await startRelayProcess(workplace, data, limits)
    // While nobody is there nothing is looked at.
    const reader = open(relay.port, device, 'never')
    await reader.provider.whenSynced()
    await sleep(QUIET_MS * 2)
    reader.close()
    await relay.stop()
    const after = readStoredSize(data)
    if (before !== null && !hasShrunk(before, after)) return after
    before = after
  }
  return before
}
