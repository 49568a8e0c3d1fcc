/**
 * Other people's servers, installed apart from everything else: their own lockfile, and the Node that they want.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { System } from './system.ts'
import { startYjsSystem } from './systems/yjs.ts'
import type { Workplace } from './workplace.ts'

const FOLDER = fileURLToPath(new URL('peers', import.meta.url))
/** The Node that they want. */
export const PEERS_NODE: string = `${FOLDER}/node_modules/.bin/node`

type Start = () => Promise<System>

/** Sees that they are there; false, and a loud word, when they cannot be had. */
export function installPeers(): boolean {
  if (existsSync(PEERS_NODE)) return true
  console.error('installing other servers into test/bench/peers …')
  const { status } = spawnSync('npm', ['ci'], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status === 0 && existsSync(PEERS_NODE)) return true
  console.error('!! other servers could not be installed: comparisons with them are SKIPPED')
  return false
}

/** How to start each of them, for rows about traffic. */
export function peerStarts(workplace: Workplace): readonly Start[] {
  const yWebsocket = { node: PEERS_NODE, script: 'peers/y-websocket-server.ts' }
  return [
    () => startYjsSystem({ ...yWebsocket, name: 'y-websocket', dialect: 'y-websocket' }),
    () =>
      startYjsSystem({
        ...yWebsocket,
        name: 'y-websocket + leveldb',
        dialect: 'y-websocket',
        folder: workplace.folder('leveldb'),
      }),
    () =>
      startYjsSystem({
        node: PEERS_NODE,
        script: 'peers/hocuspocus-server.ts',
        name: 'Hocuspocus + SQLite',
        dialect: 'hocuspocus',
        folder: workplace.folder('hocuspocus'),
      }),
  ]
}

/** Starts a peer, or says loudly that it is left out. */
export async function tryStart(start: Start): Promise<System | null> {
  try {
    return await start()
  } catch (error) {
    console.error('!! a server did not start and is SKIPPED:', error instanceof Error ? error.message : error)
    return null
  }
}
