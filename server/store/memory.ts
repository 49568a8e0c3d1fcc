/**
 * The store in memory: the twin of the durable ones, with the same judgement, for tests and for a relay that is to
 * forget. Nothing outlives `close`.
 *
 * @module
 */
import { type Bytes, bytesToHex, concatBytes, equalBytes, type Sha512 } from '@y-sealed/protocol'

import type {
  AppendResult,
  AppendUnit,
  Creation,
  DocumentStatus,
  Head,
  LostHead,
  Store,
  StoredEntry,
} from '../core/ports.ts'
import { checkUnit } from './check-unit.ts'
import { furtherLost } from './lost-head.ts'
import { deletedStatus } from './deleted-status.ts'
import { type AppendView, judgeAppend, type PlacedEntry, signatureOf } from './judge-append.ts'
import {
  createMemoryDocument,
  memorySnapshotStatus,
  memoryTranscriptAt,
  sessionKey,
  uploadKey,
  type MemoryDocument,
  type MemoryEntry,
} from './memory-document.ts'
import { applySnapshotEffects, createMemorySnapshots } from './memory-snapshots.ts'
import { nodeSha512 } from './node-sha512.ts'
import { StoreError } from './store-error.ts'

export interface MemoryStoreOptions {
  readonly sha512?: Sha512
  /** Unix milliseconds. */
  readonly now?: () => number
}

export function createMemoryStore({ sha512 = nodeSha512, now = Date.now }: MemoryStoreOptions = {}): Store {
  const documentsById = new Map<string, MemoryDocument | 'deleted'>()
  const lostById = new Map<string, LostHead>()
  let isClosed = false
  let lastKey = 0

  function find(id: Bytes): MemoryDocument | null {
    if (isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed')
    const document = documentsById.get(bytesToHex(id))
    return document === undefined || document === 'deleted' ? null : document
  }

  function appendUnit(unit: AppendUnit): AppendResult {
    const key = bytesToHex(unit.document)
    const known = documentsById.get(key) ?? null
    const view = viewOf(sha512, unit, known, lostById.get(key) ?? null)
    const verdict = judgeAppend(sha512, unit, view)
    if (verdict.status === 'refused') return verdict.result
    const { seqs, placed, head, isWhole } = verdict
    if (isWhole) lostById.delete(key)
    if (placed.length > 0) {
      const document =
        known === null || known === 'deleted'
          ? createMemoryDocument(++lastKey, unit.document, unit.creation as Creation)
          : known
      documentsById.set(key, document)
      storeUnit(document, unit, { placed, head, nowMs: now(), view })
    }
    return { status: 'stored', seqs, fresh: placed.length, head }
  }

  return {
    async append(units) {
      if (isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed')
      for (const unit of units) checkUnit(unit)
      return units.map(appendUnit)
    },
    async status(documents) {
      return documents.map((id) => {
        const document = find(id)
        if (document === null) return documentsById.has(bytesToHex(id)) ? deletedStatus() : null
        return { ...documentToStatus(document), lost: lostById.get(bytesToHex(id)) ?? null }
      })
    },
    async read(id, after, max) {
      return takePage(find(id)?.entries.slice(after, after + max.entries) ?? [], max.bytes, true)
    },
    async readRecords(id, after, maxBytes) {
      return takePage(
        find(id)
          ?.entries.slice(after)
          .filter((entry) => entry?.isRecord === true) ?? [],
        maxBytes,
        false,
      )
    },
    async readMarks(id, after, max) {
      const marks: Bytes[] = []
      for (const entry of find(id)?.entries.slice(after, after + max) ?? []) {
        if (entry === null) break
        marks.push(concatBytes(entry.id, entry.signature))
      }
      return marks
    },
    async transcriptAt(id, seq) {
      const document = find(id)
      return document === null ? null : memoryTranscriptAt(sha512, document, seq)
    },
    async roleOf(id, device) {
      return find(id)?.rolesByDevice.get(bytesToHex(device)) ?? 'none'
    },
    async linkOf(id, link) {
      const expiresAt = find(id)?.linksById.get(bytesToHex(link))
      return expiresAt === undefined ? null : { expiresAt }
    },
    async entryAt(id, device, session, counter) {
      const entry = find(id)?.sessionsByKey.get(sessionKey({ device, session }))?.entriesByCounter.get(counter)
      return entry === undefined ? null : { seq: entry.seq, id: entry.id }
    },
    async noteSigned(id, head) {
      const document = find(id)
      const key = bytesToHex(id)
      const noted = lostById.get(key) ?? null
      if (documentsById.get(key) === 'deleted') return null
      const held = document === null ? null : memoryTranscriptAt(sha512, document, head.seq)
      if (held === null && document !== null && head.seq <= document.base) return noted
      const lost = furtherLost(head, noted, held)
      if (lost !== null) lostById.set(key, lost)
      return lost
    },
    async commitments(id) {
      return [...(find(id)?.commitmentsByEpoch ?? [])]
    },
    snapshots: createMemorySnapshots({
      find,
      isDeleted: (id) => documentsById.get(bytesToHex(id)) === 'deleted',
      all: () => [...documentsById.values()].filter((each) => each !== 'deleted'),
      sha512,
      now,
    }),
    async remove(id) {
      if (find(id) !== null) documentsById.set(bytesToHex(id), 'deleted')
      lostById.delete(bytesToHex(id))
      return documentsById.has(bytesToHex(id))
    },
    async close() {
      isClosed = true
      documentsById.clear()
    },
  }
}

function viewOf(
  sha512: Sha512,
  unit: AppendUnit,
  document: MemoryDocument | 'deleted' | null,
  lost: Head | null,
): AppendView {
  const log = document === 'deleted' ? null : document
  const session = log?.sessionsByKey.get(sessionKey(unit))
  return {
    document: () => document,
    session: () => session?.last ?? null,
    stored: (counter) => session?.entriesByCounter.get(counter) ?? null,
    transcriptAt: (seq) => (log === null ? null : memoryTranscriptAt(sha512, log, seq)),
    role: () => log?.rolesByDevice.get(bytesToHex(unit.device)) ?? 'none',
    lost: () => lost,
    newestPublished: () => log?.published[0] ?? null,
    published: (id) => log?.published.find((each) => equalBytes(each.id, id)) ?? null,
    staged: (id) => log?.uploads.get(uploadKey(unit.device, id)) ?? null,
    isBetweenParts(seq) {
      const [before, behind] = [log?.entries[seq - 1], log?.entries[seq]]
      return before?.isPart === true && behind?.isPart === true && before.session === behind.session
    },
  }
}

interface Placing {
  readonly placed: readonly PlacedEntry[]
  readonly head: Head
  readonly nowMs: number
  readonly view: AppendView
}

function storeUnit(document: MemoryDocument, unit: AppendUnit, { placed, head, nowMs, view }: Placing): void {
  const { creation, record } = unit
  const isRecord = creation !== undefined || record !== undefined
  const key = sessionKey(unit)
  let session = document.sessionsByKey.get(key)
  for (const { entry, seq, transcript } of placed) {
    document.sumBytes += entry.envelope.length
    // Copies: the caller's bytes may be views of a buffer that is used again.
    const envelope = entry.envelope.slice()
    const stored: MemoryEntry = {
      seq,
      counter: entry.counter,
      session: key,
      id: entry.id.slice(),
      signature: signatureOf(envelope),
      transcript,
      isRecord,
      isPart: unit.group,
      atS: Math.floor(nowMs / 1000),
      sumBytes: document.sumBytes,
      envelope,
    }
    document.entries.push(stored)
    if (session === undefined) {
      session = { last: stored, entriesByCounter: new Map() }
      document.sessionsByKey.set(key, session)
    }
    session.last = stored
    session.entriesByCounter.set(entry.counter, stored)
    if (!isRecord) continue
    document.recordHead = stored.id
    document.recordSeq = seq
  }
  document.head = head
  if (!isRecord) document.writersByHex.set(bytesToHex(unit.device), unit.device.slice())
  applySnapshotEffects(document, unit, head.seq, nowMs, view)
  if (record?.rotation !== undefined) {
    document.epoch = record.rotation.epoch
    document.isEpochClosed = false
    document.commitmentsByEpoch.set(record.rotation.epoch, record.rotation.commitment.slice())
  }
  if (record?.closesEpoch === true) document.isEpochClosed = true
  for (const { link, expiresAt } of record?.links ?? []) {
    if (expiresAt === null) document.linksById.delete(bytesToHex(link))
    else document.linksById.set(bytesToHex(link), expiresAt)
  }
  for (const { device, role } of (creation ?? record)?.roles ?? []) {
    if (role === 'none') document.rolesByDevice.delete(bytesToHex(device))
    else document.rolesByDevice.set(bytesToHex(device), role)
  }
}

function documentToStatus(document: MemoryDocument): Omit<DocumentStatus, 'lost'> {
  const { head, genesisHash, mode, roomKey, epoch, isEpochClosed, recordHead, recordSeq, base } = document
  const commitment = document.commitmentsByEpoch.get(epoch) as Bytes
  const logBytes = document.sumBytes - document.trimmedBytes
  const snapshots = memorySnapshotStatus(document)
  const row = { head, genesisHash, mode, roomKey, epoch, commitment, isEpochClosed, recordHead, recordSeq }
  return { ...row, logBytes, base, snapshots, deleted: false }
}

/** With `isWhole`, ends at the first whose body is gone. */
function takePage(
  entries: readonly (MemoryEntry | null)[],
  maxBytes: number,
  isWhole: boolean,
): readonly StoredEntry[] {
  const page: StoredEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    const envelope = entry?.envelope ?? null
    if (entry === null || envelope === null) {
      if (isWhole) break
      continue
    }
    bytes += envelope.length
    if (page.length > 0 && bytes > maxBytes) break
    page.push({ seq: entry.seq, envelope })
  }
  return page
}
