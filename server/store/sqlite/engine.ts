/**
 * The store's engine: synchronous, one transaction a batch. It judges each unit completely before it writes any of it,
 * so a refused unit needs no savepoint; an error of SQLite undoes the whole batch and everything remembered. [I3, H16]
 *
 * @module
 */
import type { Database } from 'better-sqlite3'
import type { Bytes, Sha512 } from '@y-sealed/protocol'

import type { AppendResult, AppendUnit, Creation, Head, LostHead } from '../../core/ports.ts'
import { furtherLost } from '../lost-head.ts'
import type { PublicationEffect } from '../../core/snapshot-ports.ts'
import { judgeAppend, type PlacedEntry } from '../judge-append.ts'
import { refusePlace } from '../judge-snapshot.ts'
import { DocumentCache } from './document-cache.ts'
import {
  advanceHead,
  idToKey,
  createDocumentState,
  type DocumentState,
  findLostHead,
  findTranscript,
  remember,
  roleToNumber,
  sessionKey,
  UnitView,
} from './document-state.ts'
import { giveBackPages } from './free-pages.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { SnapshotTables } from './snapshot-tables.ts'
import { sqliteToStoreError } from './sqlite-error.ts'

const NO_ID = new Uint8Array(32)

export interface EngineOptions {
  readonly sha512: Sha512
  /** Unix milliseconds. */
  readonly now: () => number
  readonly maxCachedDocuments: number
}

export class SqliteEngine {
  readonly sql: Statements
  readonly documents: DocumentCache
  readonly snapshots: SnapshotTables
  readonly #db: Database
  readonly #now: () => number
  readonly #sha512: Sha512
  readonly #view: UnitView
  // The driver asks each array for its `buffer`, and V8 then moves a small array (up to 64 bytes) out of its heap, at
  // ten times the cost of copying it. SQLite copies what it is given, so two scratch arrays serve all rows.
  readonly #id: Bytes = new Uint8Array(32)
  readonly #transcript: Bytes = new Uint8Array(32)
  /** When the batch came, in Unix seconds. */
  #atS = 0

  constructor(db: Database, { sha512, now, maxCachedDocuments }: EngineOptions) {
    this.#db = db
    this.#sha512 = sha512
    this.#now = now
    this.sql = prepareStatements(db)
    this.documents = new DocumentCache(this.sql, maxCachedDocuments)
    this.snapshots = new SnapshotTables(db, this.sql.marks, this.documents, now)
    this.#view = new UnitView(sha512, this.sql, this.snapshots.sql)
  }

  /**
   * Judges and stores in one transaction, and does `beside` in the same; durable on return. Throws `StoreError` when nothing was stored.
   */
  appendBatch(units: readonly AppendUnit[], beside?: () => void): readonly AppendResult[] {
    this.#atS = Math.floor(this.#now() / 1000)
    return this.transaction(() => {
      const results = units.map((unit) => this.#appendUnit(unit))
      beside?.()
      return results
    })
  }

  /** One transaction: rows gone, tombstone laid, and no trace of the rows left in the journal. [I9] */
  remove(id: Bytes): boolean {
    const isNew = this.transaction(() => {
      const key = this.sql.documentKey.get(id)
      if (key === undefined) return false
      this.snapshots.remove(key)
      this.sql.deleteEntries.run(key)
      this.sql.marks.dropAllSessions.run(key)
      this.sql.marks.dropAll.run(key)
      this.sql.deleteSessions.run(key)
      this.sql.deleteMembers.run(key)
      this.sql.deleteEpochs.run(key)
      this.sql.deleteLinks.run(key)
      this.sql.deleteWriters.run(key)
      this.sql.deleteDocument.run(key)
      this.sql.insertTombstone.run(id)
      this.sql.dropLostHead.run(id)
      return true
    })
    this.documents.clear()
    if (!isNew) return this.sql.tombstone.get(id) !== undefined
    // The zeros of secure_delete stand in the journal, before them the rows: both end with the journal.
    this.#db.pragma('wal_checkpoint(TRUNCATE)')
    return true
  }

  /** Durable on return. [LO14] */
  noteSigned(id: Bytes, signed: Head): LostHead | null {
    return this.transaction(() => {
      const document = this.documents.use(id)
      if (document === 'deleted') return null
      const noted = document === null ? findLostHead(this.sql, id) : document.lost
      const held = document === null ? null : findTranscript(this.#sha512, this.sql, document, signed.seq)
      // Older than the marks: what stood there nobody can tell any more, and it is no gap. [LO15]
      if (held === null && document !== null && signed.seq <= document.base) return noted
      const lost = furtherLost(signed, noted, held)
      if (lost === null || lost === noted) return lost
      this.sql.setLostHead.run(id, lost.seq, lost.transcript)
      if (document !== null) document.lost = lost
      return lost
    })
  }

  #forgetLost(id: Bytes, document: DocumentState): void {
    this.sql.dropLostHead.run(id)
    document.lost = null
  }

  #appendUnit(unit: AppendUnit): AppendResult {
    const known = this.documents.use(unit.document)
    this.#view.show(unit, known)
    const verdict = judgeAppend(this.#sha512, unit, this.#view)
    if (verdict.status === 'refused') return verdict.result
    const { seqs, placed, head, isWhole } = verdict
    if (placed.length > 0) {
      const document =
        known === null || known === 'deleted' ? this.#createDocument(unit, unit.creation as Creation) : known
      this.#writeEntries(document, unit, placed)
      advanceHead(document, placed, head)
      this.#applyEffects(document, unit, placed[0] as PlacedEntry)
      if (isWhole) this.#forgetLost(unit.document, document)
    }
    return { status: 'stored', seqs, fresh: placed.length, head }
  }

  #createDocument(unit: AppendUnit, creation: Creation): DocumentState {
    const { mode, genesisHash, roomKey = null, commitment } = creation
    const inserted = this.sql.insertDocument.run(unit.document, mode === 'shared-key' ? 1 : 0, genesisHash, roomKey)
    const key = Number(inserted.lastInsertRowid)
    this.sql.insertEpoch.run(key, 1, commitment)
    const document = createDocumentState(key, mode, {
      genesisHash: genesisHash.slice(),
      roomKey: roomKey === null ? null : roomKey.slice(),
      epoch: 1,
      commitment: commitment.slice(),
      isEpochClosed: false,
      recordHead: NO_ID,
      recordSeq: 0,
      head: { seq: 0, transcript: NO_ID },
      lost: findLostHead(this.sql, unit.document),
      sumBytes: 0,
      trimmedBytes: 0,
      base: 0,
      packed: 0,
    })
    this.documents.add(unit.document, document)
    return document
  }

  #writeEntries(document: DocumentState, unit: AppendUnit, placed: readonly PlacedEntry[]): void {
    let session = this.#view.session()
    if (session === null) {
      const inserted = this.sql.insertSession.run(document.key, unit.device, unit.session)
      session = { key: Number(inserted.lastInsertRowid), hasWritten: false, counter: 0, seq: 0, id: NO_ID }
      remember(document.sessions, sessionKey(unit), session)
    }
    const isRecord = unit.creation !== undefined || unit.record !== undefined ? 1 : 0
    const isGrouped = unit.group ? 1 : 0
    if (isRecord === 0 && !session.hasWritten) {
      this.sql.insertWriter.run(document.key, unit.device)
      session.hasWritten = true
    }
    let sumBytes = document.sumBytes
    for (const { entry, seq, transcript } of placed) {
      const { counter, kind, id, envelope } = entry
      sumBytes += envelope.length
      this.#id.set(id)
      this.#transcript.set(transcript)
      this.sql.insertEntry.run(
        document.key,
        seq,
        session.key,
        counter,
        kind,
        isRecord,
        isGrouped,
        sumBytes,
        this.#atS,
        this.#id,
        this.#transcript,
        envelope,
      )
    }
    const last = placed.at(-1) as PlacedEntry
    session.counter = last.entry.counter
    session.seq = last.seq
    // A copy: the caller's id may be a view of a large buffer that must not be kept alive.
    session.id = last.entry.id.slice()
  }

  /** What a genesis or a record does to the document, in the transaction of its entry. [KM9] */
  #applyEffects(document: DocumentState, unit: AppendUnit, { entry, seq }: PlacedEntry): void {
    const { creation, record, publication, attestation } = unit
    if (publication !== undefined && this.#isInForce(document, unit, publication)) {
      this.snapshots.publish(document, unit.device, publication, seq, this.#view.role())
    }
    if (attestation !== undefined) this.snapshots.attestBy(document, unit.device, attestation, seq)
    if (creation === undefined && record === undefined) return
    document.recordHead = entry.id.slice()
    document.recordSeq = seq
    if (record?.rotation !== undefined) {
      const { epoch, commitment } = record.rotation
      this.sql.insertEpoch.run(document.key, epoch, commitment)
      document.epoch = epoch
      document.commitment = commitment.slice()
      document.isEpochClosed = false
    }
    if (record?.closesEpoch === true) {
      this.sql.closeEpoch.run(document.key, document.epoch)
      document.isEpochClosed = true
    }
    for (const { link, expiresAt } of record?.links ?? []) {
      if (expiresAt === null) this.sql.dropLink.run(document.key, link)
      else this.sql.setLink.run(document.key, link, expiresAt)
    }
    for (const { device, role } of (creation ?? record)?.roles ?? []) {
      if (role === 'none') this.sql.dropRole.run(document.key, device)
      else this.sql.setRole.run(document.key, device, roleToNumber(role))
      remember(document.roles, idToKey(device), role)
    }
  }

  /** One that is given back may be anything. */
  #isInForce(document: DocumentState, { restored }: AppendUnit, publication: PublicationEffect): boolean {
    return restored === undefined || refusePlace(publication, document, this.#view) === null
  }

  /** Gives back at most so many free pages of the file; how many went. */
  shrink(maxPages: number): number {
    return this.transaction(() => giveBackPages(this.#db, maxPages))
  }

  /** Durable on return. Throws `StoreError` when nothing of it was done. */
  transaction<Result>(run: () => Result): Result {
    try {
      this.sql.begin.run()
      const result = run()
      this.sql.commit.run()
      return result
    } catch (error) {
      this.documents.clear()
      // SQLite has rolled back by itself after some errors (disk full, I/O), not after others.
      if (this.#db.inTransaction) this.sql.rollback.run()
      throw sqliteToStoreError(error)
    }
  }
}
