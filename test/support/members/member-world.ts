/**
 * A document with members on the bare core of a relay: records go in by the socket of whoever signs them, and what was stored is taken
 * note of.
 *
 * @module
 */
import type { Envelope, MemberRole, RelayFrame } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'

import type { Permission } from '../../../server/core/ports.ts'
import { ALL, CoreWorld, type CorePeer, type CoreWorldOptions } from '../core-world.ts'
import { createTestDevice } from '../raw-client.ts'
import { MemberDocument } from './member-document.ts'

export class MemberWorld {
  readonly world: CoreWorld
  readonly document: MemberDocument
  /** The creator's socket. */
  readonly alice: CorePeer

  private constructor(world: CoreWorld, document: MemberDocument, alice: CorePeer) {
    this.world = world
    this.document = document
    this.alice = alice
  }

  static async start(options: CoreWorldOptions = {}): Promise<MemberWorld> {
    const world = await CoreWorld.start(options)
    const document = new MemberDocument()
    const alice = await world.opened(document.id, ALL, document.creator)
    await alice.say({ type: 'push', envelopes: [document.log.genesis] })
    if (alice.take()[0]?.type !== 'ack') throw new Error('the genesis was not stored')
    return new MemberWorld(world, document, alice)
  }

  /** Pushes one record and gives everything that came back; what was stored counts from here on. */
  async push(envelope: Envelope, peer: CorePeer = this.alice): Promise<readonly RelayFrame[]> {
    await peer.say({ type: 'push', envelopes: [envelope] })
    const ack = peer.all('ack').find(({ session }) => String(session) === String(envelope.session))
    if (ack !== undefined) this.document.stored(envelope, ack.seq)
    return peer.take()
  }

  /** {@link push} for what must be stored. */
  async must(envelope: Envelope, peer?: CorePeer): Promise<void> {
    const answers = await this.push(envelope, peer)
    if (!answers.some(({ type }) => type === 'ack')) throw new Error(`not stored: ${namesOf(answers).join()}`)
  }

  /** A new member. */
  async member(role: MemberRole, device: Device = createTestDevice()): Promise<Device> {
    await this.must(this.document.add(device, role))
    return device
  }

  /** A socket that has the document open. */
  async socket(device: Device, permissions: readonly Permission[] = ALL): Promise<CorePeer> {
    return this.world.opened(this.document.id, permissions, device)
  }

  /** Where the log ends. */
  async headSeq(): Promise<number> {
    return (await this.world.store.status([this.document.id]))[0]?.head.seq ?? 0
  }
}

/** Frames by name, with what matters of them. */
export function namesOf(frames: readonly RelayFrame[]): string[] {
  return frames.map((frame) => {
    switch (frame.type) {
      case 'nack':
      case 'closed':
        return `${frame.type} ${frame.code}`
      case 'entries':
        return `entries ${frame.seq}`
      case 'refreshed':
      case 'opened':
        return `${frame.type} ${frame.role}`
      case 'records':
        return `records ${frame.records.length}`
      default:
        return frame.type
    }
  })
}
