/**
 * What a refusal means for an open document: to be opened again, or over. Rules FR20, FR21.
 *
 * @module
 */
import { refusalOf, SyncError } from '@y-sealed/protocol'
import type { DownReason } from '../connection/channel.ts'

/** Least wait before a document is opened again that the relay could not serve. */
const REOPEN_MS = 1_000

const CLOSE_CODES: Readonly<Record<string, number>> = { TOKEN_REFUSED: 4401, UNKNOWN_DOCUMENT: 4404, DELETED: 4404 }

/** What is closed with it here. */
export const LEFT_CODE = 4409
/** Closed with the same, and looked at no more: another key is another relay's, and this is what relays say. */
const OVER: ReadonlySet<string> = new Set(['HEAD_KEY_CHANGED', 'CONFLICT'])

const REASONS = {
  open: 'the relay did not open the document',
  create: 'the relay did not create the document',
  live: 'the relay closed the document',
} as const

/** The name of a code, also of one that this version does not know. */
export function refusalName(number: number): string {
  return refusalOf(number) ?? `CODE_${number}`
}

/** How long to wait before opening again, in ms, or why that would change nothing. */
export function judgeRefusal(number: number, retryAfterMs: number, refused: keyof typeof REASONS): number | DownReason {
  const code = refusalName(number)
  // An OPEN that crossed another one: closed and opened again, it is clear.
  if (code === 'RATE' || code === 'UNAVAILABLE' || code === 'ALREADY_OPEN') return Math.max(REOPEN_MS, retryAfterMs)
  // Somebody was faster to lay the document down.
  if (refused === 'create' && code === 'EXISTS') return 0
  return downReason(code, REASONS[refused])
}

/** The records say that this device is no member any more. What it has not sent it keeps. */
export const REMOVED: DownReason = {
  transient: false,
  code: 'REMOVED',
  closeCode: 4403,
  reason: 'this device is no longer a member of the document',
}

/** The relay says so, or its issuer, and shows no record of it: to a stranger none is shown. */
const SHUT_OUT: DownReason = {
  transient: false,
  code: 'NOT_A_MEMBER',
  closeCode: 4403,
  reason:
    'the relay no longer lets this device into the document: somebody has removed it, or the relay refuses; ' +
    'what was written here and is not saved stays on this device',
}

/** What the relay or its issuer calls forbidden, to a device that has belonged, and that the records may have taken out. */
export function explainRemoval(told: DownReason, isRemoved: boolean): DownReason {
  if (told.code !== 'FORBIDDEN' && told.code !== 'NOT_A_MEMBER') return told
  return isRemoved ? REMOVED : SHUT_OUT
}

/** For good. */
export function downReason(code: string, reason: string): DownReason {
  return { transient: false, code, closeCode: CLOSE_CODES[code] ?? 4403, reason }
}

/** The relay was left, for what it shows is not believed: it is looked at now and then, and the document goes on by itself. [CL30] */
export function isLeft({ closeCode, code }: DownReason): boolean {
  return closeCode === LEFT_CODE && !OVER.has(code)
}

/** The same as an error, for whoever waits. */
export function closedError(reason: DownReason): SyncError {
  return new SyncError(reason.code, reason.reason === '' ? 'the relay closed the document' : reason.reason)
}
