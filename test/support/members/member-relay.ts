/**
 * A document with members on a whole relay over TLS, somebody who listens to it, and what must be true after every attack on it.
 *
 * @module
 */
import { bytesToHex, type Envelope, type MemberRole } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { expect } from 'vitest'

import type { Permission } from '../../../server/core/ports.ts'
import { createTestDevice, type RawClient } from '../raw-client.ts'
import { startTestRelay, type TestRelay, type TestRelayOptions } from '../test-relay.ts'
import { MemberDocument } from './member-document.ts'

const ALL: readonly Permission[] = ['read', 'write', 'awareness', 'snapshot', 'members', 'create', 'delete']

export class MemberRelay {
  readonly relay: TestRelay
  readonly document: MemberDocument
  /** The creator's socket. */
  readonly alice: RawClient
  /** An older member, a reader, who only listens. */
  readonly witness: RawClient
  /** What the witness had seen, and where the log ended, at {@link hush}. */
  quiet = { frames: 0, seq: 0 }

  private constructor(relay: TestRelay, document: MemberDocument, alice: RawClient, witness: RawClient) {
    this.relay = relay
    this.document = document
    this.alice = alice
    this.witness = witness
  }

  static async start(options: TestRelayOptions = {}): Promise<MemberRelay> {
    const relay = await startTestRelay(options)
    const document = new MemberDocument()
    const alice = await openAs(relay, document, document.creator)
    alice.send({ type: 'push', envelopes: [document.log.genesis] })
    await alice.nextOf('ack')
    const device = createTestDevice()
    await pushOne(alice, document, document.add(device, 'reader'))
    return new MemberRelay(relay, document, alice, await openAs(relay, document, device, ['read']))
  }

  /** A new member by the creator's hand. */
  async member(role: MemberRole, device: Device = createTestDevice()): Promise<Device> {
    await this.must(this.document.add(device, role))
    return device
  }

  /** A socket of the device that has the document open; each device is a person of its own. */
  async open(device: Device, permissions: readonly Permission[] = ALL): Promise<RawClient> {
    return openAs(this.relay, this.document, device, permissions)
  }

  /** A record that must be stored. */
  async must(envelope: Envelope, client: RawClient = this.alice): Promise<number> {
    return pushOne(client, this.document, envelope)
  }

  /** From here on nothing may be stored and nobody may hear of anything. */
  async hush(): Promise<void> {
    await this.witness.settle()
    this.quiet = { frames: this.witness.frames.length, seq: await this.headSeq() }
  }

  async headSeq(): Promise<number> {
    return (await this.relay.store.status([this.document.id]))[0]?.head.seq ?? 0
  }

  /** Why records were refused, as the log has it. */
  get reasons(): unknown[] {
    return this.relay.log.filter(({ event }) => event === 'record-refused').map(({ fields }) => fields['reason'])
  }
}

/** Nothing was stored or relayed since {@link MemberRelay.hush}, the relay serves others, and its log says why and no more. */
export async function expectUnharmed(scene: MemberRelay): Promise<void> {
  const { relay, document, witness, quiet } = scene
  await witness.settle()
  const news = witness.frames.slice(quiet.frames).filter(({ type }) => type !== 'heartbeat' && type !== 'pong')
  expect(news).toEqual([])
  expect(await scene.headSeq()).toBe(quiet.seq)
  expect(relay.log.filter(({ level }) => level === 'error')).toEqual([])
  expect(JSON.stringify(relay.log)).not.toContain(bytesToHex(document.id))
}

async function openAs(
  relay: TestRelay,
  { id }: MemberDocument,
  device: Device,
  permissions: readonly Permission[] = ALL,
): Promise<RawClient> {
  const token = relay.token(id, device, permissions, { sub: bytesToHex(device.id) })
  const client = await relay.client({ document: id, device, token })
  client.open(id)
  await client.nextOf('opened')
  return client
}

async function pushOne(client: RawClient, document: MemberDocument, envelope: Envelope): Promise<number> {
  client.send({ type: 'push', envelopes: [envelope] })
  const { seq } = await client.nextOf('ack')
  document.stored(envelope, seq)
  return seq
}
