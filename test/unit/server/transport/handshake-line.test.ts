import { once } from 'node:events'
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'

import { createSystemClock } from '../../../../server/ops/clock.ts'
import { lineUpHandshakes, type HandshakeLineOptions } from '../../../../server/transport/handshake-line.ts'
import { createTestClock } from '../../../support/tokens.ts'

/** A server of bytes in the place of TLS: `begin` is what Node would do with a connection. */
async function setUp(begin: (socket: Socket) => void, options: Partial<HandshakeLineOptions> = {}): Promise<Server> {
  const server = createServer(begin)
  lineUpHandshakes(server, { perTurn: 2, isWelcome: () => true, clock: createSystemClock(), mostHeld: 2, ...options })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return server
}

function dial(server: Server): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  return socket
}

/** Connections as a crowd brings them: all of them in one turn. */
function arrive(server: Server, count: number): Socket[] {
  const sockets = Array.from({ length: count }, () => new Socket())
  for (const socket of sockets) server.emit('connection', socket)
  return sockets
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Resolves with the code of the error by which it ended. */
const errorOf = async (socket: Socket): Promise<string | undefined> =>
  ((await once(socket, 'error')) as [NodeJS.ErrnoException])[0].code

it('[C17] resets who is not welcome, and begins nothing for it', async () => {
  const begun: Socket[] = []
  const server = await setUp((socket) => void begun.push(socket), { isWelcome: () => false })
  expect(await errorOf(dial(server))).toBe('ECONNRESET')
  expect(begun).toEqual([])
})

it('[C17] lets who is not welcome wait for a second, a few at a time and the oldest the shortest', async () => {
  const clock = createTestClock()
  const arrived: Socket[] = []
  const server = await setUp(() => {}, { isWelcome: () => false, clock, mostHeld: 2 })
  server.on('connection', (socket) => arrived.push(socket))
  const errors: (string | undefined)[] = []
  for (let i = 0; i < 3; i++) {
    const socket = dial(server)
    void errorOf(socket).then((code) => (errors[i] = code))
    await vi.waitFor(() => expect(arrived).toHaveLength(i + 1))
  }
  // Two are held: the first has made room for the third.
  await vi.waitFor(() => expect(errors).toEqual(['ECONNRESET']))
  for (let passedMs = 0; passedMs < 900; passedMs += 100) clock.advance(100)
  expect(arrived.map(({ destroyed }) => destroyed)).toEqual([true, false, false])
  clock.advance(100)
  expect(arrived.map(({ destroyed }) => destroyed)).toEqual([true, true, true])
  await vi.waitFor(() => expect(errors).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET']))
})

it('[C17] holds nobody once nobody is listened to, nor minds one that goes by itself', async () => {
  const clock = createTestClock()
  const arrived: Socket[] = []
  const server = await setUp(() => {}, { isWelcome: () => false, clock })
  server.on('connection', (socket) => arrived.push(socket))
  const impatient = dial(server)
  await vi.waitFor(() => expect(arrived).toHaveLength(1))
  impatient.resetAndDestroy()
  await vi.waitFor(() => expect(arrived[0]?.destroyed).toBe(true))
  const patient = dial(server)
  const error = errorOf(patient)
  await vi.waitFor(() => expect(arrived).toHaveLength(2))
  server.close()
  clock.advance(100)
  expect(await error).toBe('ECONNRESET')
})

it('[H8] begins a few in a turn, in the order in which they came, and all in the end', async () => {
  const begun: Socket[] = []
  const server = await setUp((socket) => void begun.push(socket))
  const crowd = arrive(server, 5)
  expect(begun).toEqual([])
  const counts: number[] = []
  for (let i = 0; i < 4; i++) {
    await turn()
    counts.push(begun.length)
  }
  expect(counts).toEqual([2, 4, 5, 5])
  expect(begun).toEqual(crowd)
  // And nobody who comes later is forgotten.
  arrive(server, 1)
  await turn()
  expect(begun).toHaveLength(6)
})

it('[H8] begins nothing for one that has gone while it waited, nor when nobody is listened to any more', async () => {
  const begun: Socket[] = []
  const server = await setUp((socket) => void begun.push(socket))
  const [first, second] = arrive(server, 2) as [Socket, Socket]
  first.destroy(new Error('read ECONNRESET'))
  await turn()
  expect(begun).toEqual([second])
  const [late] = arrive(server, 1) as [Socket]
  server.close()
  await turn()
  expect(begun).toEqual([second])
  expect(late.destroyed).toBe(true)
})

it('[H8] hands on what has come while it waited', async () => {
  let heard = ''
  const server = await setUp((socket) => socket.on('data', (chunk: Buffer) => (heard += chunk.toString())), {
    perTurn: 1,
  })
  const crowd = Array.from({ length: 20 }, () => dial(server))
  for (const socket of crowd) socket.write('.')
  await vi.waitFor(() => expect(heard).toHaveLength(20))
})
