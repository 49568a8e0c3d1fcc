/**
 * Whether pins can do what the app expects of them: pins that nobody checks would be worse than none. Rule PN3.
 *
 * @module
 */
import { SyncError, type PinSet } from '@y-sealed/protocol'

/** Throws `TypeError` where what dials `url` checks no pins, and where the pins are those of another host. */
export function checkPinning({ hosts }: PinSet, url: string, checksPins: boolean | undefined): void {
  if (checksPins !== true)
    throw new TypeError(
      'no pins are checked by what is to dial: pass nodeWebSocket() and nodeFetchJson() of @y-sealed/client/node',
    )
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  if (!hosts.includes(host)) throw new TypeError(`the pins are for ${hosts.join(', ')}, not for ${host}`)
}

/** Is it about the relay's pins? Other errors of a connection tell that it is away, which an app sees by its status. */
export function isPinFault(error: unknown): boolean {
  return error instanceof SyncError && (error.code === 'PIN_MISMATCH' || error.code === 'PINS_EXPIRED')
}
