import { once } from 'node:events'
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'

import { lineUpHandshakes, type HandshakeLineOptions } from '../../../../server/transport/handshake-line.ts'

/** A server of bytes in the place of TLS: `begin` is what Node would do with a connection. */
async function setUp(begin: (socket: Socket) => void, options: Partial<HandshakeLineOptions> = {}): Promise<Server> {
  const server = createServer(begin)
  lineUpHandshakes(server, { perTurn: 2, isWelcome: () => true, ...options })
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

it('[C17] resets who is not welcome, and begins nothing for it', async () => {
  const begun: Socket[] = []
  const server = await setUp((socket) => void begun.push(socket), { isWelcome: () => false })
  const socket = dial(server)
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNRESET')
  expect(begun).toEqual([])
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
