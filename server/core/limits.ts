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

import type { SocketLimits } from './ports.ts'
import type { Rate } from './token-bucket.ts'

export interface RelayLimits extends SocketLimits {
  /** Documents open on one socket. [FR13] */
  readonly documentsPerSocket: number
  /** PUSH frames of one socket without an answer. [FR9] */
  readonly pushesInFlight: number
  /** Parts of one update that wait for the last: a book of text, ten times over. [LO9] */
  readonly groupBytes: number
  /** The same for all sockets together. */
  readonly stagedBytes: number
  /** PUT_SNAPSHOT frames of one socket without an answer: enough to fill the way there and back. [FR17] */
  readonly chunksInFlight: number
  /** Bytes of snapshots that one person may have staged: two of the largest, so that one person alone does not fill a document's room. [F18] */
  readonly subjectStagedBytes: number
  /** The same of a document, and how many: whoever loses the race for the next one leaves one behind. */
  readonly documentStagedBytes: number
  readonly documentStagedSnapshots: number
  /** How long a snapshot that is not published stays after its last piece. [F18] */
  readonly stagedForMs: number
  /** What may wait for a peer before the next piece of a snapshot: as good as nothing, so that a crowd that opens a large document holds one piece each; the system keeps the line full. [FR18] */
  readonly snapshotQueueBytes: number
  /**
   * A document wants a new snapshot, and wants it urgently, when so many entries or bytes lie behind the newest: half a page of them is read
   * and judged within a few hundredths of a second on a phone; of ten times that somebody who opens takes notice.
   */
  readonly soonEntries: number
  readonly soonBytes: number
  readonly nowEntries: number
  readonly nowBytes: number
  /** How long whoever was asked for a snapshot has before another is. */
  readonly compactionPauseMs: number
  /** Bodies are kept so long at least, though snapshots stand for them: whoever comes back within a week goes on where they were. [LO15] */
  readonly trimAgeMs: number
  /** Marks are kept so long: whoever comes back within three months can still check every entry of the log. [LO15] */
  readonly marksAgeMs: number
  /** Where only one device ever wrote, so much age stands for an attestation: long enough to notice what is wrong. [LO13] */
  readonly attestAgeMs: number
  /** How often documents are looked at for what may go. */
  readonly trimIntervalMs: number
  /** Entries and bytes that go in one transaction, and how long everybody else has their turn between two. */
  readonly trimEntries: number
  readonly trimBytes: number
  readonly trimPauseMs: number
  /** How long a group may wait for its next part. */
  readonly groupIdleMs: number
  /** READ frames of one socket without an answer. */
  readonly readsInFlight: number
  /** SHOW_HEAD, SHOW_IDS and RESTORE frames of one socket without an answer: a megabyte on its way. [FR16] */
  readonly restoresInFlight: number
  /** READs of one person that the store works on at once, from all their sockets; the others wait their turn. [H9] */
  readonly readsPerSubject: number
  /** READs of one person that wait: eight sockets with their `readsInFlight`. */
  readonly readsWaiting: number
  /**
   * PUSH frames of one socket, a group of parts counting as one. Frames and not envelopes: each is one unit of the store, a person who
   * types sends thirty a second at most, and a client that has fallen behind packs up to 64 envelopes into one; their number is
   * bounded by `socketBytes`. Three such persons in a second, and at once what five seconds bring. [FR15] [H1]
   */
  readonly socketPushes: Rate
  /**
   * Bytes of PUSH frames of one socket. In a second: four thousand of the smallest envelopes. At once: two of the largest groups of parts,
   * or sixty thousand keystrokes of somebody who was offline.
   */
  readonly socketBytes: Rate
  /** AWARENESS of one socket: the client sends twenty a second at most, and what a stalled network kept back comes at once. */
  readonly socketAwareness: Rate
  /** OPEN, REFRESH, CLOSE, DELETE and PING of one socket: a full set of documents opened, closed and opened again, several times over. */
  readonly socketRequests: Rate
  /** The same as for a socket, for one person in one document from all their sockets: two devices at full speed. */
  readonly writerPushes: Rate
  readonly writerBytes: Rate
  /**
   * Records of one person, and of one member, in one document: they are kept for ever and read by everybody who opens it. At once: a class
   * of two hundred let in one by one; in a second: one, as fast as anybody changes their mind. [T37]
   */
  readonly writerRecords: Rate
  /** The same for a network (an IPv4 address, an IPv6 /64): ten people at full speed, and a hundred who type. */
  readonly networkPushes: Rate
  readonly networkBytes: Rate
  /** Documents that one person, and one network, may make in an hour, and at once. [H11] */
  readonly subjectCreationsPerHour: number
  readonly networkCreationsPerHour: number
  /** Bytes that one person may have stored in a day, in all documents. */
  readonly subjectBytesPerDay: number
  /** Bytes and entries of one document: four times the longest writing on record, kept as an envelope for each of its keystrokes. */
  readonly documentBytes: number
  readonly documentEntries: number
  /** Bytes beyond that for records alone: whoever has filled a document can still be removed from it. */
  readonly documentRecordBytes: number
  /** Sockets in all: forty kilobytes and a file descriptor each. [H7] */
  readonly sockets: number
  /** Sockets of one network: an office behind one address. */
  readonly socketsPerNetwork: number
  /** Sockets of one person: a few devices with a few tabs. */
  readonly socketsPerSubject: number
  /** Upgrades of one network that are being judged at once, and how many may be tried in a second. [C17] */
  readonly upgradesPerNetwork: number
  readonly networkUpgrades: Rate
  /**
   * TLS handshakes with one network; beyond it connections are reset before they cost one. All its upgrades and all its requests for `/token`,
   * each on a connection of its own, and half as many that come to nothing. [C17]
   */
  readonly networkHandshakes: Rate
  /** Requests for `/token` of one network: each reader asks twice for every document, and again after five minutes. */
  readonly networkTokenRequests: Rate
  /** Sockets let in, in a second and at once: after a restart five thousand are back within half a minute, and typing goes on. [H8] */
  readonly accepts: Rate
  /** WebSocket pings and pongs of one socket: nobody needs one in a second. [E15] [E16] */
  readonly controlFrames: Rate
  /** A page of entries, and what OPEN answers inline. [FR5] [FR7] */
  readonly pageBytes: number
  /** From WELCOME to HELLO. [FR2] */
  readonly helloDeadlineMs: number
  /** Between HEARTBEAT frames. [FR11] */
  readonly heartbeatMs: number
  /** Between HEAD frames of a document that changes. [FR11] */
  readonly headIntervalMs: number
  /** A document that has not changed for so long has its head sent: what its readers hold is then signed for, should it be lost. [LO14] */
  readonly headQuietMs: number
  /** How long a shown awareness state lives without renewal. [FR10] */
  readonly awarenessTtlMs: number
  /** Sessions that one socket may show in one document: one is usual, a second overlaps with it for a moment. */
  readonly shownSessions: number
  /** Strikes within `strikeWindowMs` that end a socket. */
  readonly strikes: number
  readonly strikeWindowMs: number
  /**
   * Signatures and proofs that do not hold, of one person and of one network: honest devices make none. Twenty at once, three a minute;
   * the socket that brings the next is closed for good. [H10]
   */
  readonly badSignatures: Rate
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
  chunksInFlight: 4,
  subjectStagedBytes: 134_218_104,
  documentStagedBytes: 268_436_208,
  documentStagedSnapshots: 16,
  stagedForMs: 3_600_000,
  snapshotQueueBytes: 16_384,
  soonEntries: 500,
  soonBytes: 262_144,
  nowEntries: 4_000,
  nowBytes: 2_097_152,
  compactionPauseMs: 10_000,
  trimAgeMs: 604_800_000,
  marksAgeMs: 7_776_000_000,
  attestAgeMs: 604_800_000,
  trimIntervalMs: 600_000,
  trimEntries: 64,
  trimBytes: 262_144,
  trimPauseMs: 20,
  groupIdleMs: 60_000,
  readsInFlight: 4,
  restoresInFlight: 16,
  readsPerSubject: 2,
  readsWaiting: 32,
  socketPushes: { perSecond: 100, burst: 500 },
  socketBytes: { perSecond: 1_048_576, burst: 16_777_216 },
  socketAwareness: { perSecond: 30, burst: 300 },
  socketRequests: { perSecond: 50, burst: 200 },
  writerPushes: { perSecond: 200, burst: 1_000 },
  writerBytes: { perSecond: 2_097_152, burst: 33_554_432 },
  writerRecords: { perSecond: 1, burst: 240 },
  networkPushes: { perSecond: 1_000, burst: 5_000 },
  networkBytes: { perSecond: 10_485_760, burst: 167_772_160 },
  subjectCreationsPerHour: 200,
  networkCreationsPerHour: 2_000,
  subjectBytesPerDay: 2_147_483_648,
  documentBytes: 536_870_912,
  documentEntries: 1_048_576,
  documentRecordBytes: 16_777_216,
  sockets: 10_000,
  connections: 11_000,
  socketsPerNetwork: 50,
  socketsPerSubject: 8,
  upgradesPerNetwork: 20,
  networkUpgrades: { perSecond: 10, burst: 100 },
  networkHandshakes: { perSecond: 20, burst: 330 },
  networkTokenRequests: { perSecond: 4, burst: 120 },
  accepts: { perSecond: 200, burst: 400 },
  countsLoopback: false,
  handshakesPerTurn: 2,
  messageDeadlineMs: 10_000,
  silenceMs: 30_000,
  controlFrames: { perSecond: 5, burst: 20 },
  stallMs: 10_000,
  hardQueueBytes: 8_388_608,
  liveQueueBytes: 1_048_576,
  pageBytes: PAGE_BYTES,
  helloDeadlineMs: HELLO_DEADLINE_MS,
  heartbeatMs: HEARTBEAT_MS,
  headIntervalMs: 10_000,
  headQuietMs: 1_000,
  awarenessTtlMs: AWARENESS_TTL_MS,
  shownSessions: 4,
  strikes: 10,
  strikeWindowMs: 60_000,
  badSignatures: { perSecond: 0.05, burst: 20 },
  toleranceMs: 5_000,
  repairDelayMs: 15,
  sweepMs: 5_000,
  heldBytes: 1_048_576,
  busBytes: 32_768,
  retryAfterMs: 1_000,
}
