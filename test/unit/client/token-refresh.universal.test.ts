/** A new token in the middle of a grant: asked for when the device's role has changed, and again where it was not to be had. */
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
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'

import { TokenDeniedError } from '../../../client/token/issuer-token.ts'

await cryptoReady()

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const DOCUMENT = new Uint8Array(16).fill(7)

/** The far end is the test. */
class FakeSocket implements Socket {
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

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

async function openDocument(token: () => Promise<string>): Promise<{ socket: FakeSocket; port: ChannelPort }> {
  const sockets: FakeSocket[] = []
  class Dialled extends FakeSocket {
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

const refreshes = ({ sent }: FakeSocket): string[] =>
  sent.flatMap((frame) => (frame.type === 'refresh' ? [frame.token] : []))

it('[AU7] [AU13] is asked for and handed over at once', async () => {
  let count = 0
  const { socket, port } = await openDocument(() => Promise.resolve(`token-${(count += 1)}`))
  expect(socket.sent.map(({ type }) => type)).toEqual(['hello', 'open'])
  port.refresh()
  await settle()
  expect(refreshes(socket)).toEqual(['token-2'])
})

it('[AU7] is asked for again after 10 s where the issuer could not be reached', async () => {
  let count = 0
  const { socket, port } = await openDocument(() => {
    count += 1
    return count === 2 ? Promise.reject(new Error('unreachable')) : Promise.resolve(`token-${count}`)
  })
  port.refresh()
  await settle()
  await vi.advanceTimersByTimeAsync(9_999)
  expect([count, refreshes(socket)]).toEqual([2, []])
  await vi.advanceTimersByTimeAsync(1)
  expect([count, refreshes(socket)]).toEqual([3, ['token-3']])
})

it('[AU10] is not asked for again where the issuer refuses', async () => {
  let count = 0
  const { socket, port } = await openDocument(() => {
    count += 1
    return count === 1 ? Promise.resolve('token-1') : Promise.reject(new TokenDeniedError('NOT_A_MEMBER', 'no member'))
  })
  port.refresh()
  await settle()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([count, refreshes(socket)]).toEqual([2, []])
})
