/**
 * The service worker: keeps the app itself on the device, so that it opens without a network from the first visit on. It sees no note: those are
 * the page's, sealed.
 *
 * @module
 */
import { clientsClaim } from 'workbox-core'
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'

/** Put in by the build: every file of the app, and a hash of those whose names do not change. */
declare const APP_FILES: { readonly url: string; readonly revision: string | null }[]

/** The page that shows several phones, and what is the relay's own. */
const NOT_THE_APP = [/^\/show/, /^\/phone/, /^\/ca\./, /^\/token/, /^\/sync/, /^\/demo\//]

interface Waiting {
  skipWaiting(): Promise<void>
}

addEventListener('install', () => void (self as unknown as Waiting).skipWaiting())
clientsClaim()
cleanupOutdatedCaches()
precacheAndRoute(APP_FILES)
registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: NOT_THE_APP }))
