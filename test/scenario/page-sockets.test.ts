/** An app that is served from the relay's origin may have sockets there, and none of the relay's. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'

import { startRelay } from '../../server/serve.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

/** Status of a refusal, or what the app's socket says. */
async function dial(url: string, ca: string): Promise<string | number> {
  return await new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'y-sealed.v1', { ca })
    socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode ?? 0))
    socket.on('message', (data: Buffer) => resolve(data.toString('utf8')))
    socket.on('error', reject)
  })
}

it('[FR1] [AU9] hands over upgrades for other paths than its own, and none that it refuses for what they are', async () => {
  const sockets = new WebSocketServer({ noServer: true })
  const asked: (string | undefined)[] = []
  const take = (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    asked.push(request.url)
    if (request.url !== '/app/socket') return false
    sockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('hello from the app'))
    return true
  }
  const relay = await startRelay({ data: makeTemporaryFolder(), port: 0, logLevel: 'silent', pageSockets: take })
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate()
    await relay.close()
  })
  const ca = readFileSync(relay.caPath ?? '', 'utf8')
  const at = (path: string): Promise<string | number> => dial(new URL(path, relay.url).href, ca)
  expect(await at('/app/socket')).toBe('hello from the app')
  expect(await at('/other')).toBe(404)
  // Its own path stays its own, with and without what does not belong there.
  expect(await at('/sync')).toBe(401)
  expect(await at('/sync?token=a')).toBe(400)
  expect(asked).toEqual(['/app/socket', '/other'])
})
