import { Writable, type Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

import { Outlet, Outlets } from '../../../../server/transport/outlet.ts'

/** A socket that keeps what is written to it; `isStuck` ones never take anything in. */
class TestSocket extends Writable {
  readonly writes: Buffer[] = []
  readonly isStuck: boolean
  constructor(isStuck = false) {
    super({ highWaterMark: 1 << 26 })
    this.isStuck = isStuck
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk)
    if (!this.isStuck) done()
  }
}

function createScene({ isStuck = false } = {}) {
  let now = 0
  let cutOffs = 0
  const outlets = new Outlets(
    { maxBytes: 1000, hardBytes: 5000, stallMs: 100 },
    () => now,
    () => cutOffs++,
  )
  const connect = () => {
    const socket = new TestSocket(isStuck)
    const calls: unknown[] = []
    const webSocket = {
      OPEN: WebSocket.OPEN,
      readyState: WebSocket.OPEN as number,
      close: (...args: unknown[]) => calls.push(['close', ...args]),
      terminate: () => calls.push(['terminate']),
    }
    const outlet = new Outlet(outlets, webSocket as unknown as WebSocket, socket as unknown as Duplex)
    return { outlet, socket, webSocket, calls }
  }
  return {
    connect,
    advance: (ms: number) => (now += ms),
    get cutOffs() {
      return cutOffs
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('outlet', () => {
  it('writes once a turn, whatever was sent in it', async () => {
    const { connect } = createScene()
    const { outlet, socket } = connect()
    for (const byte of [1, 2, 3]) outlet.send(new Uint8Array([byte, byte]))
    expect(socket.writes).toEqual([])
    expect(outlet.bufferedBytes).toBe(6)
    await turn()
    expect(socket.writes.map(hex)).toEqual(['820201018202020282020303'])
    outlet.send(new Uint8Array([4]))
    await turn()
    expect(socket.writes.map(hex)).toEqual(['820201018202020282020303', '820104'])
  })

  it('[FR8] writes at once where that is asked for, and nothing of it again at the end of the turn', async () => {
    const { connect } = createScene()
    const { outlet, socket } = connect()
    outlet.send(new Uint8Array([1]))
    outlet.flush()
    expect(socket.writes.map(hex)).toEqual(['820101'])
    outlet.flush()
    outlet.send(new Uint8Array([2]))
    await turn()
    expect(socket.writes.map(hex)).toEqual(['820101', '820102'])
  })

  it('[H9] hands on long pieces as they are, and what is short between them together', async () => {
    const { connect } = createScene()
    const { outlet, socket } = connect()
    const long = new Uint8Array(20_000).fill(7)
    outlet.send(new Uint8Array([1]))
    outlet.send(new Uint8Array([2]), long)
    outlet.send(new Uint8Array([3]))
    outlet.send(long)
    await turn()
    expect(socket.writes.map((write) => (write.length < 100 ? hex(write) : write.length))).toEqual([
      '820101827e4e2102',
      20_000,
      '820103827e4e20',
      20_000,
    ])
    for (const at of [1, 3]) expect(socket.writes[at]?.buffer).toBe(long.buffer)
    expect(outlet.bufferedBytes).toBe(0)
  })

  it('writes a payload of two pieces as one message', async () => {
    const { connect } = createScene()
    const { outlet, socket } = connect()
    outlet.send(new Uint8Array([1, 1]), new Uint8Array([2]))
    expect(outlet.bufferedBytes).toBe(3)
    await turn()
    outlet.send(new Uint8Array(100).fill(1), new Uint8Array(100).fill(2))
    outlet.send(new Uint8Array([3]))
    await turn()
    expect(socket.writes.map(hex)).toEqual(['8203010102', `827e00c8${'01'.repeat(100)}${'02'.repeat(100)}820103`])
  })

  it('[FR8] puts one payload for many sockets into its frame once', async () => {
    const { connect } = createScene()
    const all = [connect(), connect(), connect()]
    const frame = new Uint8Array(200)
    for (const { outlet } of all) outlet.send(frame)
    await turn()
    expect(new Set(all.map(({ socket }) => socket.writes[0])).size).toBe(1)
  })

  it('frames every length as RFC 6455 §5.2 has it', async () => {
    const { connect } = createScene()
    for (const [length, head] of [
      [0, '8200'],
      [125, '827d'],
      [126, '827e007e'],
      [65_535, '827effff'],
      [65_536, '827f0000000000010000'],
      [1_048_576, '827f0000000000100000'],
    ] as const) {
      const { outlet, socket } = connect()
      const payload = new Uint8Array(length).fill(7)
      outlet.send(payload)
      await turn()
      const alone = hex(socket.writes[0] as Buffer)
      expect(alone.slice(0, head.length)).toBe(head)
      expect(alone.length).toBe(head.length + 2 * length)
      outlet.send(payload)
      outlet.send(payload)
      await turn()
      expect(hex(Buffer.concat(socket.writes.slice(1)))).toBe(alone + alone)
    }
  })

  it('sends what is queued before it closes, and nothing after', async () => {
    const { connect } = createScene()
    const { outlet, socket, calls } = connect()
    outlet.send(new Uint8Array([1]))
    outlet.close(4400, 'malformed frame')
    outlet.close(4401, 'again')
    outlet.send(new Uint8Array([2]))
    await turn()
    expect(socket.writes.map(hex)).toEqual(['820101'])
    expect(calls).toEqual([['close', 4400, 'malformed frame']])
  })

  it('writes nothing behind a close frame that ws has sent by itself', async () => {
    const { connect } = createScene()
    const { outlet, socket, webSocket } = connect()
    outlet.send(new Uint8Array([1]))
    webSocket.readyState = WebSocket.CLOSING
    await turn()
    expect(socket.writes).toEqual([])
  })

  it('[H5] cuts a peer off that takes nothing in, and not one that is behind for a moment', async () => {
    const scene = createScene({ isStuck: true })
    const { outlet, calls } = scene.connect()
    const send = async (length: number): Promise<void> => {
      outlet.send(new Uint8Array(length))
      await turn()
    }
    await send(900)
    await send(900)
    expect(calls).toEqual([])
    scene.advance(101)
    await send(1)
    expect(calls).toEqual([['terminate']])
    expect(scene.cutOffs).toBe(1)
    const hasty = scene.connect()
    hasty.outlet.send(new Uint8Array(900))
    await turn()
    hasty.outlet.send(new Uint8Array(5000))
    await turn()
    expect(hasty.calls).toEqual([['terminate']])
  })

  it('never cuts off a peer for the size of one answer', async () => {
    const { connect } = createScene()
    const { outlet, socket, calls } = connect()
    outlet.send(new Uint8Array(9000))
    await turn()
    expect(calls).toEqual([])
    expect(socket.writes).toHaveLength(1)
  })
})
