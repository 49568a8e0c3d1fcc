/**
 * Whether what somebody says of their presence may be shown. Whose client id it is, and whether it is newer than the
 * last, its caller has found out already. Rule CL7.
 *
 * @module
 */
import { MAX_AWARENESS_STATE_BYTES, MAX_AWARENESS_STATES } from '@y-sealed/protocol'

/** Of the awareness protocol: above it no own later state could win for long. [CL7] */
export const MAX_AWARENESS_CLOCK = 4_294_967_296

/** The part of an awareness content that is judged here. */
export interface PresenceContent {
  readonly clientId: number
  readonly clock: number
  /** JSON; empty when the client is gone. */
  readonly state: string
}

export type PresenceRefusal = 'client' | 'clock' | 'size' | 'state' | 'full'

/** The state as an object, `null` for a client that is gone; or why it is not shown. */
export type PresenceVerdict =
  | { readonly ok: true; readonly state: Readonly<Record<string, unknown>> | null }
  | { readonly ok: false; readonly code: PresenceRefusal }

/** Judges one presence; `others` is how many other sessions are shown now, its own not counted. Never throws. [CL7] */
export function checkPresence({ clientId, clock, state }: PresenceContent, others: number): PresenceVerdict {
  if (!Number.isSafeInteger(clientId) || clientId < 0) return { ok: false, code: 'client' }
  if (!Number.isSafeInteger(clock) || clock < 0 || clock > MAX_AWARENESS_CLOCK) return { ok: false, code: 'clock' }
  if (state === '') return { ok: true, state: null }
  if (others >= MAX_AWARENESS_STATES) return { ok: false, code: 'full' }
  if (state.length > MAX_AWARENESS_STATE_BYTES || new TextEncoder().encode(state).length > MAX_AWARENESS_STATE_BYTES) {
    return { ok: false, code: 'size' }
  }
  try {
    const value: unknown = JSON.parse(state)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { ok: true, state: value as Record<string, unknown> }
    }
  } catch {
    // No JSON: the same verdict as for JSON that is no object.
  }
  return { ok: false, code: 'state' }
}
