/** A relay that sends its clients elsewhere: to another host, or to one without TLS. Nobody is asked there. Rules AU5, AU10. */
import { issuerTokens, sharedKeyDocument, type SocketConstructor } from '@y-sealed/client'
import { nodeFetchJson, nodeWebSocket } from '@y-sealed/client/node'
import { bytesToBase64url, cryptoReady, SUBPROTOCOL } from '@y-sealed/protocol'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'

import { createTestDevice } from '../support/raw-client.ts'
import { startLyingRelay } from '../support/lying-relay.ts'

/** Where the client is sent: counts whoever comes. */
async function openElsewhere(): Promise<{ readonly origin: string; readonly visits: string[] }> {
  const visits: string[] = []
  const server = createServer((request, response) => {
    visits.push(`${request.method} ${request.url}`)
    response.setHeader('content-type', 'application/json').end('{"nonce":"AAAA","token":"a.b.c"}')
  })
  server.on('upgrade', (request, socket) => (visits.push(`upgrade ${request.url}`), socket.destroy()))
  return { origin: await listen(server), visits }
}

/** Answers everything with a redirect. */
async function openRedirector(status: number, to: string): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(status, { location: `${to}${request.url}` }).end()
  })
  return await listen(server)
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a relay that sends its clients elsewhere', () => {
  it.each([301, 302, 303, 307, 308])("T8 [K16] [AU10] is not followed by the platform's fetch (%i)", async (status) => {
    await cryptoReady()
    const { origin, visits } = await openElsewhere()
    const device = createTestDevice()
    const access = sharedKeyDocument({ key: new Uint8Array(32).fill(7), room: 'note' })
    const token = issuerTokens({ device, accessOf: () => access })
    // Plain HTTP is for this test, in which nothing but the redirect is refused: `audienceOf` lets no app come here.
    const audience = `${await openRedirector(status, origin)}/sync`
    const request = {
      audience,
      documentId: bytesToBase64url(access.documentId),
      deviceId: bytesToBase64url(device.id),
    }
    await expect(token(request)).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' })
    expect(visits).toEqual([])
    // And it would have been found there.
    await expect(token({ ...request, audience: `${origin}/sync` })).resolves.toBe('a.b.c')
  })

  it('T8 [K16] [AU10] is not followed by the one for Node', async () => {
    const { origin, visits } = await openElsewhere()
    const lying = await startLyingRelay()
    const url = `${lying.url.replace(/^wss:/, 'https:').replace(/\/sync$/, '')}/token`
    lying.answer = (_incoming, response) => void response.writeHead(307, { location: `${origin}/token` }).end()
    const answer = await nodeFetchJson({ ca: lying.ca })(url, { method: 'POST', body: '{}' })
    expect([answer.status, visits]).toEqual([307, []])
  })

  it('T8 [K16] [AU5] is not followed by a WebSocket', async () => {
    const { origin, visits } = await openElsewhere()
    const redirector = (await openRedirector(307, origin)).replace(/^http:/, 'ws:')
    const Socket: SocketConstructor = nodeWebSocket()
    const socket = new Socket(`${redirector}/sync`, [SUBPROTOCOL])
    const closed = await new Promise<number>((resolve) => {
      socket.onerror = () => undefined
      socket.onclose = ({ code }) => resolve(code)
    })
    expect([closed, visits]).toEqual([1006, []])
  })
})
