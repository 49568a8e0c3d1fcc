/**
 * JSON over HTTPS with a private certificate authority, which the platform's `fetch` cannot be told of.
 *
 * @module
 */
import { Agent, request } from 'node:https'
import type { FetchJson } from '../token/issuer-token.ts'
import { pinnedTls } from './pinned-tls.ts'

const MAX_ANSWER_BYTES = 16_384
const TIMEOUT_MS = 10_000

/** A `fetch` for {@link issuerTokens} under Node. `ca` is PEM; without it Node's own authorities are trusted. Follows no redirect, and checks pins where it is given some. */
export function nodeFetchJson(options: { readonly ca?: string } = {}): FetchJson {
  const ca = options.ca === undefined ? {} : { ca: options.ca }
  const fetchJson: FetchJson = (url, { method, headers, body, pins }) =>
    new Promise((resolve, reject) => {
      // A socket or a session of another request may come from before the pins were looked at: none is taken over. [PN3]
      const agent = pins === undefined ? {} : { agent: new Agent({ maxCachedSessions: 0 }), ...pinnedTls(pins) }
      const sent = request(
        url,
        { method, headers: headers ?? {}, timeout: TIMEOUT_MS, ...ca, ...agent },
        (response) => {
          const chunks: Buffer[] = []
          let size = 0
          response.on('error', reject)
          response.on('data', (chunk: Buffer) => {
            size += chunk.length
            if (size > MAX_ANSWER_BYTES) sent.destroy(new Error('the answer is too long'))
            else chunks.push(chunk)
          })
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8')
            resolve({ status: response.statusCode ?? 0, json: () => parseJson(text) })
          })
        },
      )
      sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
      sent.on('error', reject)
      sent.end(body)
    })
  return Object.assign(fetchJson, { checksPins: true })
}

async function parseJson(text: string): Promise<unknown> {
  return await Promise.resolve(JSON.parse(text) as unknown)
}
