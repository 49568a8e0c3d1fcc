/**
 * The store in memory: the twin of the durable ones, with the same judgement, for tests and for a relay that is to
 * forget. Nothing outlives `close`.
 *
 * @module
 */
import { type Bytes, bytesToHex, concatBytes, type Sha512, startTranscript } from '@y-sealed/protocol'

import type {
  AppendResult,
  AppendUnit,
  Creation,
  DocumentStatus,
  Head,
  Role,
  Store,
  StoredEntry,
} from '../core/ports.ts'
import { checkUnit } from './check-unit.ts'
import { furtherLost } from './lost-head.ts'
import { deletedStatus } from './deleted-status.ts'
import { type AppendView, judgeAppend, type PlacedEntry, type SessionHead, signatureOf } from './judge-append.ts'
import { nodeSha512 } from './node-sha512.ts'
import { StoreError } from './store-error.ts'

interface MemoryEntry extends StoredEntry {
  readonly id: Bytes
  readonly transcript: Bytes
  readonly isRecord: boolean
}

interface MemoryDocument {
  readonly mode: 'members' | 'shared-key'
  readonly genesisHash: Bytes
  readonly roomKey: Bytes | null
  readonly commitmentsByEpoch: Map<number, Bytes>
  readonly rolesByDevice: Map<string, Role>
  /** Entries of each session in the order of their counters, from 1. */
  readonly entriesBySession: Map<string, MemoryEntry[]>
  readonly entries: MemoryEntry[]
  /** When each live link expires. */
  readonly linksById: Map<string, number>
  epoch: number
  isEpochClosed: boolean
  recordHead: Bytes
  recordSeq: number
  head: Head
  logBytes: number
}

export function createMemoryStore({ sha512 = nodeSha512 }: { readonly sha512?: Sha512 } = {}): Store {
  const documentsById = new Map<string, MemoryDocument | 'deleted'>()
  const lostById = new Map<string, Head>()
  let isClosed = false

  function find(id: Bytes): MemoryDocument | null {
    if (isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed')
    const document = documentsById.get(bytesToHex(id))
    return document === undefined || document === 'deleted' ? null : document
  }

  function appendUnit(unit: AppendUnit): AppendResult {
    const key = bytesToHex(unit.document)
    const known = documentsById.get(key) ?? null
    const verdict = judgeAppend(sha512, unit, viewOf(sha512, unit, known, lostById.get(key) ?? null))
    if (verdict.status === 'refused') return verdict.result
    const { seqs, placed, head, isWhole } = verdict
    if (isWhole) lostById.delete(key)
    if (placed.length > 0) {
      const document = known === null || known === 'deleted' ? createDocument(unit.creation as Creation) : known
      documentsById.set(key, document)
      storeUnit(document, unit, placed, head)
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
      return takePage(find(id)?.entries.slice(after, after + max.entries) ?? [], max.bytes)
    },
    async readRecords(id, after, maxBytes) {
      return takePage(
        find(id)
          ?.entries.slice(after)
          .filter((entry) => entry.isRecord) ?? [],
        maxBytes,
      )
    },
    async readMarks(id, after, max) {
      const entries = find(id)?.entries.slice(after, after + max) ?? []
      return entries.map((entry) => concatBytes(entry.id, signatureOf(entry.envelope)))
    },
    async transcriptAt(id, seq) {
      const document = find(id)
      return document === null ? null : transcriptAt(sha512, document, seq)
    },
    async roleOf(id, device) {
      return find(id)?.rolesByDevice.get(bytesToHex(device)) ?? 'none'
    },
    async linkOf(id, link) {
      const expiresAt = find(id)?.linksById.get(bytesToHex(link))
      return expiresAt === undefined ? null : { expiresAt }
    },
    async entryAt(id, device, session, counter) {
      const entry = find(id)?.entriesBySession.get(sessionKey({ device, session }))?.[counter - 1]
      return entry === undefined ? null : { seq: entry.seq, id: entry.id }
    },
    async noteSigned(id, head) {
      const document = find(id)
      const key = bytesToHex(id)
      const noted = lostById.get(key) ?? null
      if (documentsById.get(key) === 'deleted') return null
      const held = document === null ? null : transcriptAt(sha512, document, head.seq)
      const lost = furtherLost(head, noted, held)
      if (lost !== null && lost !== noted) lostById.set(key, { seq: lost.seq, transcript: lost.transcript.slice() })
      return lost
    },
    async commitments(id) {
      return [...(find(id)?.commitmentsByEpoch ?? [])]
    },
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

function sessionKey(unit: Pick<AppendUnit, 'device' | 'session'>): string {
  return bytesToHex(unit.device) + bytesToHex(unit.session)
}

function viewOf(
  sha512: Sha512,
  unit: AppendUnit,
  document: MemoryDocument | 'deleted' | null,
  lost: Head | null,
): AppendView {
  const log = document === 'deleted' ? null : document
  const entries = log?.entriesBySession.get(sessionKey(unit)) ?? []
  const last = entries.at(-1)
  const session: SessionHead | null =
    last === undefined ? null : { counter: entries.length, seq: last.seq, id: last.id }
  return {
    document: () => document,
    session: () => session,
    stored: (counter) => entries[counter - 1] ?? null,
    transcriptAt: (seq) => (log === null ? null : transcriptAt(sha512, log, seq)),
    role: () => log?.rolesByDevice.get(bytesToHex(unit.device)) ?? 'none',
    lost: () => lost,
  }
}

function transcriptAt(sha512: Sha512, document: MemoryDocument, seq: number): Bytes | null {
  if (seq === 0) return startTranscript(sha512, document.genesisHash)
  return document.entries[seq - 1]?.transcript ?? null
}

function createDocument({ mode, genesisHash, roomKey, commitment }: Creation): MemoryDocument {
  return {
    mode,
    genesisHash: genesisHash.slice(),
    roomKey: roomKey?.slice() ?? null,
    commitmentsByEpoch: new Map([[1, commitment.slice()]]),
    rolesByDevice: new Map(),
    entriesBySession: new Map(),
    entries: [],
    linksById: new Map(),
    epoch: 1,
    isEpochClosed: false,
    recordHead: genesisHash,
    recordSeq: 0,
    head: { seq: 0, transcript: genesisHash },
    logBytes: 0,
  }
}

function storeUnit(document: MemoryDocument, unit: AppendUnit, placed: readonly PlacedEntry[], head: Head): void {
  const { creation, record } = unit
  const isRecord = creation !== undefined || record !== undefined
  const session = document.entriesBySession.get(sessionKey(unit)) ?? []
  document.entriesBySession.set(sessionKey(unit), session)
  for (const { entry, seq, transcript } of placed) {
    // Copies: the caller's bytes may be views of a buffer that is used again.
    const stored = { seq, envelope: entry.envelope.slice(), id: entry.id.slice(), transcript, isRecord }
    document.entries.push(stored)
    session.push(stored)
    document.logBytes += stored.envelope.length
    if (!isRecord) continue
    document.recordHead = stored.id
    document.recordSeq = seq
  }
  document.head = head
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
  const { head, genesisHash, mode, roomKey, epoch, isEpochClosed, recordHead, recordSeq, logBytes } = document
  const commitment = document.commitmentsByEpoch.get(epoch) as Bytes
  const row = { head, genesisHash, mode, roomKey, epoch, commitment, isEpochClosed, recordHead, recordSeq, logBytes }
  return { ...row, deleted: false }
}

function takePage(entries: readonly MemoryEntry[], maxBytes: number): readonly StoredEntry[] {
  const page: StoredEntry[] = []
  let bytes = 0
  for (const { seq, envelope } of entries) {
    bytes += envelope.length
    if (page.length > 0 && bytes > maxBytes) break
    page.push({ seq, envelope })
  }
  return page
}
