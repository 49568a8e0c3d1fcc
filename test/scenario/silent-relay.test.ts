/** What answers at the relay's address takes the connection and never says a word, as a phone's network does that has just come back. */
import { createMemoryKeyStore, loadDevice, RelayConnection, SealedProvider } from '@y-sealed/client'
import { nodeWebSocket } from '@y-sealed/client/node'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'

import { createRoom } from '../support/peer.ts'
import { startStallClock } from '../support/stall-clock.ts'

it('[CL21] a socket that is not greeted in 8 s ends, and is dialled again', { timeout: 30_000 }, async () => {
  const dialled: Socket[] = []
  const server = createServer((socket) => {
    dialled.push(socket)
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connection = new RelayConnection({
    url: `wss://127.0.0.1:${port}`,
    device: loadDevice(createMemoryKeyStore()),
    token: () => Promise.resolve('token'),
    WebSocket: nodeWebSocket(),
  })
  const provider = new SealedProvider({ connection, access: (await createRoom())(), doc: new Y.Doc(), connect: false })
  onTestFinished(() => {
    provider.destroy()
    connection.destroy()
    for (const socket of dialled) socket.destroy()
    server.close()
  })
  const startedAt = performance.now()
  const freeMs = startStallClock()
  const closed = new Promise((resolve) => provider.once('connection-close', resolve))
  provider.connect()
  expect(await closed).toMatchObject({ code: 'SILENT', transient: true })
  expect(performance.now() - startedAt).toBeGreaterThan(7_500)
  expect(freeMs()).toBeLessThan(12_000)
  expect(provider.syncStatus.kind).toBe('offline')
  while (dialled.length < 2) await once(server, 'connection')
})
