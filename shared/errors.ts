/**
 * The family of errors and the one table of codes: what a code means, what the peer does about it, and its number on the
 * wire. Callers switch on `code`, never on `message`. Rules FR20, FR21.
 *
 * @module
 */

/** What whoever receives a code does next. [FR20] */
export type Retry = 'never' | 'after' | 'reseal' | 'once'

/** One row of the table of codes. */
export interface Refusal {
  readonly number: number
  readonly retry: Retry
  readonly meaning: string
}

/** Names of the codes of NACK and CLOSED. [FR20] */
export type RefusalCode =
  | 'BAD_ENVELOPE'
  | 'UNSUPPORTED'
  | 'TOKEN_REFUSED'
  | 'FORBIDDEN'
  | 'UNKNOWN_DOCUMENT'
  | 'COUNTER_GAP'
  | 'EQUIVOCATION'
  | 'PREV_MISMATCH'
  | 'EPOCH_STALE'
  | 'RECORD_STALE'
  | 'SEEN_UNKNOWN'
  | 'SEEN_TOO_OLD'
  | 'SESSION_CLOSED'
  | 'EXISTS'
  | 'ALREADY_OPEN'
  | 'NEEDS_RESTORE'
  | 'NOT_OPEN'
  | 'SNAPSHOT_STALE'
  | 'SNAPSHOT_MISSING'
  | 'DELETED'
  | 'TRIMMED'
  | 'QUOTA'
  | 'RATE'
  | 'UNAVAILABLE'

/** Codes of NACK and CLOSED by name. The class is ⌊number / 100⌋, as in HTTP. [FR20] */
export const REFUSALS: Readonly<Record<RefusalCode, Refusal>> = {
  BAD_ENVELOPE: { number: 40000, retry: 'never', meaning: 'a signature or body is wrong' },
  UNSUPPORTED: { number: 40001, retry: 'never', meaning: 'this relay does not offer it' },
  TOKEN_REFUSED: {
    number: 40100,
    retry: 'once',
    meaning: 'the token is invalid, expired, revoked or for something else',
  },
  FORBIDDEN: { number: 40300, retry: 'never', meaning: 'permission or role does not allow it' },
  UNKNOWN_DOCUMENT: { number: 40400, retry: 'never', meaning: 'there is no such document' },
  COUNTER_GAP: { number: 40900, retry: 'once', meaning: "not this session's next counter" },
  EQUIVOCATION: { number: 40901, retry: 'reseal', meaning: 'another envelope stands at this counter' },
  PREV_MISMATCH: { number: 40902, retry: 'reseal', meaning: "prev is not the session's last id" },
  EPOCH_STALE: { number: 40903, retry: 'reseal', meaning: 'not the epoch in force' },
  RECORD_STALE: { number: 40904, retry: 'reseal', meaning: 'record-prev is not the record head' },
  SEEN_UNKNOWN: { number: 40905, retry: 'never', meaning: "the head the author saw is not in the relay's log" },
  SEEN_TOO_OLD: { number: 40906, retry: 'reseal', meaning: 'the first entry of a session names a head too far back' },
  SESSION_CLOSED: { number: 40907, retry: 'reseal', meaning: 'the session was silent for too long' },
  EXISTS: { number: 40908, retry: 'once', meaning: 'the document exists' },
  ALREADY_OPEN: { number: 40909, retry: 'never', meaning: 'the document is open on this socket' },
  NEEDS_RESTORE: { number: 40910, retry: 'after', meaning: 'the relay has lost entries and must be given them back' },
  NOT_OPEN: { number: 40911, retry: 'once', meaning: 'the document is not open on this socket' },
  SNAPSHOT_STALE: { number: 40912, retry: 'reseal', meaning: 'another snapshot is newer, or none may end there' },
  SNAPSHOT_MISSING: { number: 40913, retry: 'once', meaning: 'the relay does not hold this snapshot whole' },
  DELETED: { number: 41000, retry: 'never', meaning: 'the document was deleted' },
  TRIMMED: { number: 41001, retry: 'once', meaning: 'the log is held no more at that place' },
  QUOTA: { number: 41300, retry: 'never', meaning: 'a quota is used up' },
  RATE: { number: 42900, retry: 'after', meaning: 'too fast, or too many' },
  UNAVAILABLE: { number: 50300, retry: 'after', meaning: 'the relay could not store it; nothing is lost' },
}

const refusalByNumber = new Map<number, RefusalCode>(
  (Object.keys(REFUSALS) as RefusalCode[]).map((code) => [REFUSALS[code].number, code]),
)

/** The code of a number from the wire, or `null` for one this version does not know. */
export function refusalOf(number: number): RefusalCode | null {
  return refusalByNumber.get(number) ?? null
}

/** WebSocket close codes: whether to come back, and what happened. [FR21] */
export const CLOSE_CODES = {
  1001: { retry: true, code: 'GOING_AWAY' },
  1003: { retry: false, code: 'TEXT_REFUSED' },
  1009: { retry: false, code: 'TOO_BIG' },
  1011: { retry: true, code: 'INTERNAL' },
  1013: { retry: true, code: 'OVERLOAD' },
  4400: { retry: false, code: 'MALFORMED' },
  4401: { retry: false, code: 'UNAUTHENTICATED' },
  4403: { retry: false, code: 'FORBIDDEN' },
  4404: { retry: false, code: 'UNKNOWN_DOCUMENT' },
  4409: { retry: false, code: 'CONFLICT' },
  4413: { retry: false, code: 'QUOTA' },
  4508: { retry: true, code: 'DEADLINE' },
  4529: { retry: true, code: 'RATE' },
} as const

export type CloseCode = keyof typeof CLOSE_CODES

/** May a client reconnect after this close code? Unknown 44xx are permanent, everything else is transient. [FR21] */
export function isTransientClose(code: number): boolean {
  const known = (CLOSE_CODES as Record<number, { readonly retry: boolean }>)[code]
  return known?.retry ?? !(code >= 4400 && code < 4500)
}

/** Base of every error this project throws: `code` is stable, `message` is for people. */
export class SyncError extends Error {
  override readonly name: string = 'SyncError'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Ciphertext that does not open: always the same words, whatever the cause. [EN11] */
export class OpenError extends SyncError {
  override readonly name = 'OpenError'
  constructor() {
    super('CANNOT_OPEN', 'the envelope does not open with this key')
  }
}

/** The relay refused a request (NACK, CLOSED). */
export class RefusedError extends SyncError {
  override readonly name = 'RefusedError'
  readonly retry: Retry
  readonly retryAfterMs: number
  readonly detail: number
  constructor(code: RefusalCode, retryAfterMs = 0, detail = 0) {
    super(code, REFUSALS[code].meaning)
    this.retry = REFUSALS[code].retry
    this.retryAfterMs = retryAfterMs
    this.detail = detail
  }
}
