/**
 * Links as people pass them on: the app's address with a fragment, which browsers send to nobody. Rule KM12.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'

/** What a link opens: a document, or the documents of a person for another device of theirs. */
export type LinkKind = 'document' | 'pairing'

/** Stands before a pairing's fragment, so that an app that is opened by one knows. Not base64url, so neither is taken for the other. */
const PAIRING_PREFIX = 'pair='

/**
 * `app` with the fragment behind its `#`. Without an app, the bare fragment. Throws `TypeError` for an app's address with a fragment, a query or
 * credentials of its own, and for one that is fetched in clear by a name other than this computer's: whoever can change the page has the link.
 */
export function writeLink(fragment: string, kind: LinkKind, app?: string): string {
  const text = kind === 'pairing' ? PAIRING_PREFIX + fragment : fragment
  if (app === undefined) return `#${text}`
  const url = new URL(app)
  if (url.hash !== '' || url.search !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError("the app's address has no fragment, query or credentials of its own")
  }
  if (url.protocol === 'http:' && !/^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)) {
    throw new TypeError("the app's address begins with https:")
  }
  return `${url.href}#${text}`
}

/**
 * What a link opens, by its looks alone: nothing is asked of anybody, and the link may still be void. `null` for what is no link. For an app that
 * is opened by one and has to ask something first.
 */
export function linkKind(link: string): LinkKind | null {
  try {
    return readLink(link).kind
  } catch {
    return null
  }
}

/** The kind and fragment of a link: an address with a fragment, `#…`, or the fragment alone. Throws `LINK_MALFORMED` where there is none. */
export function readLink(link: string): { readonly kind: LinkKind; readonly fragment: string } {
  const trimmed = link.trim()
  const text = trimmed.slice(trimmed.indexOf('#') + 1)
  const kind = text.startsWith(PAIRING_PREFIX) ? 'pairing' : 'document'
  const fragment = kind === 'pairing' ? text.slice(PAIRING_PREFIX.length) : text
  if (!/^[A-Za-z0-9_-]+$/.test(fragment)) throw new SyncError('LINK_MALFORMED', 'this is no link')
  return { kind, fragment }
}
