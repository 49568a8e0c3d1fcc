/**
 * P14: what an edit costs the thread that the app types on: a loop of edits without a pause, with a provider that may send and with one that is
 * offline and writes drafts. The measure is the same loop in a Y.Doc whose updates somebody listens to, which every provider has to.
 *
 * @module
 */
import { createMemoryOutbox } from '@y-sealed/client'
import * as Y from 'yjs'

import { compareRow, type BenchRow } from '../bench-row.ts'
import { medianOf, sleep } from '../figures.ts'
import { createRoomAccess, openSealedClient, type SealedClient } from '../sealed-client.ts'
import { startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'

const EDITS = 2_000

/** Processor time of this process, µs an edit: in the loop, and until all of it was done. */
interface Cost {
  readonly loopUs: number
  readonly wholeUs: number
}

/** P14. */
export async function benchEditCost({
  quick,
  workplace,
}: {
  readonly quick: boolean
  readonly workplace: Workplace
}): Promise<BenchRow[]> {
  const runs = quick ? 3 : 9
  const relay = await startRelayProcess(workplace, workplace.folder('edit-cost'))
  const open = (connect: boolean): SealedClient =>
    openSealedClient(workplace, relay.port, createRoomAccess()(), undefined, { outbox: createMemoryOutbox(), connect })
  const listened = await repeat(runs, () => {
    const doc = new Y.Doc()
    doc.on('updateV2', () => undefined)
    return { text: doc.getText('note'), settle: () => Promise.resolve(), close: () => doc.destroy() }
  })
  const offline = await repeat(runs, async () => {
    const client = open(false)
    const { provider, text } = client
    await provider.whenLoaded()
    return { text, settle: () => provider.whenKept(), close: () => client.close() }
  })
  const online = await repeat(runs, async () => {
    const client = open(true)
    const { provider, text } = client
    await provider.whenSynced()
    // The first edit brings a bind with it.
    text.insert(0, 'a')
    await provider.whenSaved()
    return { text, settle: () => provider.whenSaved(), close: () => client.close() }
  })
  await relay.stop()
  const loop = medianOf(listened, ({ loopUs }) => loopUs)
  const against = 'Yjs with a listener'
  const kinds = [
    ['offline', offline],
    ['online', online],
  ] as const
  return kinds.flatMap(([name, costs]) => [
    compareRow(
      'P14',
      `${name}: an edit in a loop of ${EDITS}`,
      'µs',
      medianOf(costs, ({ loopUs }) => loopUs),
      against,
      loop,
    ),
    compareRow(
      'P14',
      `${name}: and all that follows`,
      'µs',
      medianOf(costs, ({ wholeUs }) => wholeUs),
      against,
      loop,
    ),
  ])
}

interface Desk {
  readonly text: Y.Text
  settle(): Promise<void>
  close(): void
}

async function repeat(runs: number, open: () => Desk | Promise<Desk>): Promise<readonly Cost[]> {
  const costs: Cost[] = []
  // What the compiler has to learn is learnt in the first.
  for (let run = 0; run <= runs; run++) {
    const desk = await open()
    await sleep(50)
    const before = process.cpuUsage()
    for (let i = 0; i < EDITS; i++) desk.text.insert(desk.text.length, 'a')
    const loop = process.cpuUsage(before)
    await desk.settle()
    const whole = process.cpuUsage(before)
    desk.close()
    if (run > 0) costs.push({ loopUs: (loop.user + loop.system) / EDITS, wholeUs: (whole.user + whole.system) / EDITS })
  }
  return costs
}
