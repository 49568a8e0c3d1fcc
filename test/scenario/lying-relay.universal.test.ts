/**
 * Every lie of the catalogue, told to every kind of client: in memory and on disk (files under Node, IndexedDB in Chromium), with a shared key
 * and with members. What was never written is never shown, nothing typed is lost, and after the first honest opening all is well, or the
 * client is done with this relay. Rules CL30, LO3, LO4, LO6, EN13, CL6.
 */
import {
  createMemoryKeyStore,
  joinedMembership,
  type DocumentAccess,
  type DocumentStore,
  type IntegrityReport,
  type KeyStore,
} from '@y-sealed/client'
import { describe, expect, inject, it, vi } from 'vitest'

import { makeDeviceDisk } from '../support/device-storage.ts'
import { createLiar, type Liar } from '../support/lying-socket.ts'
import { createNewcomer, Team } from '../support/members/team.ts'
import { createRoom, join, platformFor, type Peer } from '../support/peer.ts'
import { TRICKS, type Trick } from '../support/tricks.ts'

const relay = inject('relay')
const PATIENCE = { timeout: 15_000 }

interface Scene {
  readonly alice: Peer
  /** By the relay that lies. */
  readonly bob: Peer
  readonly reports: IntegrityReport[]
  readonly liar: Liar
}

async function setScene(mode: 'shared-key' | 'members', storage: 'memory' | 'disk'): Promise<Scene> {
  const disk = storage === 'disk' ? await (await makeDeviceDisk()).open() : null
  const liar = createLiar((await platformFor(relay)).WebSocket)
  const { alice, access, keys } = await (mode === 'members' ? letIn() : shareKey())
  const store: { store?: DocumentStore } = disk === null ? {} : { store: disk.documents }
  const bob = await join({ relay, access, keys, WebSocket: liar.WebSocket, provider: { ...store, connect: false } })
  const reports: IntegrityReport[] = []
  bob.provider.on('integrity', (report) => reports.push(report))
  bob.provider.connect()
  await bob.provider.whenSynced()
  await write(alice, 'before. ')
  await write(bob, 'his. ')
  await vi.waitFor(() => expect(bob.text.toJSON()).toBe(alice.text.toJSON()), PATIENCE)
  return { alice, bob, reports, liar }
}

interface Invited {
  readonly alice: Peer
  readonly access: DocumentAccess
  readonly keys: KeyStore
}

async function shareKey(): Promise<Invited> {
  const room = await createRoom()
  const alice = await join({ relay, access: room() })
  await alice.provider.whenSynced()
  return { alice, access: room(), keys: createMemoryKeyStore() }
}

async function letIn(): Promise<Invited> {
  const team = await Team.start(relay)
  const { keys, device } = await createNewcomer()
  await team.alice.add(device, 'writer')
  const { genesisHash } = team.alice.membership
  return { alice: team.alice.peer, access: await joinedMembership({ genesisHash, device, keys }), keys }
}

async function write({ text, provider }: Peer, line: string): Promise<void> {
  text.insert(text.length, line)
  await provider.whenSaved()
}

const LINES = ['before. ', 'his. ', 'one. ', 'two. ', 'three. ', 'typed meanwhile. ']

/** What is left of a text without the lines that somebody wrote. */
function inventedIn({ text }: Peer): string {
  return LINES.reduce((rest, line) => rest.replace(line, ''), text.toJSON())
}

/** How it went. */
interface Account {
  /** What was shown that nobody wrote, while the lie went on and at the end. */
  readonly invented: readonly string[]
  /** While it went on everything came through, and nobody had to be told. */
  readonly isUnharmed: boolean
  /** The app was told what the catalogue says. */
  readonly isTold: boolean
  /** At the end: it has everything and everybody has what was typed, or it is done with this relay and keeps what it has. */
  readonly end: 'well' | 'stopped' | 'neither'
}

async function play(trick: Trick, { alice, bob, liar, reports }: Scene): Promise<Account> {
  liar.lie = trick.lie()
  if (trick.isAtOpening === true) liar.cut()
  for (const line of ['one. ', 'two. ', 'three. ']) await write(alice, line)
  bob.text.insert(bob.text.length, 'typed meanwhile. ')
  const isUnharmed = trick.isHarmless !== true || (await comesTrue(() => hasAll(bob) && isSaved(bob)))
  // What comes late was held back for a while, and is asked for.
  const isQuiet = trick.isHarmless !== true || reports.every(({ code }) => code === 'WITHHELD')
  if (trick.isHarmless !== true) await new Promise((resolve) => setTimeout(resolve, 400))
  const during = inventedIn(bob)
  const isStopped = (): boolean => reports.some(({ fatal }) => fatal)
  if (trick.stops === true) await comesTrue(isStopped)
  liar.lie = null
  liar.cut()
  const isWell = (): boolean => !isStopped() && isSaved(bob) && hasAll(bob) && bob.text.toJSON() === alice.text.toJSON()
  const end = (await comesTrue(() => isWell() || isStopped())) && isWell() ? 'well' : stoppedEnd(bob, isStopped())
  const isTold = trick.tells.length === 0 || reports.some(({ code }) => trick.tells.includes(code))
  return { invented: [during, inventedIn(bob)], isUnharmed: isUnharmed && isQuiet, isTold, end }
}

function stoppedEnd({ text, provider }: Peer, isStopped: boolean): 'stopped' | 'neither' {
  const keeps = text.toJSON().includes('his. ') && text.toJSON().includes('typed meanwhile. ')
  return isStopped && keeps && !provider.synced && provider.unsyncedChanges === 1 ? 'stopped' : 'neither'
}

function hasAll({ text }: Peer): boolean {
  return LINES.every((line) => text.toJSON().includes(line))
}

function isSaved({ provider }: Peer): boolean {
  return provider.synced && provider.unsyncedChanges === 0
}

async function comesTrue(isSo: () => boolean): Promise<boolean> {
  try {
    await vi.waitUntil(isSo, PATIENCE)
    return true
  } catch {
    return false
  }
}

describe.each([
  ['shared-key', 'memory'],
  ['shared-key', 'disk'],
  ['members', 'memory'],
  ['members', 'disk'],
] as const)('a client with %s, its log %s', (mode, storage) => {
  it.each(TRICKS.map((trick) => [trick.row, trick.name, trick] as const))(
    '[%s] a relay that %s',
    { timeout: 60_000 },
    async (_row, _name, trick) => {
      const account = await play(trick, await setScene(mode, storage))
      const end = trick.stops === true ? 'stopped' : 'well'
      expect(account).toEqual({ invented: ['', ''], isUnharmed: true, isTold: true, end })
    },
  )
})
