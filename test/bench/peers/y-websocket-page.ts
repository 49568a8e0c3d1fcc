/**
 * y-websocket's server as it comes, in memory, on one origin with the pages that are written in by it. Plaintext under TLS, as the demo's relay is
 * under TLS.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { extname, join } from 'node:path'
import { WebSocketServer } from 'ws'

const { pages, certPath, keyPath } = JSON.parse(process.env['BENCH_SETTINGS'])
const { setupWSConnection } = await import('@y/websocket-server/utils')
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

const server = createServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) }, ({ url }, response) => {
  const name = url.split('?')[0]
  try {
    const body = readFileSync(join(pages, name))
    response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(body)
  } catch {
    response.writeHead(404).end()
  }
})
const webSockets = new WebSocketServer({ server, perMessageDeflate: false })
webSockets.on('connection', setupWSConnection)
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
