/**
 * NACK and its table: what each verdict of the store says to the client. Rules FR9, FR20.
 *
 * @module
 */
import { encodeRelayFrame, REFUSALS, type Bytes, type RefusalCode } from '@y-sealed/protocol'

import type { AppendResult } from './ports.ts'

/** A refusal with what goes with it. */
export interface Refusal {
  readonly code: RefusalCode
  readonly detail?: number
  readonly retryAfterMs?: number
  readonly attachment?: Bytes
}

/** Which frame is refused. */
export interface RefusedFrame {
  /** Its type byte. */
  readonly type: number
  readonly document: Bytes
  readonly session?: Bytes
  readonly counter?: number
}

/** After so long it may be tried again, should nobody be told that the log is whole. */
const RESTORE_PATIENCE_MS = 2_000
const NO_SESSION: Bytes = new Uint8Array(8)
const NOTHING: Bytes = new Uint8Array(0)

/** The NACK as bytes. [FR4] */
export function encodeRefusal(refused: RefusedFrame, refusal: Refusal): Bytes {
  return encodeRelayFrame({
    type: 'nack',
    refused: refused.type,
    document: refused.document,
    session: refused.session ?? NO_SESSION,
    counter: refused.counter ?? 0,
    code: REFUSALS[refusal.code].number,
    retryAfterMs: refusal.retryAfterMs ?? 0,
    detail: refusal.detail ?? 0,
    attachment: refusal.attachment ?? NOTHING,
  })
}

type Refused = Exclude<AppendResult, { readonly status: 'stored' }>

const CODES: Readonly<Record<Refused['status'], RefusalCode>> = {
  'counter-gap': 'COUNTER_GAP',
  equivocation: 'EQUIVOCATION',
  'prev-mismatch': 'PREV_MISMATCH',
  'epoch-stale': 'EPOCH_STALE',
  'record-stale': 'RECORD_STALE',
  'seen-unknown': 'SEEN_UNKNOWN',
  'seen-too-old': 'SEEN_TOO_OLD',
  'session-closed': 'SESSION_CLOSED',
  'snapshot-stale': 'SNAPSHOT_STALE',
  'snapshot-missing': 'SNAPSHOT_MISSING',
  'snapshot-wrong': 'BAD_ENVELOPE',
  forbidden: 'FORBIDDEN',
  exists: 'EXISTS',
  'needs-restore': 'NEEDS_RESTORE',
  moved: 'RECORD_STALE',
  unknown: 'UNKNOWN_DOCUMENT',
  deleted: 'DELETED',
}

/** What the store refused to append, in the words of FR20. */
export function refusalOfAppend(result: Refused): Refusal {
  const code = CODES[result.status]
  if (result.status === 'counter-gap') return { code, detail: result.expected }
  if (result.status === 'equivocation' || result.status === 'prev-mismatch') return { code, detail: result.counter }
  if (result.status === 'needs-restore') return { code, detail: result.seq, retryAfterMs: RESTORE_PATIENCE_MS }
  if (result.status === 'moved') return { code, detail: result.head.seq }
  if (result.status === 'record-stale') return { code, detail: result.recordSeq }
  if (result.status === 'snapshot-missing') return { code, detail: result.held }
  if (result.status === 'snapshot-stale') {
    const { newest } = result
    return newest === null ? { code } : { code, detail: newest.seq, attachment: newest.id }
  }
  return result.status === 'epoch-stale' ? { code, detail: result.epoch } : { code }
}
