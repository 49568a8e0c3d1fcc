import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'

import { DEFAULT_LIMITS } from '../../../../server/core/limits.ts'
import { createMetrics } from '../../../../server/ops/metrics.ts'
import { readTrustedProxies, type TrustedProxies } from '../../../../server/transport/forwarded.ts'
import { SocketServer } from '../../../../server/transport/socket-server.ts'
import { createTestClock } from '../../../support/tokens.ts'

describe('an upgrade', () => {
  it('[C14] has an error listener before anything is waited for, whatever the server beneath', async () => {
    let answer = (): void => {}
    const server = new SocketServer({
      entrance: {
        connect() {
          throw new Error('nobody is to be let in')
        },
      },
      auth: {
        async verify() {
          await new Promise<void>((resolve) => {
            answer = resolve
          })
          return { ok: false, reason: 'test' }
        },
      },
      clock: createTestClock(),
      log: { debug() {}, info() {}, warn() {}, error() {} },
      metrics: createMetrics(),
      onAppFault() {},
      origins: [],
      proxies: readTrustedProxies([]) as TrustedProxies,
      limits: DEFAULT_LIMITS,
      doorkeeper: { beginHandshake: () => true, enter: () => ({ ok: true, claim: () => null, leave() {} }) },
      labelSubject: () => '',
      isStrictTransport: false,
    })
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    const request = {
      method: 'GET',
      url: '/sync',
      httpVersion: '1.1',
      headers: {
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-protocol': 'y-sealed.v1, bearer.a.b.c',
      },
      rawHeaders: [],
      socket,
    }
    server.upgrade(request as unknown as IncomingMessage, socket, Buffer.alloc(0))
    expect(socket.listenerCount('error')).toBeGreaterThan(0)
    socket.destroy(new Error('read ECONNRESET'))
    await new Promise((resolve) => socket.on('close', resolve))
    answer()
    await new Promise((resolve) => setImmediate(resolve))
    expect(socket.destroyed).toBe(true)
  })
})
