/**
 * What stands in the address bar: a link's secret, taken once, and which device this page is to be.
 *
 * @module
 */
import { currentShell } from './shell.ts'

/** The whole address if it is a link, which is then cleared from the address bar and from the tab's history; else `null`. */
export function takeLink(): string | null {
  if (location.hash.length <= 1) return null
  const link = location.href
  history.replaceState(history.state, '', location.pathname + location.search)
  return link
}

/** `?device=alice` is a phone of its own on this origin: the page that shows several at once opens each so. */
export function deviceName(): string | null {
  const name = new URLSearchParams(location.search).get('device')
  return name !== null && /^[a-z0-9-]{1,24}$/.test(name) ? name : null
}

/** The app's own address, for links that others open. */
export function appAddress(): string {
  return currentShell()?.appAddress ?? `${location.origin}/`
}

/** The relay stands on the same origin unless the person has set another, or a shell knows it. */
export function ownRelay(): string {
  return currentShell()?.relay ?? `wss://${location.host}`
}
