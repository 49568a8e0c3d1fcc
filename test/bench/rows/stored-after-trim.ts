/**
 * P7, on disk: what is left of a trace once two snapshots at its end stand for all of it, with the marks that are kept for 90 days, and without
 * them. The measure is the plain state, once for each snapshot that is kept.
 *
 * @module
 */
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'

import type { BenchRow } from '../bench-row.ts'
import { sleep } from '../figures.ts'
import { createRoomAccess, openSealedClient, type SealedClient } from '../sealed-client.ts'
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
/** How long a snapshot is waited for before there is more to be typed. */
const ROUND_MS = 8_000
const TRIM_PATIENCE_MS = 90_000

/** Opens the document as a device has it. */
export type OpenDocument = (port: number, device: Device) => SealedClient

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
  const kept = await rest(workplace, data, TRIMMING)
  const forgotten = await rest(workplace, data, FORGETTING)
  const empty = await rest(workplace, workplace.folder('nothing-typed'), TRIMMING)
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
  const countAttested = (): number => {
    for (const { standing, seq } of typist.provider.snapshots) {
      if (standing === 'attested' && seq >= typedSeq) attested.add(seq)
    }
    return attested.size
  }
  for (const until = performance.now() + SNAPSHOT_PATIENCE_MS; countAttested() < 2 && performance.now() < until;) {
    const before = attested.size
    for (let edit = 0; edit < 2; edit++) {
      typist.text.insert(0, 'x')
      await typist.provider.flush()
      typist.text.delete(0, 1)
      await typist.provider.flush()
    }
    for (const next = performance.now() + ROUND_MS; countAttested() === before && performance.now() < next;) {
      await sleep(50)
    }
  }
  if (attested.size < 2) console.error('!! two snapshots were not vouched for')
  typist.close()
  witness.close()
}

/** Each time somebody opens it, it grows by an entry. */
function hasShrunk(before: StoredSize, after: StoredSize): boolean {
  return after.bodies < before.bodies || after.marks < before.marks || after.files < before.files
}

/** Lets a relay go over all that it has until nothing goes any more. */
export async function rest(
  workplace: Workplace,
  data: string,
  limits: Parameters<typeof startRelayProcess>[2],
): Promise<StoredSize> {
  const device = createDevice()
  const accessOf = createRoomAccess()
  let before: StoredSize | null = null
  for (const until = performance.now() + TRIM_PATIENCE_MS; before === null || performance.now() < until;) {
    const relay = await startRelayProcess(workplace, data, limits)
    // While nobody is there nothing is looked at: somebody is, in a document of their own, which a database that holds nothing else has too.
    const elsewhere = openSealedClient(workplace, relay.port, accessOf(), device, { compaction: 'never' })
    await elsewhere.provider.whenSynced()
    await sleep(QUIET_MS * 2)
    elsewhere.close()
    await relay.stop()
    const after = readStoredSize(data)
    if (before !== null && !hasShrunk(before, after)) return after
    before = after
  }
  return before
}
