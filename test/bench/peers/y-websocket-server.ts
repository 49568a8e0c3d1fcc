/**
 * y-websocket's server as it comes, in memory, or with leveldb when settings name a folder. Plaintext, no TLS, no tokens.
 *
 * @module
 */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const { folder } = JSON.parse(process.env['BENCH_SETTINGS'] ?? '{}')
// It is read when the module is loaded.
if (folder !== undefined) process.env['YPERSISTENCE'] = folder
const { setupWSConnection } = await import('@y/websocket-server/utils')

const server = createServer()
const webSockets = new WebSocketServer({ server, perMessageDeflate: false })
webSockets.on('connection', setupWSConnection)
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
