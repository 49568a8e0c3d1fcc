/**
 * P9: a crowd opens one large document at once, each reading its snapshot to the end, while somebody goes on typing in it. The measures are
 * the size of the document, and the same typing without the crowd.
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

import { createRoomDocument, TestWriter, type TestDocument } from '../../support/room-document.ts'
import { piecesOf, sealAttestation, sealPublication, sealSnapshot } from '../../support/snapshot-author.ts'
import { compareRow, type BenchRow } from '../bench-row.ts'
import { sleep } from '../figures.ts'
import { LeanSocket } from '../lean-socket.ts'
import { readMemoryBytes } from '../process-cost.ts'
import { AUDIENCE, makeBenchToken, startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'

const MIB = 1 << 20
/** Rows of a page, as the relay sends them. [FR18] */
const PAGE_BYTES = 4 * MAX_CHUNK_BYTES
/** A typist's rhythm, ten times as fast as fingers go. */
const KEY_MS = 10

/** A socket that has the document open. */
class Reader {
  readonly device = new Device(createDeviceSeeds())
  #socket: LeanSocket | null = null
  #waiting: { readonly type: number; readonly resolve: (message: Bytes) => void } | null = null
  /** Called with the size of each piece of a snapshot. */
  onChunk: (bytes: number) => void = () => {}

  static async open(workplace: Workplace, port: number, { id }: TestDocument): Promise<Reader> {
    const reader = new Reader()
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

/** P9. */
export async function benchJoinStorm({
  quick,
  workplace,
}: {
  readonly quick: boolean
  readonly workplace: Workplace
}): Promise<BenchRow[]> {
  const [crowd, size] = quick ? [40, 4 * MIB] : [150, 20 * MIB]
  const relay = await startRelayProcess(workplace, workplace.folder('join-storm'))
  const document = createRoomDocument()
  const author = await Reader.open(workplace, relay.port, document)
  const writer = new TestWriter(document, author.device)
  await author.ask({ type: 'push', envelopes: [writer.genesis().envelope] }, RELAY_FRAME.ack)
  const type = async (): Promise<number> => {
    const beganAtMs = performance.now()
    await author.ask({ type: 'push', envelopes: [writer.update().envelope] }, RELAY_FRAME.ack)
    return performance.now() - beganAtMs
  }
  const at = { seq: 1, transcript: await headOf(author, document) }
  await type()
  const snapshot = sealSnapshot(document, author.device, at, { size })
  for (const piece of piecesOf(snapshot)) await author.ask(piece, RELAY_FRAME['snapshot-taken'])
  const publication = sealPublication(document, author.device, snapshot.body)
  await author.ask({ type: 'push', envelopes: [publication] }, RELAY_FRAME.ack)
  const witness = await Reader.open(workplace, relay.port, document)
  const attestation = sealAttestation(document, witness.device, snapshot.body)
  await witness.ask({ type: 'push', envelopes: [attestation] }, RELAY_FRAME.ack)

  // What the crowd's sockets cost by themselves is P4's matter: here they are open before.
  const readers = await Promise.all(Array.from({ length: crowd }, () => Reader.open(workplace, relay.port, document)))
  await sleep(500)
  const { length: bytes } = snapshot.envelope.bytes
  // The code of reading, and the first buffers, are in memory before.
  await witness.readSnapshot(document.id, snapshot.id, bytes)
  const alone = await typeUntil(type, sleep(quick ? 1_000 : 3_000))
  const restedBytes = readMemoryBytes(relay.pid)
  let largest = restedBytes
  const watch = setInterval(() => (largest = Math.max(largest, readMemoryBytes(relay.pid))), 20)
  const beganAtMs = performance.now()
  const joined = Promise.all(readers.map((reader) => reader.readSnapshot(document.id, snapshot.id, bytes)))
  const beside = await typeUntil(type, joined)
  const tookMs = performance.now() - beganAtMs
  clearInterval(watch)
  for (const reader of [...readers, witness, author]) reader.close()
  await relay.stop()
  const title = `${crowd} open ${Math.round(size / MIB)} MiB at once`
  return [
    compareRow('P9', `${title}: relay memory`, 'MiB', (largest - restedBytes) / MIB, 'the document', bytes / MIB),
    compareRow('P9', `${title}: typing p50`, 'ms', percentile(beside, 0.5), 'alone', percentile(alone, 0.5)),
    compareRow('P9', `${title}: typing p99`, 'ms', percentile(beside, 0.99), 'alone', percentile(alone, 0.99)),
    { row: 'P9', name: `${title}: until all have it`, value: tookMs / 1000, unit: 's' },
    { row: 'P9', name: `${title}: sent`, value: (crowd * bytes) / MIB / (tookMs / 1000), unit: 'MiB/s' },
  ]
}

async function headOf(reader: Reader, document: TestDocument): Promise<Bytes> {
  const ids = await reader.ask({ type: 'read-ids', document: document.id, after: 0, through: 1 }, RELAY_FRAME.ids)
  if (ids.type !== 'ids') throw new Error('expected marks')
  return extendByMark(sodiumSha512, document.start.transcript, ids.ids)
}

async function typeUntil(type: () => Promise<number>, end: Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  const ended = end.then(() => true)
  do {
    times.push(await type())
  } while (!(await Promise.race([ended, sleep(KEY_MS).then(() => false)])))
  return times.toSorted((a, b) => a - b)
}

function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN
}
