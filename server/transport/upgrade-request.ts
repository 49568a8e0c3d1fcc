/**
 * An upgrade request judged by its words alone, cheapest question first; nothing here throws, waits or parses a URL. Rules FR1,
 * FR21, AU9; rows 0.2, 0.3, B2, B5, B8, C1–C13.
 *
 * @module
 */
import { SOCKET_PATH, SUBPROTOCOL } from '@y-sealed/protocol'
import type { IncomingMessage } from 'node:http'

/** What of a request is looked at. */
export type UpgradeHead = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers' | 'rawHeaders'>

/** An HTTP answer in place of the upgrade. `event` is for the log. */
export interface UpgradeRefusal {
  readonly ok: false
  readonly status: 400 | 401 | 403 | 404 | 405 | 426 | 431
  readonly event: string
}

export type UpgradeVerdict = { readonly ok: true; readonly token: string } | UpgradeRefusal

const refused = (status: UpgradeRefusal['status'], event: string): UpgradeRefusal => ({ ok: false, status, event })

/** Headers that must not come twice, besides everything that begins with `sec-`: Node takes the first of some, the last of others. */
const SINGLE = new Set(['host', 'origin', 'authorization', 'upgrade', 'connection'])
/** Header fields of one request: browsers send about twenty. */
export const MAX_HEADERS = 100
/** A subprotocol (RFC 7230 §3.2.6 token). */
const WORD = /^[\w!#$%&'*+.^`|~-]+$/
const BEARER = 'bearer.'
/** Characters of a compact JWS; the verifier asks for the rest. */
const TOKEN = /^[\w.-]+$/

/** Judges everything but the token itself. `origins` are compared exactly. */
export function judgeUpgrade(request: UpgradeHead, origins: readonly string[]): UpgradeVerdict {
  const path = request.url ?? ''
  if (path !== SOCKET_PATH) return judgePath(path)
  if (request.method !== 'GET') return refused(405, 'method')
  if (request.httpVersion !== '1.1') return refused(400, 'http-version')
  if (request.rawHeaders.length > 2 * MAX_HEADERS) return refused(431, 'headers')
  if (hasDoubledHeader(request.rawHeaders)) return refused(400, 'doubled-header')
  const { headers } = request
  if (headers.upgrade?.toLowerCase() !== 'websocket') return refused(400, 'upgrade-header')
  if (headers['sec-websocket-version'] !== '13') return refused(426, 'version')
  const offer = readProtocols(headers['sec-websocket-protocol'])
  if (offer === null) return refused(400, 'subprotocol')
  if (headers.origin !== undefined && !origins.includes(headers.origin)) return refused(403, 'origin')
  return readToken(offer.token, headers.authorization)
}

function judgePath(path: string): UpgradeRefusal {
  if (!path.startsWith(`${SOCKET_PATH}?`)) return refused(404, 'path')
  return refused(400, isTokenInUrl(path) ? 'token-in-url' : 'query')
}

/** True for a URL that carries what may be a credential; it is never logged. */
export function isTokenInUrl(url: string): boolean {
  return /[?&#;](?:access_|id_)?(?:token|bearer|jwt|auth)[^=&]*=|eyJ[\w-]{8,}\./i.test(url)
}

/** Counted in the raw headers, since Node folds or drops doubles by its own rules. [B5] */
function hasDoubledHeader(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (!SINGLE.has(name) && !name.startsWith('sec-')) continue
    if (seen.has(name)) return true
    seen.add(name)
  }
  return false
}

/** The subprotocols offered, with the token among them if there is one; `null` when they are not as they should be. */
function readProtocols(header: string | undefined): { readonly token: string | null } | null {
  if (header === undefined) return null
  const seen = new Set<string>()
  let token: string | null = null
  for (const part of header.split(',')) {
    const word = part.trim()
    if (!WORD.test(word) || seen.has(word)) return null
    seen.add(word)
    if (!word.startsWith(BEARER)) continue
    if (token !== null) return null
    token = word.slice(BEARER.length)
  }
  return seen.has(SUBPROTOCOL) ? { token } : null
}

/** The token from one place or the other; from both is malformed. [AU9] */
function readToken(offered: string | null, authorization: string | undefined): UpgradeVerdict {
  if (offered !== null && authorization !== undefined) return refused(400, 'two-tokens')
  const token = offered ?? readBearer(authorization)
  return token === null || !TOKEN.test(token) ? refused(401, 'no-token') : { ok: true, token }
}

function readBearer(authorization: string | undefined): string | null {
  if (authorization === undefined || !authorization.startsWith('Bearer ')) return null
  return authorization.slice('Bearer '.length)
}
