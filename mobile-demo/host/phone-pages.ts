/**
 * What `npm start -- --lan` serves besides the app: the page for phones, and the authority to be installed.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { AuthorityFiles } from './authority-files.ts'
import { renderPhonePage } from './phone-page.ts'

export interface PhonePagesOptions {
  /** Asked at each request: addresses change, and so may the authority. */
  readonly appUrl: () => string
  readonly authority: () => AuthorityFiles | null
}

/** A page of words, one sheet of styles and one icon: it runs nothing, asks nobody and is shown in no frame. [B11] */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
}

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean

/** Answers GET and HEAD for `/phone`, `/ca.crt` and `/ca.mobileconfig`; leaves all else. */
export function createPhonePages({ appUrl, authority }: PhonePagesOptions): Answer {
  return ({ method, url = '' }, response) => {
    if (method !== 'GET' && method !== 'HEAD') return false
    const file = fileAt(url.split('?', 1)[0] ?? '', authority())
    if (file === null) return false
    const [type, content] = file
    const bytes = Buffer.from(content)
    response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': bytes.length })
    response.end(method === 'HEAD' ? undefined : bytes)
    return true
  }

  function fileAt(
    path: string,
    files: AuthorityFiles | null,
  ): readonly [type: string, content: string | Buffer] | null {
    if (path === '/phone') return ['text/html; charset=utf-8', renderPhonePage({ appUrl: appUrl(), authority: files })]
    if (files === null) return null
    if (path === '/ca.crt') return ['application/x-x509-ca-cert', files.crt]
    return path === '/ca.mobileconfig' ? ['application/x-apple-aspen-config', files.mobileconfig] : null
  }
}
