/**
 * Whoever is lied to, whatever provider their app has: ours, or the published y-websocket or Hocuspocus over our WebSocket classes. Each is
 * asked in its own words.
 *
 * @module
 */
import {
  createMemoryKeyStore,
  joinedMembership,
  sharedKeyDocument,
  type DocumentAccess,
  type IntegrityReport,
  type KeyStore,
} from '@y-sealed/client'
import type { HocuspocusSocketOptions } from '@y-sealed/client/hocuspocus'
import { cryptoReady } from '@y-sealed/protocol'
import { inject, vi } from 'vitest'
import type * as Y from 'yjs'

import { joinHocuspocus } from '../adapters/hocuspocus-peer.ts'
import { createAppRoom, joinStock, type AppRoom, type StockPeerOptions } from '../adapters/y-websocket-peer.ts'
import { makeDeviceDisk, type ClosableStorage } from '../device-storage.ts'
import { createLiar, type Liar } from '../lying-socket.ts'
import { createNewcomer, Team } from '../members/team.ts'
import { join, platformFor, type Peer, type RelayAddress } from '../peer.ts'

export type Provider = 'SealedProvider' | 'y-websocket' | 'Hocuspocus'
export type Mode = 'shared-key' | 'members'
export type Place = 'memory' | 'disk'

/** One of them. */
export interface LiedTo {
  readonly text: Y.Text
  /** What the app is told of the relay, and when (ms). */
  readonly reports: readonly (IntegrityReport & { readonly at: number })[]
  readonly isSynced: () => boolean
  /** Edits that the app would call unsaved, by each of the counts that it is given. */
  readonly unsaved: () => readonly number[]
  /** How many are shown to be here, themselves among them. */
  readonly shown: () => number
}

export interface Scene {
  /** By the honest relay, with our provider. */
  readonly alice: Peer
  /** By the one that lies. */
  readonly bob: LiedTo
  readonly liar: Liar
}

/** Whom each of them dials. */
export interface Dialled {
  readonly alice: RelayAddress
  readonly bob: RelayAddress
}

/** How one gets in. */
interface Invited {
  /** Bob's. */
  readonly relay: RelayAddress
  readonly alice: Peer
  readonly access: DocumentAccess
  readonly keys: KeyStore
  readonly room: AppRoom
}

interface Seat extends Invited {
  readonly mode: Mode
  readonly disk: ClosableStorage | null
  readonly liar: Liar
  readonly tell: (report: IntegrityReport) => void
}

type SocketOptions = NonNullable<StockPeerOptions['socket']>

/** Both are there and have what the other has written. */
export async function setScene(
  provider: Provider,
  mode: Mode,
  place: Place,
  dialled: Dialled = { alice: inject('relay'), bob: inject('relay') },
): Promise<Scene> {
  const disk = place === 'disk' ? await (await makeDeviceDisk()).open() : null
  const liar = createLiar((await platformFor(dialled.bob)).WebSocket)
  const invited = await (mode === 'members' ? letIn(dialled) : shareKey(dialled))
  const reports: (IntegrityReport & { readonly at: number })[] = []
  const tell = (report: IntegrityReport): void => void reports.push({ ...report, at: performance.now() })
  const bob = { reports, ...(await JOIN[provider]({ ...invited, mode, disk, liar, tell })) }
  await vi.waitUntil(bob.isSynced, { timeout: 15_000 })
  return { alice: invited.alice, bob, liar }
}

async function shareKey(dialled: Dialled): Promise<Invited> {
  await cryptoReady()
  const room = createAppRoom()
  const access = (): DocumentAccess => sharedKeyDocument(room)
  const alice = await join({ relay: dialled.alice, access: access() })
  await alice.provider.whenSynced()
  return { relay: dialled.bob, alice, access: access(), keys: createMemoryKeyStore(), room }
}

async function letIn(dialled: Dialled): Promise<Invited> {
  const team = await Team.start(dialled.alice)
  const { keys, device } = await createNewcomer()
  await team.alice.add(device, 'writer')
  const { genesisHash } = team.alice.membership
  const access = await joinedMembership({ genesisHash, device, keys })
  return { relay: dialled.bob, alice: team.alice.peer, access, keys, room: createAppRoom() }
}

const JOIN: Readonly<Record<Provider, (seat: Seat) => Promise<Omit<LiedTo, 'reports'>>>> = {
  SealedProvider: async ({ relay, access, keys, disk, liar, tell }) => {
    const kept = disk === null ? {} : { store: disk.documents, outbox: disk.outbox }
    const peer = await join({ relay, access, keys, WebSocket: liar.WebSocket, provider: { ...kept, connect: false } })
    const { provider, text } = peer
    provider.on('integrity', tell)
    provider.connect()
    const { awareness } = provider
    return {
      text,
      isSynced: () => provider.synced,
      unsaved: () => [provider.unsyncedChanges],
      shown: () => awareness.getStates().size,
    }
  },

  'y-websocket': async (seat) => {
    const count = { unsaved: 0 }
    const { provider, text } = await joinStock({ relay: seat.relay, ...seat.room, socket: adapterOptions(seat, count) })
    const { awareness } = provider
    return {
      text,
      isSynced: () => provider.synced,
      unsaved: () => [count.unsaved],
      shown: () => awareness.getStates().size,
    }
  },

  Hocuspocus: async (seat) => {
    const count = { unsaved: 0 }
    const options = adapterOptions(seat, count) as Partial<HocuspocusSocketOptions>
    const { provider, text } = await joinHocuspocus({ relay: seat.relay, ...seat.room, socket: options })
    return {
      text,
      isSynced: () => provider.synced,
      unsaved: () => [count.unsaved, provider.unsyncedChanges],
      shown: () => provider.awareness?.getStates().size ?? 0,
    }
  },
}

/** What both adapters are given. */
function adapterOptions({ mode, access, keys, disk, liar, tell }: Seat, count: { unsaved: number }): SocketOptions {
  return {
    ...(mode === 'members' ? { key: undefined, document: access } : {}),
    storage: disk === null ? { keys } : { keys, documents: disk.documents, outbox: disk.outbox },
    WebSocket: liar.WebSocket,
    onIntegrity: tell,
    onUnsyncedChanges: (unsaved) => void (count.unsaved = unsaved),
  }
}
