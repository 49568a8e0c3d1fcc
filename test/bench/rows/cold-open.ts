/**
 * P5 as it is without snapshots: a trace typed with one envelope an edit, the relay restarted, and a fresh client that opens the document
 * from its whole log. The measures are the merged state, as one message, and Yjs taking it in.
 *
 * @module
 */
import * as Y from 'yjs'

import { typeTrace } from '../../../client/node/replay/type-trace.ts'
import { compareRow, type BenchRow } from '../bench-row.ts'
import { readBenchTrace } from '../bench-trace.ts'
import { median, medianOf, sleep } from '../figures.ts'
import { readCpuUs, readMemoryBytes } from '../process-cost.ts'
import { createRoomAccess, openSealedClient } from '../sealed-client.ts'
import { startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'

/** Edits that may wait for their acknowledgement. */
const MAX_UNSAVED = 256

interface Opening {
  readonly ms: number
  readonly bytes: number
  readonly checks: number
  readonly entries: number
  readonly cpuMs: number
}

/** P5. */
export async function benchColdOpen({
  quick,
  workplace,
}: {
  readonly quick: boolean
  readonly workplace: Workplace
}): Promise<BenchRow[]> {
  const { name, trace } = await readBenchTrace(quick ? 2_000 : 18_335)
  const data = workplace.folder('cold-open')
  const accessOf = createRoomAccess()
  let relay = await startRelayProcess(workplace, data)
  const typist = openSealedClient(workplace, relay.port, accessOf())
  await typist.provider.whenSynced()
  await typeTrace(typist.text, trace, {
    clock: () => performance.now(),
    pause: sleep,
    afterTransaction() {
      const saved = typist.provider.flush()
      return typist.provider.unsyncedChanges > MAX_UNSAVED ? saved : undefined
    },
  })
  await typist.provider.flush()
  const merged = Y.encodeStateAsUpdateV2(typist.doc)
  typist.close()
  await relay.stop()

  relay = await startRelayProcess(workplace, data)
  const restedBytes = readMemoryBytes(relay.pid)
  const openings: Opening[] = []
  const applyMs: number[] = []
  for (let run = 0; run < 3; run++) {
    const cpuUs = readCpuUs(relay.pid)
    const startedAt = performance.now()
    const client = openSealedClient(workplace, relay.port, accessOf())
    await client.provider.whenSynced()
    const ms = performance.now() - startedAt
    if (client.text.toJSON() !== trace.endContent) throw new Error('the text that was opened is another')
    const { signatureChecks: checks, head } = client.provider
    const bytes = client.traffic.bytesReceived
    openings.push({ ms, bytes, checks, entries: head.seq, cpuMs: (readCpuUs(relay.pid) - cpuUs) / 1000 })
    client.close()
    const before = performance.now()
    Y.applyUpdateV2(new Y.Doc(), merged)
    applyMs.push(performance.now() - before)
  }
  const grownKib = (readMemoryBytes(relay.pid) - restedBytes) / 1024
  await relay.stop()
  const title = `${name}, no snapshots`
  const state = 'merged state'
  return [
    compareRow(
      'P5',
      `${title}: bytes to open`,
      'B',
      medianOf(openings, (run) => run.bytes),
      state,
      merged.length,
    ),
    compareRow(
      'P5',
      `${title}: time to open`,
      'ms',
      medianOf(openings, (run) => run.ms),
      'Yjs applies it',
      median(applyMs),
    ),
    compareRow(
      'P5',
      `${title}: signature checks`,
      '',
      medianOf(openings, ({ checks }) => checks),
      'entries',
      medianOf(openings, ({ entries }) => entries),
    ),
    { row: 'P5', name: `${title}: relay CPU an opening`, value: medianOf(openings, (run) => run.cpuMs), unit: 'ms' },
    { row: 'P5', name: `${title}: relay memory after three openings`, value: grownKib, unit: 'KiB' },
  ]
}
