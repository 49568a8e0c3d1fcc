/**
 * P7: bytes of WebSocket messages, and on disk, against y-websocket's messages for the same edits (made by its protocol's own encoder, so
 * no server is needed) and against the plain Yjs state.
 *
 * @module
 */
import { createEncoder, toUint8Array, writeVarUint } from 'lib0/encoding'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { writeUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'

import { typeTrace } from '../../../client/node/replay/type-trace.ts'
import { compareRow, type BenchRow } from '../bench-row.ts'
import { readBenchTrace } from '../bench-trace.ts'
import { median, sleep } from '../figures.ts'
import { createRoomAccess, openSealedClient, type SealedClient } from '../sealed-client.ts'
import { startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'

/** A fast typist's keys in a second. */
const KEYS = 8
/** How y-websocket marks its messages of this kind. */
const SYNC = 0

/** P7. */
export async function benchBytes({
  quick,
  workplace,
}: {
  readonly quick: boolean
  readonly workplace: Workplace
}): Promise<BenchRow[]> {
  const data = workplace.folder('bytes')
  const relay = await startRelayProcess(workplace, data)
  const accessOf = createRoomAccess()
  const alice = openSealedClient(workplace, relay.port, accessOf())
  await alice.provider.whenSynced()
  const bob = openSealedClient(workplace, relay.port, accessOf())
  await bob.provider.whenSynced()
  let plain = 0
  alice.doc.on('update', (update: Uint8Array) => {
    const encoder = createEncoder()
    writeVarUint(encoder, SYNC)
    writeUpdate(encoder, update)
    plain += toUint8Array(encoder).length
  })
  /** Bytes of what is typed: sent by alice, received by bob, and as y-websocket would have sent it. */
  const measure = async (type: () => Promise<void> | void): Promise<readonly [number, number, number]> => {
    const before = [alice.traffic.bytesSent, bob.traffic.bytesReceived, plain] as const
    await type()
    await alice.provider.flush()
    await caughtUp(alice, bob)
    return [alice.traffic.bytesSent - before[0], bob.traffic.bytesReceived - before[1], plain - before[2]]
  }
  // The first edit brings a bind with it.
  await measure(() => alice.text.insert(0, 'a'))
  const rows: BenchRow[] = []
  const compare = (name: string, runs: readonly (readonly [number, number, number])[]): void => {
    const of = (i: 0 | 1 | 2): number => median(runs.map((run) => run[i]))
    rows.push(
      compareRow('P7', `${name}: sent`, 'B', of(0), 'y-websocket', of(2)),
      compareRow('P7', `${name}: to each reader`, 'B', of(1), 'y-websocket', of(2)),
    )
  }
  const keys = []
  for (let run = 0; run < 5; run++) keys.push(await measure(() => alice.text.insert(alice.text.length, 'x')))
  compare('one key', keys)
  const seconds = []
  for (let run = 0; run < (quick ? 1 : 3); run++) seconds.push(await measure(() => typeASecond(alice)))
  compare(`a second of typing, ${KEYS} keys`, seconds)
  const { name, trace } = await readBenchTrace(quick ? 2_000 : 18_335)
  alice.text.delete(0, alice.text.length)
  await measure(() => {})
  compare(name, [
    await measure(() =>
      typeTrace(alice.text, trace, { clock: () => performance.now(), pause: sleep, rate: quick ? 1_000 : 200 }),
    ),
  ])
  const state = Y.encodeStateAsUpdateV2(alice.doc).length
  for (const client of [alice, bob]) client.close()
  await relay.stop()
  rows.push(compareRow('P7', `${name}: on disk, no snapshots`, 'B', sizeOf(data), 'plain Yjs state', state))
  return rows
}

async function typeASecond({ text }: SealedClient): Promise<void> {
  for (let key = 0; key < KEYS; key++) {
    text.insert(text.length, 'k')
    await sleep(1000 / KEYS)
  }
}

async function caughtUp(alice: SealedClient, bob: SealedClient): Promise<void> {
  while (bob.text.toJSON() !== alice.text.toJSON()) await sleep(5)
}

/** Of the database, which the relay has folded into one file when it stopped. */
function sizeOf(folder: string): number {
  return readdirSync(folder)
    .filter((name) => name.startsWith('relay.db'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}
