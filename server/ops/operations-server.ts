/**
 * Health, readiness and metrics over plain HTTP for the machine that the relay runs on; nothing of this is on the public port. There is
 * no password: who may connect is the address's matter. Rows B12, G14, J4.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Clock } from '../core/ports.ts'
import { isLoopbackHost } from './host-name.ts'
import type { PrometheusMetrics } from './prometheus.ts'

export interface OperationsOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly metrics: PrometheusMetrics
  readonly clock: Clock
  /** Why no more clients should be sent here, in a few words; `null` when they may come. May reject: that is a reason too. */
  readonly findHindrance: () => Promise<string | null>
}

export interface OperationsServer {
  readonly port: number
  close(): Promise<void>
}

/** What somebody who asks for readiness is willing to wait. */
const READY_MS = 1_000

const HTTP_LIMITS = {
  maxHeaderSize: 4_096,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
} as const
const MAX_CONNECTIONS = 64

interface Answer {
  readonly status: number
  readonly body: string
  readonly type?: string
}

/** Listens. Rejects with the system's error when the address is not to be had. */
export async function startOperationsServer(options: OperationsOptions): Promise<OperationsServer> {
  const { host, port, metrics, clock, findHindrance } = options
  const isLocal = isLoopbackHost(host)

  async function answer({ method, url, headers }: IncomingMessage): Promise<Answer> {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'only GET\n' }
    // A page in a browser of this machine could have its own name answered by 127.0.0.1, and read what we say.
    if (isLocal && !isLoopbackName(headers.host)) return { status: 403, body: 'not by this name\n' }
    switch (url) {
      case '/healthz':
        return { status: 200, body: 'ok\n' }
      case '/readyz': {
        const hindrance = await Promise.race([
          findHindrance(),
          afterwards(clock, READY_MS, 'the store does not answer'),
        ])
        return hindrance === null ? { status: 200, body: 'ready\n' } : { status: 503, body: `${hindrance}\n` }
      }
      case '/metrics':
        return { status: 200, body: await metrics.text(), type: metrics.contentType }
      default:
        return { status: 404, body: 'there are /healthz, /readyz and /metrics\n' }
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body, type } = await answer(request).catch((): Answer => ({ status: 503, body: 'failed\n' }))
    response.writeHead(status, {
      'content-type': type ?? 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })
    response.end(request.method === 'HEAD' ? '' : body)
  }

  const server = createServer(HTTP_LIMITS, (request, response) => {
    request.on('error', () => request.destroy())
    response.on('error', () => response.destroy())
    handle(request, response).catch(() => response.destroy())
  })
  server.maxConnections = MAX_CONNECTIONS
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function isLoopbackName(host: string | undefined): boolean {
  const name = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(host ?? '')?.[1]
  return name !== undefined && isLoopbackHost(name.replace(/^\[|\]$/g, '').toLowerCase())
}

function afterwards<Value>(clock: Clock, delayMs: number, value: Value): Promise<Value> {
  return new Promise((resolve) => void clock.after(delayMs, () => resolve(value)))
}
