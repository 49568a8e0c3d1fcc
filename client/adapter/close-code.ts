/**
 * Why a document is not open, as the close of a WebSocket: codes from 4400 to 4499 are final to y-websocket, all others it tries again. Rules
 * FR21, CL60.
 *
 * @module
 */
import type { DownReason } from '../connection/channel.ts'

/** "Try again later", where the relay's own code would be taken for a final one. */
const TRY_AGAIN = 1013
const FORBIDDEN = 4403

/** The text begins with the reason's own code, which is stable. */
export function closeOf({ transient, code, closeCode, reason }: DownReason): {
  readonly code: number
  readonly text: string
} {
  const isFinal = closeCode >= 4400 && closeCode < 4500
  const text = reason === '' ? code : `${code}: ${reason}`
  if (transient) return { code: isFinal ? TRY_AGAIN : closeCode, text }
  return { code: isFinal ? closeCode : FORBIDDEN, text }
}
