/**
 * Invite links that the phone opens with the app: their secret stands behind the #, which the app takes from its own address as it does in a browser.
 *
 * @module
 */

/** What is used of `App` of `@capacitor/app`. */
export interface LinkPlugin {
  getLaunchUrl(): Promise<{ readonly url: string } | undefined>
  addListener(event: 'appUrlOpen', listener: (event: { readonly url: string }) => void): Promise<unknown>
}

/** The fragment of a link to this app, with its #; `null` for every other address. */
export function fragmentOf(url: string, appAddress: string): string | null {
  try {
    const { origin, pathname, hash, search } = new URL(url)
    const isOurs = `${origin}${pathname}` === appAddress && search === ''
    return isOurs && hash.length > 1 ? hash : null
  } catch {
    return null
  }
}

/** Of this run of the app alone: the link with which it was started is taken once, and not again by each page that is loaded anew. */
const TAKEN = 'y-sealed/launch-link-taken'

/** Before the app starts: the link with which it was started stands in its address. */
export async function takeFirstLink(app: LinkPlugin, appAddress: string): Promise<void> {
  if (sessionStorage.getItem(TAKEN) !== null) return
  sessionStorage.setItem(TAKEN, 'yes')
  const launch = await app.getLaunchUrl()
  const fragment = launch === undefined ? null : fragmentOf(launch.url, appAddress)
  if (fragment !== null) history.replaceState(null, '', location.pathname + fragment)
}

/** While it runs: the app starts anew with the link, as a browser would; all that it has is kept. */
export async function followLinks(app: LinkPlugin, appAddress: string): Promise<void> {
  await app.addListener('appUrlOpen', ({ url }) => {
    const fragment = fragmentOf(url, appAddress)
    if (fragment === null) return
    history.replaceState(null, '', location.pathname + fragment)
    location.reload()
  })
}
