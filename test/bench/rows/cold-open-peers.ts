/**
 * P5 at other people's servers: the same trace typed in by one update an edit, the server started anew on what it has stored, and a fresh client
 * that opens the document. They keep plaintext, and no TLS is in the way.
 *
 * @module
 */
import type { Trace } from '../../../client/node/replay/trace.ts'
import { compareRow, type BenchRow } from '../bench-row.ts'
import { medianOf, sleep } from '../figures.ts'
import { PEERS_NODE } from '../peers.ts'
import { readCpuUs } from '../process-cost.ts'
import { startServer, type ServerProcess } from '../server-process.ts'
import { openYjsClient } from '../systems/yjs-client.ts'
import type { Dialect } from '../systems/yjs-wire.ts'
import { typeFor } from '../type-for.ts'
import type { Workplace } from '../workplace.ts'

/** Hocuspocus stores what has not changed for 2 s, and at most every 10; leveldb's queue may be long. */
const STORING_MS = 12_000
const STORED_PATIENCE_MS = 120_000
/** A server that takes less than this of a second's processor time has nothing left to do. */
const QUIET_CPU_US = 20_000
const ROOM = 'note'

interface PeerStore {
  readonly name: string
  readonly dialect: Dialect
  readonly script: string
}

const PEERS: readonly PeerStore[] = [
  { name: 'y-websocket + leveldb', dialect: 'y-websocket', script: 'peers/y-websocket-server.ts' },
  { name: 'Hocuspocus + SQLite', dialect: 'hocuspocus', script: 'peers/hocuspocus-server.ts' },
]

export interface ColdOpenPeersOptions {
  readonly workplace: Workplace
  readonly title: string
  readonly trace: Trace
  /** What our own client took, in the same run. */
  readonly ours: { readonly ms: number; readonly bytes: number }
}

/** P5 against each peer; one that fails is left out, loudly. */
export async function benchColdOpenPeers(options: ColdOpenPeersOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const peer of PEERS) {
    try {
      rows.push(...(await comparePeer(peer, options)))
    } catch (error) {
      console.error(`!! ${peer.name} is SKIPPED:`, error instanceof Error ? error.message : error)
    }
  }
  return rows
}

async function comparePeer(
  { name, dialect, script }: PeerStore,
  { workplace, title, trace, ours }: ColdOpenPeersOptions,
): Promise<BenchRow[]> {
  const folder = workplace.folder(`cold-open-${dialect}`)
  const start = (): Promise<ServerProcess> => startServer({ script, node: PEERS_NODE, settings: { folder } })
  let server = await start()
  const typist = await openYjsClient(server.port, ROOM, dialect)
  await typeFor(typist.text, trace, { name })
  await typist.settle()
  await sleep(STORING_MS)
  await whenQuiet(name, server.pid)
  typist.close()
  await sleep(STORING_MS / 4)
  await whenQuiet(name, server.pid)
  await server.stop()
  const openings: { readonly ms: number; readonly bytes: number }[] = []
  for (let run = 0; run < 3; run++) {
    // Each is cold: what one client has opened, the server has in memory.
    server = await start()
    const beganAt = performance.now()
    const client = await openYjsClient(server.port, ROOM, dialect)
    await client.whenText(trace.endContent)
    const ms = performance.now() - beganAt
    openings.push({ ms, bytes: client.bytesReceived() })
    client.close()
    await server.stop()
  }
  const [ms, bytes] = [medianOf(openings, (run) => run.ms), medianOf(openings, (run) => run.bytes)]
  return [
    compareRow('P5', `${title}: time to open`, 'ms', ours.ms, name, ms),
    compareRow('P5', `${title}: bytes to open`, 'B', ours.bytes, name, bytes),
  ]
}

async function whenQuiet(name: string, pid: number): Promise<void> {
  for (const until = performance.now() + STORED_PATIENCE_MS; performance.now() < until;) {
    const before = readCpuUs(pid)
    await sleep(1_000)
    if (readCpuUs(pid) - before < QUIET_CPU_US) return
  }
  console.error(`!! ${name} is still busy with what it was given`)
}
