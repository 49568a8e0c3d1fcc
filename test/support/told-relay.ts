/** A document on a connection whose relay is the test itself: it says what the relay says, and sees what it is sent. */
import { RelayConnection, type ChannelPort, type Socket } from '@y-sealed/client'
import {
  cryptoReady,
  decodeClientFrame,
  encodeRelayFrame,
  toBytes,
  zeroHead,
  type ClientFrame,
  type RelayFrame,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { onTestFinished } from 'vitest'

await cryptoReady()

const DOCUMENT = new Uint8Array(16).fill(7)

/** The far end is the test. */
export class ToldSocket implements Socket {
  binaryType = 'arraybuffer'
  readonly readyState = 1
  readonly bufferedAmount = 0
  onopen: Socket['onopen'] = null
  onclose: Socket['onclose'] = null
  onerror: Socket['onerror'] = null
  onmessage: Socket['onmessage'] = null
  readonly sent: ClientFrame[] = []

  send(data: Uint8Array<ArrayBuffer>): void {
    const frame = decodeClientFrame(toBytes(data))
    if (frame.ok) this.sent.push(frame.value)
  }

  close(): void {}

  say(frame: RelayFrame): void {
    this.onmessage?.({ data: encodeRelayFrame(frame).buffer })
  }
}

/** Lets what is asynchronous without waiting for anything be done. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

/** Opened, with everything that the far end has been sent until then. */
export async function openOnToldRelay(
  token: () => Promise<string>,
): Promise<{ socket: ToldSocket; port: ChannelPort }> {
  const sockets: ToldSocket[] = []
  class Dialled extends ToldSocket {
    constructor() {
      super()
      sockets.push(this)
    }
  }
  const connection = new RelayConnection({
    url: 'wss://relay.example',
    device: new Device(createDeviceSeeds()),
    token,
    WebSocket: Dialled,
  })
  onTestFinished(() => connection.destroy())
  const port = connection.attach({
    documentId: DOCUMENT,
    token: undefined,
    cursor: () => ({ seq: 0, transcript: new Uint8Array(32), recordHead: new Uint8Array(32) }),
    receive: () => undefined,
    dialling: () => undefined,
    down: () => undefined,
  })
  await settle()
  const socket = sockets[0]!
  const limits = { heartbeatMs: 1_000_000, maxDocuments: 16, maxPushes: 64, pageBytes: 262_144 }
  socket.say({
    type: 'welcome',
    nonce: new Uint8Array(32),
    headKey: new Uint8Array(32),
    headKeyStatements: [],
    timeMs: Date.now(),
    ...limits,
  })
  await settle()
  socket.say({
    type: 'opened',
    document: DOCUMENT,
    present: false,
    head: zeroHead(),
    role: 'none',
    permissions: 1,
    expiresAtMs: Date.now() + 300_000,
    oldestSeq: 0,
    snapshotId: new Uint8Array(32),
    snapshotSeq: 0,
    snapshotBytes: 0,
    through: 0,
  })
  return { socket, port }
}
