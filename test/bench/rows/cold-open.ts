/**
 * P5: a trace typed with one envelope an edit while a second device looks after the snapshots that are made meanwhile, the relay restarted, and
 * a fresh client that opens the document. The measures are the merged state, as one message, and Yjs taking it in; and then,
 * when P7 is asked for too, what is left on the relay's disk.
 *
 * @module
 */
import type { Device } from '@y-sealed/protocol/sealing'
import * as Y from 'yjs'

import { compareRow, type BenchRow } from '../bench-row.ts'
import { readBenchTrace } from '../bench-trace.ts'
import { median, medianOf, sleep } from '../figures.ts'
import { readCpuUs, readMemoryBytes } from '../process-cost.ts'
import { createRoomAccess, openSealedClient, type SealedClient } from '../sealed-client.ts'
import { startRelayProcess } from '../systems/relay.ts'
import { typeFor } from '../type-for.ts'
import type { Workplace } from '../workplace.ts'
import { benchColdOpenPeers } from './cold-open-peers.ts'
import { benchStoredAfterTrim } from './stored-after-trim.ts'

/** As in production, but for less waiting when the typing is done. */
const PACE = { electionMs: 300, attestationMs: 600, idleMs: 1_000 }
/** The relay does at once what it would do after a week. */
const TRIM_AT_ONCE = { trimAgeMs: 1, trimIntervalMs: 200, trimPauseMs: 1 }
const TRIM_PATIENCE_MS = 6_000
const SNAPSHOT_PATIENCE_MS = 60_000

/** Edits that may wait for their acknowledgement. */
const MAX_UNSAVED = 1024

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
  peers,
  traceName,
  edits,
  typingSeconds,
  withStored,
}: {
  readonly quick: boolean
  readonly workplace: Workplace
  /** Other people's servers too. */
  readonly peers: boolean
  readonly traceName: string
  readonly edits: number
  readonly typingSeconds: number
  /** Goes on to what is left on the relay's disk. */
  readonly withStored: boolean
}): Promise<BenchRow[]> {
  const wanted = await readBenchTrace(quick ? 2_000 : edits, traceName)
  const data = workplace.folder('cold-open')
  const accessOf = createRoomAccess()
  let relay = await startRelayProcess(workplace, data)
  const open = (port: number, device?: Device): SealedClient =>
    openSealedClient(workplace, port, accessOf(), device, { snapshotPace: PACE })
  const typist = open(relay.port)
  await typist.provider.whenSynced()
  const witness = open(relay.port)
  await witness.provider.whenSynced()
  const trace = await typeFor(typist.text, wanted.trace, {
    name: 'y-sealed',
    seconds: typingSeconds,
    afterEdit() {
      const saved = typist.provider.flush()
      return typist.provider.unsyncedChanges > MAX_UNSAVED ? saved : undefined
    },
  })
  const name = `${wanted.label}, ${trace.transactions.length} edits`
  await typist.provider.flush()
  const merged = Y.encodeStateAsUpdateV2(typist.doc)
  const typedSeq = typist.provider.head.seq
  const vouchedMs = await whenVouched(typist, typedSeq)
  const published = typist.provider.snapshots.length
  typist.close()
  witness.close()
  await relay.stop()

  relay = await startRelayProcess(workplace, data, TRIM_AT_ONCE)
  await sleep(TRIM_PATIENCE_MS)
  const restedBytes = readMemoryBytes(relay.pid)
  const openings: Opening[] = []
  const applyMs: number[] = []
  for (let run = 0; run < 3; run++) {
    const cpuUs = readCpuUs(relay.pid)
    const startedAt = performance.now()
    const client = open(relay.port)
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
  const title = name
  const state = 'merged state'
  const ours = { ms: medianOf(openings, (run) => run.ms), bytes: medianOf(openings, (run) => run.bytes) }
  const beside = peers ? await benchColdOpenPeers({ workplace, title, trace, ours }) : []
  const stored = withStored
    ? await benchStoredAfterTrim({ workplace, data, title, plainBytes: merged.length, open })
    : []
  return [
    compareRow('P5', `${title}: bytes to open`, 'B', ours.bytes, state, merged.length),
    compareRow('P5', `${title}: time to open`, 'ms', ours.ms, 'Yjs applies it', median(applyMs)),
    compareRow(
      'P5',
      `${title}: signature checks`,
      '',
      medianOf(openings, ({ checks }) => checks),
      'entries',
      medianOf(openings, ({ entries }) => entries),
    ),
    ...beside,
    ...stored,
    { row: 'P5', name: `${title}: typed out to vouched for`, value: vouchedMs, unit: 'ms' },
    { row: 'P5', name: `${title}: snapshots that stand`, value: published, unit: '' },
    { row: 'P5', name: `${title}: relay CPU an opening`, value: medianOf(openings, (run) => run.cpuMs), unit: 'ms' },
    { row: 'P5', name: `${title}: relay memory after three openings`, value: grownKib, unit: 'KiB' },
  ]
}

/** Waits until others vouch for all that was typed, or nearly; how long it took. */
async function whenVouched({ provider }: SealedClient, typedSeq: number): Promise<number> {
  const startedAt = performance.now()
  while (!provider.snapshots.some(({ standing, seq }) => standing === 'attested' && seq >= typedSeq)) {
    if (performance.now() - startedAt > SNAPSHOT_PATIENCE_MS) {
      console.error('!! no snapshot of all that was typed was vouched for', provider.snapshots)
      break
    }
    await sleep(50)
  }
  return performance.now() - startedAt
}
