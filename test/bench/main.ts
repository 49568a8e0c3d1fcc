/**
 * `npm run bench`: figures as ratios against baselines of the same run. Nothing passes or fails on a time.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { BenchRow } from './bench-row.ts'
import { OptionsError, readOptions, USAGE, type RowId } from './options.ts'
import { installPeers, peerStarts, tryStart } from './peers.ts'
import { benchApp } from './rows/app.ts'
import { benchBytes } from './rows/bytes.ts'
import { benchClientCrypto } from './rows/client-crypto.ts'
import { benchColdOpen } from './rows/cold-open.ts'
import { benchEditCost } from './rows/edit-cost.ts'
import { benchPaced, benchSaturated } from './rows/fan-out.ts'
import { benchIdleSockets } from './rows/idle-sockets.ts'
import { benchJoinStorm } from './rows/join-storm.ts'
import { benchManyDocuments } from './rows/many-documents.ts'
import { benchMembers } from './rows/members.ts'
import { benchPresence } from './rows/presence.ts'
import { benchStoredMany } from './rows/stored-many.ts'
import { killServers } from './server-process.ts'
import { benchRelayMemory } from './rows/relay-memory.ts'
import { benchStore } from './store.ts'
import type { System } from './system.ts'
import { startBare } from './systems/bare.ts'
import { startRelaySystem } from './systems/relay.ts'
import { formatTable } from './table.ts'
import { createWorkplace } from './workplace.ts'

const DEFAULT_OUT = fileURLToPath(new URL('results/latest.json', import.meta.url))

async function run(): Promise<void> {
  const options = readOptions(process.argv.slice(2), DEFAULT_OUT)
  const workplace = await createWorkplace()
  process.once('exit', () => workplace.remove())
  const rows: BenchRow[] = []
  const { quick } = options
  const peers = options.peers && installPeers() ? peerStarts(workplace) : []
  async function withSystems(work: (systems: readonly System[]) => Promise<BenchRow[]>): Promise<BenchRow[]> {
    const started = await Promise.all([startRelaySystem(workplace), startBare(workplace), ...peers.map(tryStart)])
    const systems = started.filter((system) => system !== null)
    try {
      return await work(systems)
    } finally {
      await Promise.all(systems.map((system) => system.close()))
    }
  }
  async function withRelay(work: (relay: System) => Promise<BenchRow[]>): Promise<BenchRow[]> {
    const relay = await startRelaySystem(workplace)
    try {
      return await work(relay)
    } finally {
      await relay.close()
    }
  }
  const benches: Partial<Record<RowId, () => Promise<BenchRow[]>>> = {
    P1: () => withSystems((systems) => benchSaturated({ quick, systems, workplace })),
    P2: () => withSystems((systems) => benchPaced({ quick, systems, workplace })),
    P3: () => withSystems((systems) => benchManyDocuments({ quick, systems })),
    P4: () => {
      const starts = [() => startRelaySystem(workplace), () => startBare(workplace), ...peers]
      return benchIdleSockets({ quick, starts })
    },
    P5: () => {
      const { trace: traceName, edits, typingSeconds } = options
      const withStored = options.only.includes('P7')
      return benchColdOpen({ quick, workplace, peers: peers.length > 0, traceName, edits, typingSeconds, withStored })
    },
    P6: () => benchStore({ quick }),
    P7: async () => [...(await benchBytes({ quick, workplace })), ...(await benchStoredMany({ quick, workplace }))],
    P8: () => benchClientCrypto({ quick }),
    P9: async () => [...(await benchRelayMemory(workplace, quick)), ...(await benchJoinStorm({ quick, workplace }))],
    P10: () => withRelay((relay) => benchPresence({ quick, relay })),
    P11: () => benchApp({ quick, workplace }),
    P13: () => benchMembers({ quick, workplace }),
    P14: () => benchEditCost({ quick, workplace }),
  }
  for (const id of options.only) {
    const bench = benches[id]
    if (bench === undefined) continue
    const startedAt = performance.now()
    try {
      rows.push(...(await bench()))
    } catch (error) {
      // The other rows are worth having all the same.
      process.exitCode = 1
      console.error(`!! ${id} broke off:`, error)
    }
    console.error(`${id}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  }
  const machine = { node: process.version, cores: cpus().length, load: loadavg() }
  mkdirSync(dirname(options.out), { recursive: true })
  writeFileSync(options.out, `${JSON.stringify({ quick, machine, rows }, null, 2)}\n`)
  console.log(formatTable(rows))
}

process.on('exit', killServers)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
try {
  await run()
  process.exit()
} catch (error) {
  console.error(error instanceof OptionsError ? `${error.message}\n\n${USAGE}` : error)
  process.exit(1)
}
