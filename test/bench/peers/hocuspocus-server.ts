/**
 * Hocuspocus with its SQLite extension, debounce as it comes. Plaintext, no TLS, no tokens.
 *
 * @module
 */
import { SQLite } from '@hocuspocus/extension-sqlite'
import { Server } from '@hocuspocus/server'
import { join } from 'node:path'

const { folder } = JSON.parse(process.env['BENCH_SETTINGS'] ?? '{}')
const server = new Server({
  quiet: true,
  address: '127.0.0.1',
  port: 0,
  stopOnSignals: false,
  extensions: [new SQLite({ database: join(folder, 'hocuspocus.sqlite') })],
})
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
await server.listen()
process.send({ port: server.address.port })
