/**
 * A relay that has fallen back: a document whose whole log stands on one bare core, and as much of it as its backup held on another with the
 * same head key.
 *
 * @module
 */
import { readWholeEnvelope, type Bytes, type Envelope, type RelayFrame, type SignedHead } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'

import type { HeadKey, Store } from '../../../server/core/ports.ts'
import { signHead } from '../../../server/core/signed-head.ts'
import { createMemoryStore } from '../../../server/store/memory.ts'
import { ALL, CoreWorld, type CorePeer } from '../core-world.ts'
import { MemberWorld } from './member-world.ts'

/** What stood on the relay before it fell. */
export interface LostLog {
  readonly entries: readonly Envelope[]
  readonly marks: readonly Bytes[]
  /** The relay's word on its seq; any of the log. */
  headAt(seq: number): Promise<SignedHead>
}

/** Everything that a store holds of a document. */
export async function readLog(store: Store, id: Bytes, headKey: HeadKey): Promise<LostLog> {
  const entries = (await store.read(id, 0, { entries: 10_000, bytes: 1 << 30 })).map(
    ({ envelope }) => readWholeEnvelope(envelope) as Envelope,
  )
  const marks = await store.readMarks(id, 0, entries.length)
  return {
    entries,
    marks,
    headAt: async (seq) => signHead(headKey, id, { seq, transcript: (await store.transcriptAt(id, seq)) as Bytes }),
  }
}

export interface FallenOptions {
  /** Entries that the backup held. */
  readonly held: number
  /** Who writes in the scene besides the creator. */
  readonly devices?: readonly Device[]
  /** Of the relay that has fallen; in memory where it is not given. */
  readonly store?: Store
}

/** A relay with the log up to `held`, and what its head key has signed beyond it. */
export class FallenWorld {
  readonly world: CoreWorld
  readonly before: MemberWorld
  readonly log: LostLog
  readonly #devices: readonly Device[]

  private constructor(world: CoreWorld, before: MemberWorld, log: LostLog, devices: readonly Device[]) {
    this.world = world
    this.before = before
    this.log = log
    this.#devices = [before.document.creator, ...devices]
  }

  /** `live` fills the document while nothing is lost yet. */
  static async start(
    live: (before: MemberWorld) => Promise<void>,
    { held, devices = [], store = createMemoryStore() }: FallenOptions,
  ): Promise<FallenWorld> {
    const before = await MemberWorld.start()
    await live(before)
    const { headKey } = before.world
    const log = await readLog(before.world.store, before.document.id, headKey)
    const world = await CoreWorld.start({ headKey, store, limits: { strikes: 20 } })
    const fallen = new FallenWorld(world, before, log, devices)
    if (held > 0) await fallen.#fill(held)
    return fallen
  }

  get id(): Bytes {
    return this.before.document.id
  }

  async #fill(held: number): Promise<void> {
    for (let at = 0; at < held; at++) {
      const envelope = this.log.entries[at] as Envelope
      const peer = await this.world.opened(this.id, ALL, this.#deviceOf(envelope))
      await peer.say({ type: 'push', envelopes: [envelope] })
      const [answer] = peer.take()
      if (answer?.type !== 'ack' || answer.seq !== at + 1) throw new Error(`entry ${at + 1} was not stored`)
      peer.leave()
    }
  }

  #deviceOf({ device }: Envelope): Device {
    const known = this.#devices.find(({ id }) => String(id) === String(device))
    if (known === undefined) throw new Error('an entry of a device that the scene does not name')
    return known
  }

  /** A socket of a device that has the document open; what OPEN brought is taken. */
  socket(device: Device = this.before.document.creator): Promise<CorePeer> {
    return this.world.opened(this.id, ALL, device)
  }

  async headSeq(): Promise<number> {
    return (await this.world.store.status([this.id]))[0]?.head.seq ?? 0
  }

  /** SHOW_HEAD of the log's head at a seq. */
  async show(peer: CorePeer, seq: number = this.log.entries.length): Promise<readonly RelayFrame[]> {
    const head = await this.log.headAt(seq)
    await peer.say({ type: 'show-head', genesisHash: this.before.document.log.hash, head })
    return peer.take()
  }

  /** SHOW_IDS of the entries after one seq and up to another. */
  async showIds(
    peer: CorePeer,
    after: number,
    through: number = this.log.entries.length,
  ): Promise<readonly RelayFrame[]> {
    const ids = Buffer.concat(this.log.marks.slice(after, through))
    await peer.say({ type: 'show-ids', document: this.id, seq: after + 1, ids: new Uint8Array(ids) })
    return peer.take()
  }

  async restore(
    peer: CorePeer,
    after: number,
    through: number = this.log.entries.length,
  ): Promise<readonly RelayFrame[]> {
    await peer.say({ type: 'restore', seq: after + 1, envelopes: this.log.entries.slice(after, through) })
    return peer.take()
  }

  /** Are the first `count` entries the very bytes that they were? */
  async holds(count: number): Promise<boolean> {
    const now = await readLog(this.world.store, this.id, this.world.headKey)
    const isSame = (one: Envelope, i: number): boolean => String(one.bytes) === String(this.log.entries[i]?.bytes)
    return now.entries.length >= count && now.entries.slice(0, count).every(isSame)
  }
}
