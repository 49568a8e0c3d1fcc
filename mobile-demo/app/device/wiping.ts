/**
 * Other tabs of this device, when it is wiped: they have it in their memory still, and would go on writing as a device that nobody has any more.
 *
 * @module
 */
import { deviceName } from './address.ts'

function openChannel(): BroadcastChannel {
  return new BroadcastChannel(`y-sealed-demo-wiped-${deviceName() ?? 'own'}`)
}

/** To the beginning, and not back to the screen of which the tab knows. */
export function beginAnew(): void {
  history.replaceState(null, '')
  location.replace(location.pathname + location.search)
}

/** In a tab that may have other tabs beside it. */
export function followWiping(): void {
  openChannel().addEventListener('message', beginAnew)
}

/** All of it is gone. */
export function tellOfWiping(): void {
  const channel = openChannel()
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel, not a window
  channel.postMessage(null)
  channel.close()
}
