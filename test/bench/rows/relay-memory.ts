/**
 * P5, the relay's memory, run with P9: how much more it takes while documents of several sizes are opened cold. Each relay is fresh, and has handed out a
 * small document before, so that its code and its first buffers are there.
 *
 * @module
 */
import { compareRow, type BenchRow } from '../bench-row.ts'
import { median, sleep } from '../figures.ts'
import { makeLargeDocument, type LargeDocument } from '../large-document.ts'
import { admit, PageReader } from '../page-reader.ts'
import { forgetPeak, readMemoryBytes, readPeakBytes } from '../process-cost.ts'
import { startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'

const MIB = 1 << 20
/** Larger than what is handed over with OPENED. */
const SMALL_BYTES = MIB
const REST_MS = 500
const RUNS = 3

/** The relay's memory at several sizes, against the document and against the smallest. */
export async function benchRelayMemory(workplace: Workplace, quick: boolean): Promise<BenchRow[]> {
  const sizes = (quick ? [1, 4] : [1, 8, 32, 60]).map((mib) => mib * MIB)
  const data = workplace.folder('relay-memory')
  const relay = await startRelayProcess(workplace, data)
  const small = await makeLargeDocument(workplace, relay.port, SMALL_BYTES)
  const documents: LargeDocument[] = []
  for (const size of sizes) documents.push(await makeLargeDocument(workplace, relay.port, size))
  for (const { author, witness } of [small, ...documents]) for (const reader of [author, witness]) reader.close()
  await relay.stop()
  const rows: BenchRow[] = []
  for (const document of documents) {
    const grown: number[] = []
    for (let run = 0; run < RUNS; run++) grown.push(await measureGrowth(workplace, data, small, document))
    const mib = document.snapshot.envelope.bytes.length / MIB
    const title = `${Math.round(mib)} MiB opened cold: relay memory`
    rows.push(compareRow('P5', title, 'MiB', median(grown) / MIB, 'the document', mib))
  }
  return rows
}

async function measureGrowth(
  workplace: Workplace,
  data: string,
  small: LargeDocument,
  large: LargeDocument,
): Promise<number> {
  const relay = await startRelayProcess(workplace, data)
  const open = async ({ document, snapshot }: LargeDocument): Promise<void> => {
    const reader = await PageReader.open(admit(workplace, relay.port, document), workplace.secureContext)
    await reader.readSnapshot(document.id, snapshot.id, snapshot.envelope.bytes.length)
    reader.close()
  }
  for (let time = 0; time < 2; time++) await open(small)
  await sleep(REST_MS)
  forgetPeak(relay.pid)
  const restedBytes = readMemoryBytes(relay.pid)
  await open(large)
  const grown = readPeakBytes(relay.pid) - restedBytes
  await relay.stop()
  return grown
}
