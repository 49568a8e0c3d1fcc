/**
 * Why a phone opens invite links with the app: the relay's origin vouches for the app, by the two files that Android and iOS ask it for.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What the file of `--app-links` holds; either may be left out. */
export interface AppLinks {
  /** The app as the store signs it: SHA-256 of its certificate, in pairs of hexadecimal digits with colons. */
  readonly android?: { readonly package: string; readonly fingerprints: readonly string[] }
  /** `<team>.<bundle id>`. */
  readonly ios?: { readonly appId: string }
}

/** Reads that file. Throws `TypeError` with a line for a person. */
export function readAppLinks(text: string): AppLinks {
  const { android, ios } = JSON.parse(text) as Partial<Record<keyof AppLinks, Readonly<Record<string, unknown>>>>
  const name = /^[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)+$/
  if (android !== undefined) {
    const { package: id, fingerprints } = android
    const isGood = (print: unknown): boolean =>
      typeof print === 'string' && /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(print)
    if (typeof id !== 'string' || !name.test(id) || !Array.isArray(fingerprints) || !fingerprints.every(isGood))
      throw new TypeError(
        '--app-links: android has a package, and fingerprints (SHA-256, AA:BB:…) of the keys that sign it',
      )
  }
  if (ios !== undefined && (typeof ios['appId'] !== 'string' || !/^[A-Z0-9]{10}\.[\w.-]+$/.test(ios['appId'])))
    throw new TypeError('--app-links: ios has an appId, the ten characters of the team, a dot, and the bundle’s id')
  return { android, ios } as AppLinks
}

/** `/.well-known/assetlinks.json`, as Android asks for it. */
export function renderAssetLinks({ android }: AppLinks): string {
  const target = {
    namespace: 'android_app',
    package_name: android?.package,
    sha256_cert_fingerprints: android?.fingerprints,
  }
  return JSON.stringify(
    android === undefined ? [] : [{ relation: ['delegate_permission/common.handle_all_urls'], target }],
  )
}

/** `/.well-known/apple-app-site-association`: the app's own address, and only where something stands behind the #. */
export function renderSiteAssociation({ ios }: AppLinks): string {
  const components = [{ '/': '/', '#': '?*', comment: 'invite and pairing links' }]
  return JSON.stringify({ applinks: { details: ios === undefined ? [] : [{ appIDs: [ios.appId], components }] } })
}

/** Answers GET and HEAD for both; leaves all else. */
export function createAppLinkPages(links: AppLinks): (request: IncomingMessage, response: ServerResponse) => boolean {
  const bodies = new Map([
    ['/.well-known/assetlinks.json', renderAssetLinks(links)],
    ['/.well-known/apple-app-site-association', renderSiteAssociation(links)],
  ])
  return ({ method, url = '' }, response) => {
    const body = bodies.get(url.split('?', 1)[0] ?? '')
    if (body === undefined || (method !== 'GET' && method !== 'HEAD')) return false
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-cache',
      'X-Content-Type-Options': 'nosniff',
    })
    response.end(method === 'HEAD' ? undefined : body)
    return true
  }
}
