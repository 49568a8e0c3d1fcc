/**
 * The app's files over HTTPS, with the headers that keep a page to its own. Row B11.
 *
 * @module
 */
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { PACKED } from './app-folder.ts'

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json',
}

/** What a page of the app may do: run its own code, and talk to relays. */
function contentPolicy({ frames, relays }: Pick<PagesOptions, 'frames' | 'relays'>): string {
  return [
    "default-src 'none'",
    // The second lets WebAssembly compile, which libsodium is, and nothing else.
    "script-src 'self' 'wasm-unsafe-eval'",
    // To no stranger by anything but a socket: of other relays, whoever serves the app says whom it may ask for tokens.
    ["connect-src 'self' wss:", ...relays].join(' '),
    "style-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "img-src 'self' blob:",
    "media-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    frames ? "frame-src 'self'; frame-ancestors 'self'" : "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    // The app's worker, and what ProseMirror reads from the clipboard.
    'trusted-types sealed-notes ProseMirrorClipboard',
    'upgrade-insecure-requests',
  ].join('; ')
}

function headersOf(options: Pick<PagesOptions, 'frames' | 'relays'>): Readonly<Record<string, string>> {
  return {
    'Content-Security-Policy': contentPolicy(options),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(self), microphone=(), geolocation=(), payment=(), usb=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  }
}

interface StoredFile {
  readonly path: string
  readonly bytes: number
}

interface ServedFile extends StoredFile {
  /** The same, made small by the build; `null` where that is not worth it. */
  readonly packed: StoredFile | null
}

export interface PagesOptions {
  /** Folder of the built app. */
  readonly folder: string
  /** May pages of this origin frame each other? For the page that shows several phones. */
  readonly frames: boolean
  /** `https:` origins of the relays, besides the one at this origin, from which pages may have tokens. */
  readonly relays: readonly string[]
}

/** Answers GET and HEAD for the files of the folder, `/` by `index.html`; leaves all else. */
export function createPages({
  folder,
  ...may
}: PagesOptions): (request: IncomingMessage, response: ServerResponse) => boolean {
  const files = new Map<string, ServedFile>()
  // An allow-list: no path from outside is ever joined to a folder.
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || file.name.endsWith(PACKED)) continue
    const path = `${file.parentPath}/${file.name}`
    const packed = existsSync(path + PACKED) ? { path: path + PACKED, bytes: statSync(path + PACKED).size } : null
    files.set(path.slice(folder.length), { path, bytes: statSync(path).size, packed })
  }
  const headers = headersOf(may)
  return ({ method, url = '', headers: asked }, response) => {
    if (method !== 'GET' && method !== 'HEAD') return false
    const name = url.split('?', 1)[0] ?? ''
    const file = files.get(name === '/' ? '/index.html' : name === '/show' ? '/show.html' : name)
    if (file === undefined) return false
    const { packed } = file
    const isPacked = packed !== null && /\bbr\b/.test(String(asked['accept-encoding']))
    const sent = isPacked ? packed : file
    response.writeHead(200, {
      ...headers,
      'Content-Type': TYPES[file.path.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      'Content-Length': sent.bytes,
      ...(isPacked ? { 'Content-Encoding': 'br' } : {}),
      ...(packed === null ? {} : { Vary: 'Accept-Encoding' }),
      // Names under assets/ carry a hash of what is in them.
      'Cache-Control': name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    })
    if (method === 'HEAD') response.end()
    else
      createReadStream(sent.path)
        .on('error', () => response.destroy())
        .pipe(response)
    return true
  }
}
