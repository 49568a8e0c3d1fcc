/**
 * Large documents at a relay, for rows about what opening them costs it: made of one snapshot, and read by clients that look at no byte of it.
 *
 * @module
 */
import {
  decodeRelayFrame,
  encodeClientFrame,
  extendByMark,
  helloInput,
  MAX_CHUNK_BYTES,
  RELAY_FRAME,
  sodiumSha512,
  SUBPROTOCOL,
  tokenHash,
  toBytes,
  type Bytes,
  type ClientFrame,
  type RelayFrame,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'

import { createRoomDocument, TestWriter, type TestDocument } from '../support/room-document.ts'
import {
  piecesOf,
  sealAttestation,
  sealPublication,
  sealSnapshot,
  type TestSnapshot,
} from '../support/snapshot-author.ts'
import { LeanSocket } from './lean-socket.ts'
import { AUDIENCE, makeBenchToken } from './systems/relay.ts'
import type { Workplace } from './workplace.ts'

/** Rows of a page, as the relay sends them. [FR18] */
const PAGE_BYTES = 4 * MAX_CHUNK_BYTES

/** A socket that has the document open. */
export class PageReader {
  readonly device = new Device(createDeviceSeeds())
  #socket: LeanSocket | null = null
  #waiting: { readonly type: number; readonly resolve: (message: Bytes) => void } | null = null
  /** Called with the size of each piece of a snapshot. */
  onChunk: (bytes: number) => void = () => {}

  static async open(workplace: Workplace, port: number, { id }: TestDocument): Promise<PageReader> {
    const reader = new PageReader()
    const { device } = reader
    const token = makeBenchToken(workplace, id, device.id)
    const welcomed = reader.next(RELAY_FRAME.welcome)
    reader.#socket = await LeanSocket.open({
      port,
      path: '/sync',
      protocols: `${SUBPROTOCOL}, bearer.${token}`,
      secureContext: workplace.secureContext,
      onMessage: (message) => reader.#take(message),
    })
    const welcome = decode(await welcomed)
    if (welcome.type !== 'welcome') throw new Error('expected a welcome')
    const signature = device.sign(helloInput(welcome.nonce, AUDIENCE, tokenHash(sodiumSha512, token)))
    const { signPublic, boxPublic } = device
    reader.say({ type: 'hello', signPublic, boxPublic, audience: AUDIENCE, signature })
    const nothing = new Uint8Array(32)
    const opened = reader.next(RELAY_FRAME.opened)
    reader.say({ type: 'open', document: id, token, cursorSeq: 0, cursorTranscript: nothing, recordHead: nothing })
    await opened
    return reader
  }

  say(frame: ClientFrame): void {
    this.#socket?.send(encodeClientFrame(frame))
  }

  next(type: number): Promise<Bytes> {
    return new Promise((resolve) => (this.#waiting = { type, resolve }))
  }

  async ask(frame: ClientFrame, type: number): Promise<RelayFrame> {
    const answer = this.next(type)
    this.say(frame)
    return decode(await answer)
  }

  /** Reads all of a snapshot, two pages at a time. */
  readSnapshot(document: Bytes, snapshotId: Bytes, total: number): Promise<void> {
    return new Promise((resolve) => {
      let [asked, received] = [0, 0]
      const askMore = (): void => {
        for (; asked < total && asked < received + 2 * PAGE_BYTES; asked += PAGE_BYTES) {
          this.say({ type: 'read-snapshot', document, snapshotId, offset: asked })
        }
      }
      this.onChunk = (bytes) => {
        received += bytes
        if (received >= total) resolve()
        else askMore()
      }
      askMore()
    })
  }

  close(): void {
    this.#socket?.close()
  }

  #take(message: Buffer): void {
    const type = message[0] as number
    if (type === RELAY_FRAME['snapshot-chunk']) this.onChunk(message.length - 61)
    if (type === RELAY_FRAME.nack) throw new Error(`the relay refused: ${JSON.stringify(decode(toBytes(message)))}`)
    if (this.#waiting?.type !== type) return
    const { resolve } = this.#waiting
    this.#waiting = null
    resolve(toBytes(message).slice())
  }
}

function decode(message: Bytes): RelayFrame {
  const frame = decodeRelayFrame(message)
  if (!frame.ok) throw new Error(frame.fault)
  return frame.value
}

/** A document with an attested snapshot of so many bytes, its author and somebody else, who vouched for it. */
export interface LargeDocument {
  readonly document: TestDocument
  readonly snapshot: TestSnapshot
  readonly author: PageReader
  readonly writer: TestWriter
  readonly witness: PageReader
}

/** Makes one at the relay on this port. */
export async function makeLargeDocument(workplace: Workplace, port: number, size: number): Promise<LargeDocument> {
  const document = createRoomDocument()
  const author = await PageReader.open(workplace, port, document)
  const writer = new TestWriter(document, author.device)
  await author.ask({ type: 'push', envelopes: [writer.genesis().envelope] }, RELAY_FRAME.ack)
  const at = { seq: 1, transcript: await headOf(author, document) }
  await author.ask({ type: 'push', envelopes: [writer.update().envelope] }, RELAY_FRAME.ack)
  const snapshot = sealSnapshot(document, author.device, at, { size })
  for (const piece of piecesOf(snapshot)) await author.ask(piece, RELAY_FRAME['snapshot-taken'])
  const publication = sealPublication(document, author.device, snapshot.body)
  await author.ask({ type: 'push', envelopes: [publication] }, RELAY_FRAME.ack)
  const witness = await PageReader.open(workplace, port, document)
  const attestation = sealAttestation(document, witness.device, snapshot.body)
  await witness.ask({ type: 'push', envelopes: [attestation] }, RELAY_FRAME.ack)
  return { document, snapshot, author, writer, witness }
}

async function headOf(reader: PageReader, document: TestDocument): Promise<Bytes> {
  const ids = await reader.ask({ type: 'read-ids', document: document.id, after: 0, through: 1 }, RELAY_FRAME.ids)
  if (ids.type !== 'ids') throw new Error('expected marks')
  return extendByMark(sodiumSha512, document.start.transcript, ids.ids)
}
