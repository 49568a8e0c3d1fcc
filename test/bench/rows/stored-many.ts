/**
 * P7, on disk, of many documents in one database: what a document costs where the pages that a database has anyway are everybody's. Each is a trace
 * of a real person typed at once, which leaves the state that typing it key by key does, under two attested snapshots, after the marks' 90 days.
 *
 * @module
 */
import * as Y from 'yjs'

import { PointText } from '../../../client/node/replay/point-text.ts'
import type { Trace } from '../../../client/node/replay/trace.ts'
import type { BenchRow } from '../bench-row.ts'
import { readBenchTrace } from '../bench-trace.ts'
import { createRoomAccess, openSealedClient, type SealedClient } from '../sealed-client.ts'
import { storedRows } from '../stored-size.ts'
import { startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'
import { EAGER, FORGETTING, makeSnapshots, rest, type OpenDocument } from './stored-after-trim.ts'

const PACE = { electionMs: 300, attestationMs: 600, idleMs: 1_000 }
/** Documents that are made at once. */
const AT_ONCE = 10

/** A part of P7. */
export async function benchStoredMany({
  quick,
  workplace,
}: {
  readonly quick: boolean
  readonly workplace: Workplace
}): Promise<BenchRow[]> {
  const count = quick ? 4 : 50
  const { name, trace } = await readBenchTrace(quick ? 2_000 : Infinity)
  const data = workplace.folder('stored-many')
  const opens = Array.from({ length: count }, (): OpenDocument => {
    const accessOf = createRoomAccess()
    return (port, device) => openSealedClient(workplace, port, accessOf(), device, { snapshotPace: PACE })
  })
  const relay = await startRelayProcess(workplace, data, EAGER)
  let plainBytes = 0
  const type = async ({ doc, text, provider }: SealedClient): Promise<void> => {
    doc.transact(() => typeAtOnce(text, trace))
    await provider.flush()
    plainBytes = Y.encodeStateAsUpdateV2(doc).length
  }
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(opens.slice(from, from + AT_ONCE).map((open) => makeSnapshots(open, relay.port, type)))
    console.error(`${Math.min(count, from + AT_ONCE)} of ${count} documents have their snapshots`)
  }
  await relay.stop()
  const forgotten = await rest(workplace, data, FORGETTING)
  const empty = await rest(workplace, workplace.folder('nothing-typed'), FORGETTING)
  return storedRows(`${count} documents of ${name}: on disk, after 90 days`, forgotten, empty, plainBytes)
}

function typeAtOnce(text: Y.Text, trace: Trace): void {
  const mirror = new PointText(trace.startContent)
  if (trace.startContent !== '') text.insert(0, trace.startContent)
  for (const patch of trace.transactions.flat()) {
    const { at, remove, insert } = mirror.edit(...patch)
    if (remove > 0) text.delete(at, remove)
    if (insert !== '') text.insert(at, insert)
  }
}
