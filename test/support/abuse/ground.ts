/**
 * Where one abuser stands: the relay that it is let loose on, the network that it comes from, the name that its tokens bear, and the tally
 * of how it was refused.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'

import { issueToken } from '../../../server/auth/issue-token.ts'
import type { Permission } from '../../../server/core/ports.ts'
import { keysFolderOf, loadIssuerKey } from '../../../server/ops/signing-key.ts'
import { createRoomDocument, TestWriter, type TestDocument } from '../room-document.ts'
import { AttackSocket } from './attack-socket.ts'

const RIGHTS: readonly Permission[] = ['read', 'write', 'awareness', 'create']

/** The relay under attack. */
export interface Target {
  readonly url: string
  /** PEM of its authority. */
  readonly ca: string
  /** Its folder: abusers have accounts like anybody, so their tokens are good. */
  readonly data: string
}

/** How often each outcome was met: `4529`, `NACK RATE`, `HTTP 429`, `cut off`. */
export type Tally = Record<string, number>

export class Ground {
  readonly target: Target
  readonly device: Device
  /** Own address on loopback: each abuser is a network of its own. */
  readonly localAddress: string
  readonly tally: Tally = {}
  readonly #subject: string

  constructor(target: Target, subject: string, localAddress: string, device: Device) {
    this.target = target
    this.device = device
    this.localAddress = localAddress
    this.#subject = subject
  }

  note(outcome: string): void {
    this.tally[outcome] = (this.tally[outcome] ?? 0) + 1
  }

  /** A good token of this abuser. */
  token(document: Bytes): string {
    const { url, data } = this.target
    return issueToken(loadIssuerKey(keysFolderOf(data)), Date.now(), {
      document,
      device: this.device.id,
      permissions: RIGHTS,
      audience: url,
      subject: this.#subject,
    }).token
  }

  /** A socket that has said HELLO; `null` when it was not let in. */
  async enter(document: Bytes): Promise<AttackSocket | null> {
    const socket = await AttackSocket.open(this, this.token(document))
    return socket !== null && (await socket.hello()) ? socket : null
  }

  /** The same with the document open. */
  async enterDocument(document: Bytes): Promise<AttackSocket | null> {
    const socket = await this.enter(document)
    return socket !== null && (await socket.openDocument(document)) ? socket : null
  }

  /** A document of this abuser's own that holds `updates` updates of `bytes` bytes. */
  async createDocument(updates = 0, bytes = 0): Promise<TestDocument> {
    const document = createRoomDocument()
    const writer = new TestWriter(document, this.device)
    const socket = await this.enterDocument(document.id)
    if (socket === null) throw new Error('an abuser was refused before it did any harm')
    const envelopes = [writer.genesis(), ...Array.from({ length: updates }, () => writer.update(new Uint8Array(bytes)))]
    for (const { envelope } of envelopes) {
      socket.send({ type: 'push', envelopes: [envelope] })
      await socket.nextOf('ack')
    }
    socket.terminate()
    return document
  }
}
