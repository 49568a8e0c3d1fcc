/**
 * The service worker: keeps the app itself on the device, so that it opens without a network from the first visit on. It sees no note: those are
 * the page's, sealed.
 *
 * @module
 */
import { cacheNames, clientsClaim } from 'workbox-core'
import {
  addRoute,
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  getCacheKeyForURL,
  precache,
} from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'

/** Put in by the build: every file of the app, and a hash of those whose names do not change. */
declare const APP_FILES: { readonly url: string; readonly revision: string | null }[]

const PAGE = '/index.html'

/** The page that shows several phones, and what is the relay's own. */
const NOT_THE_APP = [/^\/show/, /^\/phone/, /^\/ca\./, /^\/token/, /^\/sync/, /^\/demo\//]

interface Waiting {
  skipWaiting(): Promise<void>
}

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<void>): void
}

addEventListener('install', () => void (self as unknown as Waiting).skipWaiting())
clientsClaim()
cleanupOutdatedCaches()
precache(APP_FILES)

const openPage = createHandlerBoundToURL(PAGE)
registerRoute(
  new NavigationRoute(
    async (options) => {
      ;(options.event as ExtendableEvent).waitUntil(followPolicy().catch(() => undefined))
      return await openPage(options)
    },
    { denylist: NOT_THE_APP },
  ),
)
// Behind it, as it would take `/` for the file.
addRoute()

/** What the page may do is in its headers, which may be others while the file is the same: the next visit goes by them. */
async function followPolicy(): Promise<void> {
  const key = getCacheKeyForURL(PAGE)
  const cache = await caches.open(cacheNames.precache)
  const kept = key === undefined ? undefined : await cache.match(key)
  if (key === undefined || kept === undefined) return
  const fresh = await fetch(PAGE, { cache: 'no-cache' })
  // Another file is a newer app's, and comes with all of that app.
  if (fresh.ok && (await fresh.clone().text()) === (await kept.text())) await cache.put(key, fresh)
}
