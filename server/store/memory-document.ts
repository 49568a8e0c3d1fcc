/**
 * One document of the store in memory: its rows as objects.
 *
 * @module
 */
import { type Bytes, bytesToHex, type Sha512, startTranscript } from '@y-sealed/protocol'

import type { AppendUnit, Creation, Head, Role } from '../core/ports.ts'
import type { PublishedSnapshot, SnapshotStatus, VerifiedSnapshot } from '../core/snapshot-ports.ts'
import { nameSnapshots } from './judge-snapshot.ts'

export interface MemoryEntry {
  readonly seq: number
  readonly counter: number
  readonly session: string
  readonly id: Bytes
  readonly signature: Bytes
  readonly transcript: Bytes
  readonly isRecord: boolean
  readonly isPart: boolean
  /** Unix seconds. */
  readonly atS: number
  /** Of all envelopes up to this one, trimmed or not. */
  readonly sumBytes: number
  /** `null` once it is trimmed. */
  envelope: Bytes | null
}

export interface MemorySession {
  last: MemoryEntry
  readonly entriesByCounter: Map<number, MemoryEntry>
}

/** A snapshot's envelope, as far as it has come. */
export interface MemoryUpload {
  readonly id: Bytes
  readonly total: number
  readonly bytes: Bytes
  held: number
  touchedAtMs: number
  verified: VerifiedSnapshot | null
}

/** `body`: `null` once it is dropped. */
export type MemoryPublished = { -readonly [Key in keyof PublishedSnapshot]: PublishedSnapshot[Key] } & {
  body: Bytes | null
}

export interface MemoryDocument {
  readonly key: number
  readonly id: Bytes
  readonly mode: 'members' | 'shared-key'
  readonly genesisHash: Bytes
  readonly roomKey: Bytes | null
  readonly commitmentsByEpoch: Map<number, Bytes>
  readonly rolesByDevice: Map<string, Role>
  readonly sessionsByKey: Map<string, MemorySession>
  /** By seq − 1; `null` once the mark is forgotten. */
  readonly entries: (MemoryEntry | null)[]
  /** When each live link expires. */
  readonly linksById: Map<string, number>
  /** By device and id. */
  readonly uploads: Map<string, MemoryUpload>
  /** Newest first. */
  readonly published: MemoryPublished[]
  readonly writersByHex: Map<string, Bytes>
  epoch: number
  isEpochClosed: boolean
  recordHead: Bytes
  recordSeq: number
  head: Head
  sumBytes: number
  trimmedBytes: number
  base: number
}

export function createMemoryDocument(key: number, id: Bytes, creation: Creation): MemoryDocument {
  const { mode, genesisHash, roomKey, commitment } = creation
  return {
    key,
    id: id.slice(),
    mode,
    genesisHash: genesisHash.slice(),
    roomKey: roomKey?.slice() ?? null,
    commitmentsByEpoch: new Map([[1, commitment.slice()]]),
    rolesByDevice: new Map(),
    sessionsByKey: new Map(),
    entries: [],
    linksById: new Map(),
    uploads: new Map(),
    published: [],
    writersByHex: new Map(),
    epoch: 1,
    isEpochClosed: false,
    recordHead: genesisHash,
    recordSeq: 0,
    head: { seq: 0, transcript: genesisHash },
    sumBytes: 0,
    trimmedBytes: 0,
    base: 0,
  }
}

export function sessionKey(unit: Pick<AppendUnit, 'device' | 'session'>): string {
  return bytesToHex(unit.device) + bytesToHex(unit.session)
}

export function uploadKey(device: Bytes, snapshotId: Bytes): string {
  return bytesToHex(device) + bytesToHex(snapshotId)
}

/** T at a place up to the head; `null` when it is not held. */
export function memoryTranscriptAt(sha512: Sha512, document: MemoryDocument, seq: number): Bytes | null {
  if (seq === 0) return startTranscript(sha512, document.genesisHash)
  return document.entries[seq - 1]?.transcript ?? null
}

export function memorySnapshotStatus({ published, entries, head, sumBytes }: MemoryDocument): SnapshotStatus {
  const named = nameSnapshots(published.map(toPublished))
  const seq = named.newest?.seq ?? 0
  const before = seq === 0 ? 0 : (entries[seq - 1]?.sumBytes ?? 0)
  return { ...named, entriesSince: head.seq - seq, bytesSince: sumBytes - before }
}

/** A copy without the bytes. */
export function toPublished({ body: _, ...published }: MemoryPublished): PublishedSnapshot {
  return published
}
