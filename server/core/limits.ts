/**
 * What one relay allows, each with the reason for its size. The limits that both sides know stand in the protocol; the relay
 * tells clients those that they must keep to in WELCOME.
 *
 * @module
 */
import {
  AWARENESS_TTL_MS,
  HEARTBEAT_MS,
  HELLO_DEADLINE_MS,
  MAX_DOCUMENTS_PER_SOCKET,
  MAX_PUSHES_IN_FLIGHT,
  PAGE_BYTES,
} from '@y-sealed/protocol'

export interface RelayLimits {
  /** Documents open on one socket. [FR13] */
  readonly documentsPerSocket: number
  /** PUSH frames of one socket without an answer. [FR9] */
  readonly pushesInFlight: number
  /** Parts of one update that wait for the last: a book of text, ten times over. [LO9] */
  readonly groupBytes: number
  /** The same for all sockets together. */
  readonly stagedBytes: number
  /** How long a group may wait for its next part. */
  readonly groupIdleMs: number
  /** READ frames of one socket without an answer. */
  readonly readsInFlight: number
  /** A page of entries, and what OPEN answers inline. [FR5] [FR7] */
  readonly pageBytes: number
  /** From WELCOME to HELLO. [FR2] */
  readonly helloDeadlineMs: number
  /** Between HEARTBEAT frames. [FR11] */
  readonly heartbeatMs: number
  /** Between HEAD frames of a document that changes. [FR11] */
  readonly headIntervalMs: number
  /** How long a shown awareness state lives without renewal. [FR10] */
  readonly awarenessTtlMs: number
  /** Sessions that one socket may show in one document: one is usual, a second overlaps with it for a moment. */
  readonly shownSessions: number
  /** Strikes within `strikeWindowMs` that end a socket. */
  readonly strikes: number
  readonly strikeWindowMs: number
  /** How long a grant outlives its `exp`: clocks differ. [AU3] */
  readonly toleranceMs: number
  /** How long a gap may wait for the bus before the store is read. [BU2] */
  readonly repairDelayMs: number
  /** How often heads are compared with the store, where other relays share it. [BU2] */
  readonly sweepMs: number
  /** Live entries held back while one OPEN reads the store; more, and it begins again. */
  readonly heldBytes: number
  /** Largest bus message that carries entries; beyond it the others read the store. [BU1] */
  readonly busBytes: number
  /** What clients are told to wait when the store fails. */
  readonly retryAfterMs: number
}

export const DEFAULT_LIMITS: RelayLimits = {
  documentsPerSocket: MAX_DOCUMENTS_PER_SOCKET,
  pushesInFlight: MAX_PUSHES_IN_FLIGHT,
  groupBytes: 8_388_608,
  stagedBytes: 268_435_456,
  groupIdleMs: 60_000,
  readsInFlight: 4,
  pageBytes: PAGE_BYTES,
  helloDeadlineMs: HELLO_DEADLINE_MS,
  heartbeatMs: HEARTBEAT_MS,
  headIntervalMs: 10_000,
  awarenessTtlMs: AWARENESS_TTL_MS,
  shownSessions: 4,
  strikes: 10,
  strikeWindowMs: 60_000,
  toleranceMs: 5_000,
  repairDelayMs: 15,
  sweepMs: 5_000,
  heldBytes: 1_048_576,
  busBytes: 32_768,
  retryAfterMs: 1_000,
}
