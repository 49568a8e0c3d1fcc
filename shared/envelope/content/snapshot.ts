/**
 * Content of a snapshot: the merged Yjs state up to a seq, and what a reader needs to go on from there. Rule LO10.
 *
 * @module
 */
import type { Bytes } from '../../bytes.ts'
import { HASH_BYTES } from '../../crypto/hash.ts'
import { MAX_SEALED_BYTES } from '../../limits.ts'
import type { DecodeResult, WireFault } from '../../wire/fault.ts'
import { Reader } from '../../wire/reader.ts'
import { packRows, readRows, type Row, type RowShape, type SortedRows } from '../../wire/sorted-rows.ts'
import { Writer } from '../../wire/writer.ts'

const SNAPSHOT_VERSION = 1

/** Key `device 16 ‖ session 8`; value `u64 counter ‖ u64 seq ‖ id 32 ‖ u8 standing`. */
const SESSION_ROW = { keyBytes: 24, valueBytes: 49 }
/** Key `u64 client id`; value `device 16`. */
const BINDING_ROW = { keyBytes: 8, valueBytes: 16 }
/** Key `signPublic 32 ‖ boxPublic 32`. */
const DEVICE_ROW = { keyBytes: 64, valueBytes: 0 }
/** Key `u64 k`; value `snapshot id 32 ‖ device 16 ‖ member 16 ‖ content digest 32 ‖ u8 standing`. */
const PUBLICATION_ROW = { keyBytes: 8, valueBytes: 97 }

/**
 * `live`: its entries may count. `dead`: it ended with an entry that nothing vouched for [EN13]. In `shared-key` mode also `void`: it was
 * introduced by an entry that did not count, and `unknown`: it was not introduced [KM15].
 */
export type SessionStanding = 'live' | 'dead' | 'void' | 'unknown'

const SESSION_STANDINGS: readonly SessionStanding[] = ['live', 'dead', 'void', 'unknown']

/** Where one session stood. */
export interface SessionState {
  readonly device: Bytes
  readonly session: Bytes
  readonly counter: number
  readonly seq: number
  /** Of its last entry, 32 bytes. */
  readonly id: Bytes
  readonly standing: SessionStanding
}

/** What attestations say of a published snapshot. [LO13] */
export type SnapshotStanding = 'published' | 'attested' | 'disputed'

const STANDINGS: readonly SnapshotStanding[] = ['published', 'attested', 'disputed']

/** A published snapshot as the log knows it. */
export interface PublishedSnapshot {
  /** k: it holds the log up to here. */
  readonly seq: number
  /** 32 bytes. */
  readonly id: Bytes
  /** Its author. */
  readonly device: Bytes
  /** The author's member at the publication's place; in `shared-key` mode the device once more. */
  readonly member: Bytes
  readonly contentDigest: Bytes
  readonly standing: SnapshotStanding
}

/** What a snapshot holds. */
export interface SnapshotContent {
  /** T_k, 32 bytes. */
  readonly transcript: Bytes
  /** Id of the last record, 32 bytes. */
  readonly recordHead: Bytes
  /** See {@link packSessions} and {@link readSession}. */
  readonly sessions: SortedRows
  /** See {@link packBindings}: 8-byte client ids to device ids. */
  readonly bindings: SortedRows
  /** Introduced devices: both public keys of each. [KM15] */
  readonly devices: SortedRows
  /** See {@link packPublications} and {@link readPublication}: those that the tail may still speak of. [LO11] */
  readonly publications: SortedRows
  /** When it was made by its author's word, in Unix ms. */
  readonly authoredAt: number
  /** Yjs V2 update. */
  readonly state: Bytes
}

/** Sessions as rows, in any order. */
export function packSessions(sessions: Iterable<SessionState>): SortedRows {
  const rows: Row[] = []
  for (const { device, session, counter, seq, id, standing } of sessions) {
    const key = new Writer(24).fixed(device, 16).fixed(session, 8).finish()
    const value = new Writer(49).u64(counter).u64(seq).fixed(id, HASH_BYTES)
    rows.push([key, value.u8(SESSION_STANDINGS.indexOf(standing)).finish()])
  }
  return packRows(SESSION_ROW, rows)
}

/** The session of row `i`. */
export function readSession(sessions: SortedRows, i: number): SessionState {
  const key = sessions.key(i)
  const reader = new Reader(sessions.value(i))
  return {
    device: key.subarray(0, 16),
    session: key.subarray(16),
    counter: reader.u64(),
    seq: reader.u64(),
    id: reader.fixed(HASH_BYTES),
    standing: SESSION_STANDINGS[reader.u8()] as SessionStanding,
  }
}

/** Bindings as rows, in any order: which device owns a Yjs client id. [CL2] */
export function packBindings(bindings: Iterable<readonly [clientId: number, device: Bytes]>): SortedRows {
  const rows: Row[] = []
  for (const [clientId, device] of bindings) rows.push([new Writer(8).u64(clientId).finish(), device])
  return packRows(BINDING_ROW, rows)
}

/** Introduced devices as rows, in any order: 64 bytes of public keys each. */
export function packIntroduced(devices: Iterable<Bytes>): SortedRows {
  const rows: Row[] = []
  for (const keys of devices) rows.push([keys, new Uint8Array(0)])
  return packRows(DEVICE_ROW, rows)
}

/** Publications as rows, in any order. */
export function packPublications(publications: Iterable<PublishedSnapshot>): SortedRows {
  const rows: Row[] = []
  for (const { seq, id, device, member, contentDigest, standing } of publications) {
    const value = new Writer(97).fixed(id, HASH_BYTES).fixed(device, 16).fixed(member, 16)
    const last = value.fixed(contentDigest, HASH_BYTES).u8(STANDINGS.indexOf(standing)).finish()
    rows.push([new Writer(8).u64(seq).finish(), last])
  }
  return packRows(PUBLICATION_ROW, rows)
}

/** The publication of row `i`. */
export function readPublication(publications: SortedRows, i: number): PublishedSnapshot {
  const reader = new Reader(publications.value(i))
  return {
    seq: new Reader(publications.key(i)).u64(),
    id: reader.fixed(HASH_BYTES),
    device: reader.fixed(16),
    member: reader.fixed(16),
    contentDigest: reader.fixed(HASH_BYTES),
    standing: STANDINGS[reader.u8()] as SnapshotStanding,
  }
}

/** What a snapshot says besides the document: a function of the log up to k, as the state is, and part of its digest. [LO12] */
export type SnapshotContext = Omit<SnapshotContent, 'authoredAt' | 'state'>

/** The context as it stands in the content. */
export function encodeSnapshotContext(context: SnapshotContext): Bytes {
  const { transcript, recordHead, sessions, bindings, devices, publications } = context
  const writer = new Writer(4_096).fixed(transcript, HASH_BYTES).fixed(recordHead, HASH_BYTES)
  for (const rows of [sessions, bindings, devices, publications]) writer.u32(rows.length).raw(rows.bytes)
  return writer.finish()
}

/** The content as bytes. */
export function encodeSnapshot(content: SnapshotContent): Bytes {
  return new Writer(content.state.length + 4_096)
    .u8(SNAPSHOT_VERSION)
    .raw(encodeSnapshotContext(content))
    .u64(content.authoredAt)
    .bytes32(content.state, MAX_SEALED_BYTES.snapshot)
    .finish()
}

function readCounted(reader: Reader, shape: RowShape): SortedRows {
  return readRows(reader, shape, reader.u32())
}

/** Integers and flags inside rows are read where the rows are, so that a snapshot is refused whole. [WI3] */
function findRowFault(sessions: SortedRows, bindings: SortedRows, publications: SortedRows): WireFault | null {
  const session = new Reader(sessions.bytes)
  while (session.remaining > 0) {
    session.skip(24)
    session.u64()
    session.u64()
    session.skip(HASH_BYTES)
    session.require(session.u8() < SESSION_STANDINGS.length, 'type')
  }
  const binding = new Reader(bindings.bytes)
  while (binding.remaining > 0) {
    binding.u64()
    binding.skip(16)
  }
  const publication = new Reader(publications.bytes)
  while (publication.remaining > 0) {
    publication.u64()
    publication.skip(96)
    publication.require(publication.u8() < STANDINGS.length, 'type')
  }
  return session.fault ?? binding.fault ?? publication.fault
}

/** Reads the content; everything in it is a view. Never throws. [WI3] */
export function decodeSnapshot(bytes: Bytes): DecodeResult<SnapshotContent> {
  const reader = new Reader(bytes)
  reader.require(reader.u8() === SNAPSHOT_VERSION, 'version')
  const transcript = reader.fixed(HASH_BYTES)
  const recordHead = reader.fixed(HASH_BYTES)
  const sessions = readCounted(reader, SESSION_ROW)
  const bindings = readCounted(reader, BINDING_ROW)
  const devices = readCounted(reader, DEVICE_ROW)
  const publications = readCounted(reader, PUBLICATION_ROW)
  const authoredAt = reader.u64()
  const state = reader.bytes32(MAX_SEALED_BYTES.snapshot)
  const fault = findRowFault(sessions, bindings, publications)
  if (fault !== null) reader.fail(fault)
  return reader.finish({ transcript, recordHead, sessions, bindings, devices, publications, authoredAt, state })
}
