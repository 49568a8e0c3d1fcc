/**
 * P9: a crowd opens one large document at once, each reading its snapshot to the end, while somebody goes on typing in it. The measures are
 * the size of the document, and the same typing without the crowd. The crowd is a process of its own: the typist shall wait for the relay, and
 * not for what it costs to receive a crowd's pages.
 *
 * @module
 */
import { RELAY_FRAME } from '@y-sealed/protocol'

import { compareRow, type BenchRow } from '../bench-row.ts'
import { sleep } from '../figures.ts'
import { JoinCrowd } from '../join-crowd.ts'
import { makeLargeDocument } from '../large-document.ts'
import { admit } from '../page-reader.ts'
import { readMemoryBytes } from '../process-cost.ts'
import { startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'

const MIB = 1 << 20
/** A typist's rhythm, ten times as fast as fingers go. */
const KEY_MS = 10

/** P9. */
export async function benchJoinStorm({
  quick,
  workplace,
}: {
  readonly quick: boolean
  readonly workplace: Workplace
}): Promise<BenchRow[]> {
  const [crowd, size] = quick ? [40, 4 * MIB] : [150, 20 * MIB]
  const relay = await startRelayProcess(workplace, workplace.folder('join-storm'))
  const { document, snapshot, author, writer, witness } = await makeLargeDocument(workplace, relay.port, size)
  const type = async (): Promise<number> => {
    const beganAtMs = performance.now()
    await author.ask({ type: 'push', envelopes: [writer.update().envelope] }, RELAY_FRAME.ack)
    return performance.now() - beganAtMs
  }

  // What the crowd's sockets cost by themselves is P4's matter: here they are open before.
  const people = await JoinCrowd.enter({
    ca: workplace.ca,
    admissions: Array.from({ length: crowd }, () => admit(workplace, relay.port, document)),
    snapshotId: snapshot.id,
    bytes: snapshot.envelope.bytes.length,
  })
  await sleep(500)
  const { length: bytes } = snapshot.envelope.bytes
  // The code of reading, and the first buffers, are in memory before.
  await witness.readSnapshot(document.id, snapshot.id, bytes)
  const alone = await typeUntil(type, sleep(quick ? 1_000 : 3_000))
  const restedBytes = readMemoryBytes(relay.pid)
  let largest = restedBytes
  const watch = setInterval(() => (largest = Math.max(largest, readMemoryBytes(relay.pid))), 20)
  const beganAtMs = performance.now()
  const joined = people.read()
  const beside = await typeUntil(type, joined)
  const tookMs = performance.now() - beganAtMs
  clearInterval(watch)
  people.leave()
  for (const reader of [witness, author]) reader.close()
  await relay.stop()
  const title = `${crowd} open ${Math.round(size / MIB)} MiB at once`
  return [
    compareRow('P9', `${title}: relay memory`, 'MiB', (largest - restedBytes) / MIB, 'the document', bytes / MIB),
    compareRow('P9', `${title}: typing p50`, 'ms', percentile(beside, 0.5), 'alone', percentile(alone, 0.5)),
    compareRow('P9', `${title}: typing p99`, 'ms', percentile(beside, 0.99), 'alone', percentile(alone, 0.99)),
    { row: 'P9', name: `${title}: until all have it`, value: tookMs / 1000, unit: 's' },
    { row: 'P9', name: `${title}: sent`, value: (crowd * bytes) / MIB / (tookMs / 1000), unit: 'MiB/s' },
  ]
}

async function typeUntil(type: () => Promise<number>, end: Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  const ended = end.then(() => true)
  do {
    times.push(await type())
  } while (!(await Promise.race([ended, sleep(KEY_MS).then(() => false)])))
  return times.toSorted((a, b) => a - b)
}

function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN
}
