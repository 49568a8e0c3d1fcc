/**
 * What the relay's core needs from the world, declared by the room that needs it. Adapters implement these; the core
 * never sees a socket, a database, a token format or a timer. The shapes are those of a store shared by many relays and
 * a bus that may lose messages; SQLite in one process is the small case of the same thing.
 *
 * @module
 */
import type { Bytes, CloseCode, HeadKeyStatement } from '@y-sealed/protocol'

import type { AttestationEffect, PublicationEffect, SnapshotStatus, SnapshotStore } from './snapshot-ports.ts'

/** What a member may do, in ascending order: each role includes those before it. `none` is no member. [KM10] */
export type Role = 'none' | 'reader' | 'writer' | 'admin'

/** One envelope on its way into the log: the fields that the append judges, and the received bytes verbatim. */
export interface NewEntry {
  /** Kind byte of the envelope. [EN3] */
  readonly kind: number
  readonly epoch: number
  /** 1, 2, 3… per (device, session). */
  readonly counter: number
  /** First 16 bytes of the id of this session's previous entry; zeros when `counter` is 1. */
  readonly prev: Bytes
  readonly seenSeq: number
  /** First 16 bytes of the transcript at `seenSeq`. */
  readonly seenTranscript: Bytes
  /** 32 bytes. [EN6] */
  readonly id: Bytes
  /** Header, ciphertext and signature exactly as received: stored and forwarded, never rebuilt. */
  readonly envelope: Bytes
}

/** A link that a record makes live, or ends. [KM17] */
export interface LinkChange {
  /** Id of the link, 16 bytes. */
  readonly link: Bytes
  /** Unix seconds after which the relay refuses it, 0 for never; `null`: it ends. */
  readonly expiresAt: number | null
}

/** What a member-log record does to the document row, computed by the core from the record's body. [KM9] */
export interface RecordEffect {
  /** The record head that this record names as its predecessor (32 bytes); it must be the current one. */
  readonly recordPrev: Bytes
  /** The epoch and commitment in force after it, when it rotates. */
  readonly rotation?: { readonly epoch: number; readonly commitment: Bytes }
  /** After it nothing but records is taken in the epoch in force. [KM18] */
  readonly closesEpoch?: boolean
  /** Devices whose role it changes; `none` removes. */
  readonly roles: readonly { readonly device: Bytes; readonly role: Role }[]
  readonly links?: readonly LinkChange[]
  /** The heads that a `restart` names: it is stored upon the one and where the other is lacking, or not at all. [LO14] */
  readonly restart?: { readonly lost: Head; readonly kept: Head }
}

/** What a genesis lays down. [KM2] */
export interface Creation {
  /** 32 bytes; its first 16 are the document id. */
  readonly genesisHash: Bytes
  readonly mode: 'members' | 'shared-key'
  readonly commitment: Bytes
  /** Public half that signs introductions, 32 bytes; `shared-key` mode only. */
  readonly roomKey?: Bytes
  /** Creator's role; empty in `shared-key` mode. */
  readonly roles: readonly { readonly device: Bytes; readonly role: Role }[]
}

/**
 * One push: consecutive entries of one session, stored all or none. Judged inside the transaction that stores it.
 * A genesis stands alone in its unit, as does a record, a publication, an attestation.
 */
export interface AppendUnit {
  readonly document: Bytes
  readonly device: Bytes
  readonly session: Bytes
  /** The least role that the kinds in this unit ask for. Not looked at in `shared-key` mode. [AU6] */
  readonly needs: Role
  /** At least one; counters consecutive; all of one epoch. */
  readonly entries: readonly [NewEntry, ...NewEntry[]]
  readonly creation?: Creation
  readonly record?: RecordEffect
  readonly publication?: PublicationEffect
  readonly attestation?: AttestationEffect
  /** True when the entries are the parts of one update: recorded, so that no snapshot ends inside the group. [LO9] */
  readonly group: boolean
  /**
   * Given back: stored at seq `at` or not at all. `isProven`: this deployment has signed a head that covers it, so that its author's right to
   * write there was judged before. [LO14]
   */
  readonly restored?: { readonly at: number; readonly isProven: boolean }
}

/**
 * `stored`: durable; `seqs[i]` is the place of `entries[i]`; `fresh` counts those that this call stored (the others were
 * there before, byte for byte). The newly stored ones are the last `fresh` entries and their seqs are consecutive;
 * `head` is the document's head after them.
 * Every other status stored nothing. [FR20] maps each to its NACK.
 */
export type AppendResult =
  | { readonly status: 'stored'; readonly seqs: readonly number[]; readonly fresh: number; readonly head: Head }
  | { readonly status: 'counter-gap'; readonly expected: number }
  | { readonly status: 'equivocation' | 'prev-mismatch'; readonly counter: number }
  /** `epoch`: the one in force, or, where that is closed to this unit, the next. [KM18] */
  | { readonly status: 'epoch-stale'; readonly epoch: number }
  | { readonly status: 'record-stale'; readonly recordHead: Bytes; readonly recordSeq: number }
  | { readonly status: 'seen-unknown' | 'seen-too-old' | 'session-closed' }
  /** Its parent is not the newest published, or it ends where none may; `newest`: whose id and seq to go by. */
  | { readonly status: 'snapshot-stale'; readonly newest: { readonly id: Bytes; readonly seq: number } | null }
  /** Not staged whole, or not published; `held`: bytes that are staged. */
  | { readonly status: 'snapshot-missing'; readonly held: number }
  /** What a publication or attestation says is not so. */
  | { readonly status: 'snapshot-wrong' }
  | { readonly status: 'forbidden' | 'exists' | 'unknown' | 'deleted' }
  /** The log lacks what was signed up to `seq`: nothing is taken but what is given back, and a restart. [LO14] */
  | { readonly status: 'needs-restore'; readonly seq: number }
  /** What was to be given back, or a restart, does not follow the head. */
  | { readonly status: 'moved'; readonly head: Head }

/** The place and transcript of a document's newest entry. Seq 0 with T_0 is the empty log. [LO2] */
export interface Head {
  readonly seq: number
  /** 32 bytes. */
  readonly transcript: Bytes
}

/** The row that describes a document. */
/** A head that was signed once and that the log lacks. [LO14] */
export interface LostHead extends Head {
  /** It is that of a proof with which the document was put back: it stands, however far others are that are shown. */
  readonly isPinned: boolean
}

export interface DocumentStatus {
  readonly head: Head
  readonly genesisHash: Bytes
  readonly mode: 'members' | 'shared-key'
  readonly roomKey: Bytes | null
  readonly epoch: number
  /** Of the epoch in force, 32 bytes. */
  readonly commitment: Bytes
  /** Nothing but records is taken in the epoch in force. [KM18] */
  readonly isEpochClosed: boolean
  /** Id of the newest record, 32 bytes, and its seq. */
  readonly recordHead: Bytes
  readonly recordSeq: number
  /** Bytes of the envelopes that the log holds: what is trimmed is given back. */
  readonly logBytes: number
  /** The furthest head that was signed once and that the log lacks, or the one that is pinned. [LO14] */
  readonly lost: LostHead | null
  /** Seq up to which bodies are gone, but for records; 0 when the log is whole. [LO15] */
  readonly base: number
  readonly snapshots: SnapshotStatus
  readonly deleted: boolean
}

export interface StoredEntry {
  readonly seq: number
  readonly envelope: Bytes
}

/** The durable truth. All methods may be called at once; results are those of some serial order per document. */
export interface Store {
  /**
   * Appends units in the order given, each judged by itself against the state left by those before it. Resolves when
   * everything it reports as stored is durable. Rejects when the outcome is unknown (disk full, connection lost):
   * the caller may retry the same units, which is idempotent. Calls take effect in the order in which they were made,
   * so that a session's pushes may be in flight one behind another.
   */
  append(units: readonly AppendUnit[]): Promise<readonly AppendResult[]>
  /** One row per document asked for, in that order; `null` where there is none. */
  status(documents: readonly Bytes[]): Promise<readonly (DocumentStatus | null)[]>
  /** Entries after `after`, contiguous from `after + 1` (none where that is trimmed), at most `maxEntries` and (beyond the first) `maxBytes`. */
  read(
    document: Bytes,
    after: number,
    max: { readonly entries: number; readonly bytes: number },
  ): Promise<readonly StoredEntry[]>
  /** Member-log records after seq `after`, in order, at most `maxBytes` beyond the first. Never trimmed. */
  readRecords(document: Bytes, after: number, maxBytes: number): Promise<readonly StoredEntry[]>
  /** Marks (id 32 ‖ signature 64) of entries `after + 1 … after + max`, in order, none where the first is forgotten: with them T is recomputed. [LO2] */
  readMarks(document: Bytes, after: number, max: number): Promise<readonly Bytes[]>
  /** T at `seq` (32 bytes), or `null` when the log does not reach it or holds it no more. */
  transcriptAt(document: Bytes, seq: number): Promise<Bytes | null>
  /** The role of a device in a `members` document as of the head; `none` when it has none. */
  roleOf(document: Bytes, device: Bytes): Promise<Role>
  /** When a live link expires (Unix s, 0 never); `null` for what is no live link of the document. [KM17] */
  linkOf(document: Bytes, link: Bytes): Promise<{ readonly expiresAt: number } | null>
  /** What a session stored under a counter; `null` when it is nothing, or held no more. */
  entryAt(
    document: Bytes,
    device: Bytes,
    session: Bytes,
    counter: number,
  ): Promise<{ readonly seq: number; readonly id: Bytes } | null>
  /**
   * Notes a head that this deployment has signed. What the log lacks then, durably noted: that head, one further on, or the one that is
   * pinned; `null` when it has all of it. The document need not exist. [LO14]
   */
  noteSigned(document: Bytes, head: Head): Promise<LostHead | null>
  /** Commitments by epoch, ascending from 1: [epoch, commitment]. */
  commitments(document: Bytes): Promise<readonly (readonly [number, Bytes])[]>
  readonly snapshots: SnapshotStore
  /** Removes a document's rows and leaves a tombstone for ever. False when there is no such document. Idempotent. */
  remove(document: Bytes): Promise<boolean>
  close(): Promise<void>
}

/** What one relay tells the others. May lose, repeat and reorder; the store is the truth. */
export interface Bus {
  /** True when no other relay shares the store: nothing need be published, and nothing can be missed. */
  readonly isAlone?: boolean
  start(on: BusEvents): Promise<void>
  /** Resolves when in force. */
  subscribe(document: Bytes): Promise<void>
  unsubscribe(document: Bytes): void
  /** Never throws; may drop. */
  publish(document: Bytes, message: Bytes): void
  close(): Promise<void>
}

export interface BusEvents {
  message(document: Bytes, message: Bytes): void
  /** Messages of these documents may have been missed: compare with the store. */
  lost(documents: readonly Bytes[] | 'all'): void
}

/** What a token may allow; `PERMISSIONS` fixes the bit of each on the wire. [AU4] */
export type Permission = 'read' | 'write' | 'awareness' | 'snapshot' | 'members' | 'create' | 'delete'

/** A token that has passed every check: what it grants, to whom, for which document, until when. [AU3] */
export interface Grant {
  readonly document: Bytes
  readonly subject: string
  readonly tokenId: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  readonly permissions: ReadonlySet<Permission>
  /** Device id (16 bytes) that alone may use the token; `null` when it names none. */
  readonly device: Bytes | null
}

/** The verdict on a token; `reason` is for the log, never for the peer. */
export type TokenVerdict =
  | { readonly ok: true; readonly grant: Grant }
  | { readonly ok: false; readonly reason: string }

export interface Auth {
  /** Never throws, never rejects. */
  verify(token: string): Promise<TokenVerdict>
  /** Was a grant that it once gave taken back since? Asked of all that are in force by `Room.recheckGrants`. */
  isRevoked?(grant: Grant): boolean
}

/** Milliseconds. `now` is the wall clock, for token times; `monotonic` is for deadlines and rates. */
export interface Clock {
  now(): number
  monotonic(): number
  /** Calls back once after at least `delayMs`; returns a cancel function. */
  after(delayMs: number, callback: () => void): () => void
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Structured, one line an event. Never given a payload, a token, a key or a whole address. [J3] */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** Counters and observations by name; labels are few and bounded. */
export interface Metrics {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void
  observe(name: string, value: number): void
  gauge(name: string, value: number): void
}

/**
 * A piece of so many bytes is handed on as it is, by who lays frames out and by who writes them to a socket: copies of pages are memory outside
 * the heap, for want of which V8 collects all of it. Many short pieces cost less in one frame than each in its own. [H9]
 */
export const LONG_BYTES = 16_384

/** What the core tells one peer. One per socket; the transport frames, gathers and writes. */
export interface Outbound {
  /**
   * Takes one frame, `rest` being its end where it comes in two pieces; the bytes must not change after. Never throws; does nothing once
   * the socket is closing.
   */
  send(frame: Bytes, rest?: Bytes): void
  /** Hands what was taken to the network now; without it that happens at the end of the turn. Never throws. */
  flush(): void
  /** Sends what is queued, then closes. A second call does nothing. [FR21] */
  close(code: CloseCode, reason: string): void
  /** Bytes taken and not yet handed to the network. */
  readonly bufferedBytes: number
}

/** The key by which this deployment stands for its heads. [LO4] [LO5] */
export interface HeadKey {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Bytes
  /** The signature (64 bytes) of `message`. */
  sign(message: Bytes): Bytes
  /** How it followed from older keys, oldest first; none by default. */
  readonly statements?: readonly HeadKeyStatement[]
}

/** What a granted upgrade leaves behind. */
export interface Upgrade {
  /** The token as it stood in the request. */
  readonly token: string
  readonly grant: Grant
  /** Key of the network that the socket comes from, for what sockets of one network share; without it none is counted. */
  readonly network?: string
}

/** The core's side of one socket. */
export interface RoomConnection {
  /** For logs. */
  readonly id: number
  /** Takes one binary message. Never throws. The bytes may be kept, so they must not change after. */
  receive(message: Bytes): void
  /** A WebSocket ping or pong came. [E15] [E16] */
  controlFrame(): void
  /** Closes it for a reason that the transport has found. */
  end(code: CloseCode, reason: string): void
  /** The socket is gone. */
  left(): void
}

/** An upgrade that may not be: why, and after how many seconds to ask again. */
export interface Turned {
  readonly ok: false
  readonly status: 429 | 503
  readonly event: string
  readonly retryAfterS: number
}

/** A place that is held for an upgrade, and for the socket that comes of it, until {@link Place.leave}. */
export interface Place {
  readonly ok: true
  /** The token was good: counts the socket for its person, or says why it may not come in after all. */
  claim(subject: string): Turned | null
  /** Gives everything back. A second call does nothing. */
  leave(): void
}

/** Who may come in. */
export interface Doorkeeper {
  /** Takes one of the handshakes that a network has; false when there is none left. `network` is empty for one that is not counted. */
  beginHandshake(network: string): boolean
  /** Holds a place for an upgrade that has begun. `network` is empty for one that is not counted. */
  enter(network: string): Place | Turned
}

/** What the transport sees to by itself. */
export interface SocketLimits {
  /** TCP connections in all: the sockets, and a tenth more that are on their way in or are told that there is no room. [H14] */
  readonly connections: number
  /** Are this machine's own addresses a network like others? By default not: what comes from there is the operator, or a proxy for all. */
  readonly countsLoopback: boolean
  /**
   * TLS handshakes begun in one turn of the event loop: each holds it for about a millisecond, and what has come for those who are inside is
   * taken in between. A loop that has nothing else to do still begins thousands in a second. [H8]
   */
  readonly handshakesPerTurn: number
  /** From the first byte of a message to its last: 64 KiB at the pace of a bad mobile network. [E12] [H2] */
  readonly messageDeadlineMs: number
  /** A peer silent for so long is asked whether it is there, twice; then it is taken for gone. [H4] */
  readonly silenceMs: number
  /** What may wait for a peer before live delivery to it stops and it is told to READ: some seconds of a slow phone. [FR14] */
  readonly liveQueueBytes: number
  /** A peer for which more waits is cut off when it has taken nothing for so long, */
  readonly stallMs: number
  /** and at once when so much waits. [H5] */
  readonly hardQueueBytes: number
}
