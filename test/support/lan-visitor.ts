/**
 * A program on another machine: asks `url` over TLS under the authority in a file (`-`: those that Node knows), and prints the status, or the
 * code of what went wrong. Of a `wss:` address it tells whether the upgrade was refused, and how.
 *
 * @module
 */
import { SUBPROTOCOL } from '@y-sealed/protocol'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'

const [url = '', caPath = '-', origin = ''] = process.argv.slice(2)
const ca = caPath === '-' ? {} : { ca: readFileSync(caPath) }
const isSocket = url.startsWith('wss:')
const headers = {
  ...(origin === '' ? {} : { origin }),
  ...(isSocket
    ? {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        'sec-websocket-protocol': `${SUBPROTOCOL}, bearer.a.b.c`,
      }
    : {}),
}
const visit = request(url.replace(/^wss:/, 'https:'), { headers, timeout: 10_000, ...ca }, (response) => {
  let body = ''
  response.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
  response.on('end', () => process.stdout.write(`${response.statusCode} ${body.length} bytes\n`))
})
visit.on('timeout', () => visit.destroy(Object.assign(new Error('silence'), { code: 'SILENCE' })))
visit.on('error', (error: NodeJS.ErrnoException) => process.stdout.write(`${error.code}\n`))
visit.end()
