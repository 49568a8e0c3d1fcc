/**
 * People who share a document in `members` mode, each at devices of their own, over a real relay. They are let in by their certificates;
 * what each of them was told is kept. The same under Node and in Chromium.
 *
 * @module
 */
import {
  createMembership,
  createMemoryKeyStore,
  joinedMembership,
  loadDevice,
  openMembership,
  type DownReason,
  type IntegrityReport,
  type KeyStore,
  type Membership,
  type MemberRecord,
  RelayConnection,
  SealedProvider,
  type SealedProviderOptions,
  type SendProblem,
  type SocketConstructor,
} from '@y-sealed/client'
import { cryptoReady, type MemberRole } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { giveKeyAgain, rotateKey } from '../../../client/members/intents/change-key.ts'
import { changeRole } from '../../../client/members/intents/change-role.ts'
import { addMember, addOwnDevice } from '../../../client/members/intents/let-in.ts'
import { leaveDocument, removeMember, removeOwnDevice } from '../../../client/members/intents/remove-devices.ts'
import type { Intent } from '../../../client/members/record-tools.ts'
import { join, Peer, type RelayAddress } from '../peer.ts'

/** What is not saved by then on the busiest machine waits for something that does not come. */
const LATE_MS = 90_000

/** One device in one document. */
export class Teammate {
  readonly peer: Peer
  readonly keys: KeyStore
  readonly membership: Membership
  readonly reports: IntegrityReport[] = []
  readonly closings: DownReason[] = []
  readonly problems: SendProblem[] = []

  constructor(peer: Peer, keys: KeyStore, membership: Membership) {
    this.peer = peer
    this.keys = keys
    this.membership = membership
    peer.provider.on('integrity', (report) => this.reports.push(report))
    peer.provider.on('closed', (reason) => this.closings.push(reason))
    peer.provider.on('problem', (problem) => this.problems.push(problem))
  }

  get device(): Device {
    return this.peer.device
  }

  get text(): string {
    return this.peer.text.toJSON()
  }

  get epoch(): number {
    return this.membership.members.epoch.epoch
  }

  /** Types at the end. */
  type(line: string): void {
    this.peer.text.insert(this.peer.text.length, line)
  }

  /** Types, and waits until it is saved. */
  async write(line: string): Promise<void> {
    this.type(line)
    const late = new Promise<never>((_, reject) => {
      const { closings, reports, problems, peer } = this
      const timer = setTimeout(() => {
        const seen = { line, status: peer.provider.syncStatus, closings, reports, problems }
        reject(
          new Error(`not saved: ${JSON.stringify(seen, (key, value: unknown) => (key === 'proof' ? '…' : value))}`),
        )
      }, LATE_MS)
      onTestFinished(() => clearTimeout(timer))
      void peer.provider.whenSaved().then(() => clearTimeout(timer))
    })
    await Promise.race([this.peer.provider.flush(), late])
  }

  change(intent: Intent): Promise<MemberRecord | null> {
    return this.peer.provider.changeMembers(intent)
  }

  add(device: Device, role: MemberRole, name = ''): Promise<MemberRecord | null> {
    return this.change(addMember(device.certificate(), role, name))
  }

  sponsor(device: Device): Promise<MemberRecord | null> {
    return this.change(addOwnDevice(device.certificate(), ''))
  }

  /** The member to whom that device belongs. */
  setRole(of: Teammate, role: MemberRole): Promise<MemberRecord | null> {
    return this.change(changeRole(of.device.id, role))
  }

  remove(whom: Teammate): Promise<MemberRecord | null> {
    return this.change(removeMember(whom.device.id))
  }

  removeDevice(device: Device): Promise<MemberRecord | null> {
    return this.change(removeOwnDevice(device.id))
  }

  rotate(): Promise<MemberRecord | null> {
    return this.change(rotateKey())
  }

  leave(): Promise<MemberRecord | null> {
    return this.change(leaveDocument())
  }

  rewrap(epoch: number, ...holders: readonly Device[]): Promise<MemberRecord | null> {
    return this.change(
      giveKeyAgain(
        epoch,
        holders.map(({ id }) => id),
      ),
    )
  }

  goOffline(): void {
    this.peer.provider.disconnect()
  }

  async comeBack(): Promise<void> {
    this.peer.provider.connect()
    await this.peer.provider.whenSynced()
  }

  /** Waits until the text here is that. */
  async reads(text: string): Promise<void> {
    await until(
      () => this.text === text,
      () => `not read: ${JSON.stringify([text, this.text])}`,
    )
  }
}

/** A real relay, or sockets of one that is none. */
export type Way = RelayAddress | SocketConstructor

export interface JoinOptions {
  readonly doc?: Y.Doc
  readonly provider?: Partial<SealedProviderOptions>
  /** The relay that this person dials, where it is another one. */
  readonly relay?: Way
  /** By these sockets, where the relay has an address. */
  readonly WebSocket?: SocketConstructor
}

/** A person's keys, before they have anything to do with the document. */
export async function createNewcomer(): Promise<{ readonly keys: KeyStore; readonly device: Device }> {
  await cryptoReady()
  const keys = createMemoryKeyStore()
  return { keys, device: await loadDevice(keys) }
}

export class Team {
  readonly relay: Way
  /** Who made the document, an admin. */
  readonly alice: Teammate

  private constructor(relay: Way, alice: Teammate) {
    this.relay = relay
    this.alice = alice
  }

  /** A fresh document, Alice's. */
  static async start(relay: Way, options: JoinOptions = {}): Promise<Team> {
    return Team.prepare(relay, () => undefined, options)
  }

  /** {@link start}; `onMade` is told of the document before anything is sent. */
  static async prepare(relay: Way, onMade: (membership: Membership) => void, options: JoinOptions = {}): Promise<Team> {
    const { keys, device } = await createNewcomer()
    const membership = await createMembership(device, keys)
    onMade(membership)
    const alice = await arrive(options.relay ?? relay, keys, membership, options)
    await alice.peer.provider.whenSynced()
    await until(() => membership.recordSeq === 1)
    return new Team(relay, alice)
  }

  /** Somebody new, let in by `by` (Alice unless said) and reading already. */
  async invite(role: MemberRole, by: Teammate = this.alice, options: JoinOptions = {}): Promise<Teammate> {
    const newcomer = await createNewcomer()
    await by.add(newcomer.device, role)
    return this.join(newcomer.keys, options)
  }

  /** A further device of somebody. */
  async pair(of: Teammate, options: JoinOptions = {}): Promise<Teammate> {
    const newcomer = await createNewcomer()
    await of.sponsor(newcomer.device)
    return this.join(newcomer.keys, options)
  }

  /** A device that was let in before, with nothing but its keys and the document's name. */
  async join(keys: KeyStore, options: JoinOptions = {}): Promise<Teammate> {
    const device = await loadDevice(keys)
    const { genesisHash } = this.alice.membership
    const teammate = await arrive(
      options.relay ?? this.relay,
      keys,
      await joinedMembership({ genesisHash, device, keys }),
      options,
    )
    if (options.provider?.connect !== false) await teammate.peer.provider.whenSynced()
    return teammate
  }

  /** The same device in another run, from what its KeyStore has. */
  async restart(whom: Teammate, options: JoinOptions = {}): Promise<Teammate> {
    whom.peer.close()
    const { documentId, device } = whom.membership
    const membership = await openMembership(documentId, whom.keys, device)
    return arrive(options.relay ?? this.relay, whom.keys, membership, options)
  }
}

async function arrive(
  relay: Way,
  keys: KeyStore,
  access: Membership,
  { doc, provider, WebSocket }: JoinOptions,
): Promise<Teammate> {
  const options = { ...provider, connect: false }
  const peer =
    typeof relay === 'function'
      ? await joinBy(relay, keys, access, { ...options, doc: doc ?? new Y.Doc() })
      : await join({
          relay,
          access,
          keys,
          provider: options,
          ...(doc !== undefined && { doc }),
          ...(WebSocket !== undefined && { WebSocket }),
        })
  peer.provider.awareness.setLocalState(null)
  const teammate = new Teammate(peer, keys, access)
  if (provider?.connect !== false) peer.provider.connect()
  return teammate
}

/** By sockets that lead to no relay that would ask for a token. */
async function joinBy(
  WebSocket: SocketConstructor,
  keys: KeyStore,
  access: Membership,
  options: Omit<SealedProviderOptions, 'connection' | 'access'>,
): Promise<Peer> {
  const device = await loadDevice(keys)
  const token = (): Promise<string> => Promise.resolve('a.b.c')
  const connection = new RelayConnection({ url: 'wss://relay.example', device, token, WebSocket })
  const peer = new Peer(device, connection, new SealedProvider({ ...options, connection, access }))
  onTestFinished(() => peer.close())
  return peer
}

/** Waits until all of them show one text, one member list and one epoch, and gives the text. */
export async function converge(...people: readonly Teammate[]): Promise<string> {
  const [first, ...others] = people as readonly [Teammate, ...Teammate[]]
  const stands = (): readonly string[] => [first, ...others].map((each) => JSON.stringify(standOf(each)))
  await until(
    () => new Set(stands()).size === 1,
    () => `not converged:\n${stands().join('\n')}`,
  )
  return first.text
}

/** Waits until it is so. */
export function until(isSo: () => boolean, complaint: () => string = () => 'not so'): Promise<void> {
  const check = (): void => {
    if (!isSo()) throw new Error(complaint())
  }
  return vi.waitFor(check, { timeout: 15_000, interval: 20 })
}

/** What everybody must agree on. */
export function standOf({ membership, text, peer }: Teammate): unknown {
  const { members } = membership
  return {
    text,
    recordSeq: membership.recordSeq,
    recordHead: String(membership.recordHead),
    epoch: members.epoch.epoch,
    members: members.all.map(({ id, role, devices }) => [String(id), role, ...devices.map((each) => String(each.id))]),
    seq: peer.provider.head.seq,
    transcript: String(peer.provider.head.transcript),
  }
}
