/**
 * A document in `shared-key` mode on the bare core of a relay, some entries in it, and people who take snapshots of it.
 *
 * @module
 */
import type { RelayFrame } from '@y-sealed/protocol'

import type { Head } from '../../server/core/ports.ts'
import { CoreWorld, openCreated, type CorePeer, type CoreWorldOptions } from './core-world.ts'
import { createTestDevice } from './raw-client.ts'
import { createRoomDocument, TestWriter, type TestDocument } from './room-document.ts'
import {
  piecesOf,
  sealAttestation,
  sealPublication,
  sealSnapshot,
  type SnapshotChoices,
  type TestSnapshot,
} from './snapshot-author.ts'

export class SnapshotWorld {
  readonly world: CoreWorld
  readonly document: TestDocument
  readonly alice: CorePeer
  readonly writer: TestWriter

  private constructor(world: CoreWorld, document: TestDocument, alice: CorePeer, writer: TestWriter) {
    this.world = world
    this.document = document
    this.alice = alice
    this.writer = writer
  }

  /** A document with its genesis and so many updates. */
  static async start(updates = 9, options: CoreWorldOptions = {}): Promise<SnapshotWorld> {
    const world = await CoreWorld.start({ ...options, limits: { strikes: 1_000, ...options.limits } })
    const document = createRoomDocument()
    const { peer, writer } = await openCreated(world, document, (device) => new TestWriter(document, device))
    const scene = new SnapshotWorld(world, document, peer, writer)
    await scene.write(updates)
    return scene
  }

  /** Pushes updates of alice's and takes the answers. */
  async write(count: number): Promise<void> {
    for (const { envelope } of this.writer.updates(count)) await this.alice.say({ type: 'push', envelopes: [envelope] })
    this.alice.take()
  }

  /** Somebody else, who has the document open. */
  async other(): Promise<CorePeer> {
    return this.world.opened(this.document.id, undefined, createTestDevice())
  }

  async head(): Promise<Head> {
    const [status] = await this.world.store.status([this.document.id])
    return (status as NonNullable<typeof status>).head
  }

  /** A snapshot of the log up to `seq`, by default up to its end. */
  async seal(peer: CorePeer, choices: SnapshotChoices & { readonly seq?: number } = {}): Promise<TestSnapshot> {
    const head = await this.head()
    const seq = choices.seq ?? head.seq
    const transcript = (await this.world.store.transcriptAt(this.document.id, seq)) ?? head.transcript
    return sealSnapshot(this.document, peer.device, { seq, transcript }, choices)
  }

  /** Uploads all of it; the answers. */
  async upload(peer: CorePeer, snapshot: TestSnapshot, chunkBytes?: number): Promise<RelayFrame[]> {
    const answers: RelayFrame[] = []
    for (const piece of piecesOf(snapshot, chunkBytes)) {
      await peer.say(piece)
      answers.push(...peer.take())
    }
    return answers
  }

  /** Pushes the publication; the answers. */
  async publish(peer: CorePeer, snapshot: TestSnapshot, body = snapshot.body): Promise<RelayFrame[]> {
    await peer.say({ type: 'push', envelopes: [sealPublication(this.document, peer.device, body)] })
    return peer.take()
  }

  async attest(peer: CorePeer, snapshot: TestSnapshot, verdict: 'same' | 'different' = 'same'): Promise<RelayFrame[]> {
    await peer.say({
      type: 'push',
      envelopes: [sealAttestation(this.document, peer.device, snapshot.body, verdict)],
    })
    return peer.take()
  }

  /** A snapshot that is in force. */
  async must(peer: CorePeer, choices: SnapshotChoices & { readonly seq?: number } = {}): Promise<TestSnapshot> {
    const [newest] = await this.world.store.snapshots.published(this.document.id)
    const snapshot = await this.seal(peer, { ...(newest !== undefined && { parentId: newest.id }), ...choices })
    await this.upload(peer, snapshot)
    const answers = await this.publish(peer, snapshot)
    if (!answers.some(({ type }) => type === 'ack')) throw new Error('the snapshot was not published')
    return snapshot
  }

  /** One that is in force and attested by somebody else. */
  async mustAttested(peer: CorePeer, choices: SnapshotChoices & { readonly seq?: number } = {}): Promise<TestSnapshot> {
    const snapshot = await this.must(peer, choices)
    const bob = await this.other()
    const answers = await this.attest(bob, snapshot)
    if (!answers.some(({ type }) => type === 'ack')) throw new Error('the snapshot was not attested')
    bob.leave()
    peer.take()
    return snapshot
  }
}
