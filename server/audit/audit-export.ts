/**
 * The audit of an exported document: the public part of a file, without any key. Its log is looked at as one in a relay's database is; beside
 * it stand the records, the signed head and the end of the file. Rules EX1–EX3, LO4.
 *
 * @module
 */
import {
  concatBytes,
  cryptoReady,
  decodePublication,
  decodeRecord,
  documentIdOf,
  envelopeId,
  equalBytes,
  ExportReader,
  KIND,
  MODE,
  readWholeEnvelope,
  SyncError,
  verifySignedHead,
  type Bytes,
  type Envelope,
  type ExportHeader,
  type ExportPart,
  type PublicationBody,
  type SignedHead,
  type SnapshotPiece,
} from '@y-sealed/protocol'
import { createReadStream } from 'node:fs'

import { nodeSha512 } from '../store/node-sha512.ts'
import type { DocumentRow } from '../store/sqlite/audit-reader.ts'
import type { AuditSummary } from './audit-database.ts'
import { DocumentAudit, type DocumentReport } from './document-audit.ts'
import { ExportRows } from './export-rows.ts'
import type { Fault, FaultCode } from './fault.ts'

export interface ExportAuditOptions {
  readonly path: string
  /** Leave the signatures of updates alone. */
  readonly isQuick?: boolean
  readonly onFileFault?: (fault: Fault) => void
  readonly onDocument?: (report: DocumentReport) => void
}

/** Looks at everything that can be known without a key. Throws what the file system says. */
export async function auditExport(options: ExportAuditOptions): Promise<AuditSummary> {
  await cryptoReady()
  const audit = new FileAudit(options.isQuick ?? false)
  const reader = new ExportReader(nodeSha512)
  try {
    for await (const chunk of createReadStream(options.path, { highWaterMark: 1_048_576 })) {
      for (const part of reader.take(Uint8Array.from(chunk as Buffer))) audit.take(reader.header as ExportHeader, part)
    }
    reader.finish()
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    audit.fail('FILE_DAMAGED', `${error.code}: ${error.message}`)
  }
  const { report, faults } = audit.finish()
  for (const fault of faults) options.onFileFault?.(fault)
  if (report !== null) options.onDocument?.(report)
  const {
    entries = 0,
    records = 0,
    checks = 0,
    unsigned = 0,
    unchecked = 0,
    trimmed = 0,
    faultCount = 0,
  } = report ?? {}
  const all = faultCount + faults.length
  const counts = { entries, records, checks, unsigned, unchecked, trimmed, tombstones: 0, snapshots: 0, faults: all }
  return { documents: report === null ? 0 : 1, faultyDocuments: all > 0 ? 1 : 0, ...counts }
}

interface FileLog {
  readonly rows: ExportRows
  readonly audit: DocumentAudit
}

interface FileSnapshot {
  readonly first: SnapshotPiece
  readonly pieces: Bytes[]
}

class FileAudit {
  readonly #isQuick: boolean
  readonly #faults: Fault[] = []
  /** What the records part lists and the entries have not brought yet. */
  readonly #listedBySeq = new Map<number, Envelope>()
  readonly #published: PublicationBody[] = []
  #signed: (ExportPart & { readonly type: 'head' }) | null = null
  #snapshot: FileSnapshot | null = null
  #log: FileLog | null = null

  constructor(isQuick: boolean) {
    this.#isQuick = isQuick
  }

  fail(code: FaultCode, detail: string, seq: number | null = null): void {
    this.#faults.push({ code, seq, detail })
  }

  take(header: ExportHeader, part: ExportPart): void {
    switch (part.type) {
      case 'keys':
        return
      case 'head':
        this.#signed = { type: 'head', head: copyHead(part.head), headKey: part.headKey.slice() }
        return
      case 'records':
        for (const { seq, envelope } of part.records) this.#listedBySeq.set(seq, copyEnvelope(envelope))
        return
      case 'snapshot':
        this.#snapshot ??= { first: { ...part, transcript: part.transcript.slice() }, pieces: [] }
        this.#snapshot.pieces.push(part.bytes.slice())
        return
      case 'entries':
        return this.#takeEntries(header, part)
      case 'end':
        return this.#end(header, part)
      default:
        return
    }
  }

  finish(): { readonly report: DocumentReport | null; readonly faults: readonly Fault[] } {
    return { report: this.#log?.audit.finish(null) ?? null, faults: this.#faults }
  }

  #takeEntries(header: ExportHeader, { seq, envelopes }: ExportPart & { readonly type: 'entries' }): void {
    const { rows, audit } = (this.#log ??= this.#begin(header))
    if (seq !== rows.seq + 1) return this.fail('SEQ_GAP', `${rows.seq + 1} was to come`, seq)
    const page = envelopes.map((envelope) => rows.take(envelope))
    for (const [index, envelope] of envelopes.entries()) {
      const publication = envelope.kind === KIND.publication ? decodePublication(envelope.sealed) : null
      if (publication?.ok) this.#published.push(copyPublication(publication.value))
      if (envelope.kind !== KIND.record) continue
      const listed = this.#listedBySeq.get(seq + index)
      this.#listedBySeq.delete(seq + index)
      if (listed === undefined || !equalBytes(listed.bytes, envelope.bytes))
        this.fail('RECORDS_WRONG', 'the list of records has another, or none', seq + index)
    }
    if (audit.goesOn) audit.take(page)
  }

  #begin({ mode, genesis, genesisHash }: ExportHeader): FileLog {
    const rows = new ExportRows(nodeSha512, genesisHash, genesis)
    const base = this.#snapshot?.first.seq ?? 0
    const body = decodeRecord(genesis)
    const room = body.ok && body.value.type === 'genesis' && body.value.mode === 'shared-key' ? body.value : null
    const row: DocumentRow = {
      key: 0,
      id: documentIdOf(genesisHash),
      mode: MODE[mode] - 1,
      genesisHash,
      roomKey: room === null ? null : room.roomPublic.slice(),
      base,
      trimmedBytes: 0,
      // Whatever is before the snapshot may be gone.
      head: Number.MAX_SAFE_INTEGER,
    }
    const audit = new DocumentAudit({
      sha512: nodeSha512,
      row,
      storedTranscriptAt: (seq) => rows.transcriptAt(seq),
      storedCommitmentOf: (epoch) => rows.commitmentOf(epoch),
      snapshotRows: { publications: [], attestations: [], writers: [] },
      readSnapshot: () => null,
      isQuick: this.#isQuick,
      ...(base > 0 && room !== null ? { room } : {}),
    })
    if (this.#snapshot !== null) {
      rows.beginBehind(base, this.#snapshot.first.transcript)
      const before = [...this.#listedBySeq].filter(([seq]) => seq <= base)
      for (const [seq] of before) this.#listedBySeq.delete(seq)
      audit.take(before.map(([seq, envelope]) => rows.takeRecord(seq, envelope)))
    }
    return { rows, audit }
  }

  #end({ genesisHash }: ExportHeader, { seq, transcript }: ExportPart & { readonly type: 'end' }): void {
    const rows = this.#log?.rows
    const last = rows?.transcriptAt(seq) ?? null
    if (rows === undefined || rows.seq !== seq || last === null || !equalBytes(last, transcript))
      this.fail('END_WRONG', `at ${seq}, not ${rows?.seq ?? 0}`)
    for (const listed of this.#listedBySeq.keys()) this.fail('RECORDS_WRONG', 'the log has no such record', listed)
    if (rows !== undefined && this.#snapshot !== null) this.#checkSnapshot(rows, this.#snapshot)
    if (this.#signed === null) return
    const { head, headKey } = this.#signed
    const there = rows?.transcriptAt(head.seq) ?? null
    if (!verifySignedHead(documentIdOf(genesisHash), head, headKey))
      return this.fail('HEAD_WRONG', 'not signed by the key beside it', head.seq)
    if (there === null || !equalBytes(there, head.transcript)) this.fail('HEAD_WRONG', 'another log', head.seq)
  }

  /** Nobody believes one that the log behind it does not name. [LO11] */
  #checkSnapshot(rows: ExportRows, { first, pieces }: FileSnapshot): void {
    const envelope = readWholeEnvelope(concatBytes(...pieces))
    const commitment = envelope && rows.commitmentOf(envelope.epoch)
    const id = envelope && commitment && envelopeId(nodeSha512, commitment, envelope)
    const named = this.#published.find(
      ({ snapshotId, seq, transcript }) =>
        id !== null && equalBytes(snapshotId, id) && seq === first.seq && equalBytes(transcript, first.transcript),
    )
    if (named === undefined) this.fail('SNAPSHOT_WRONG', 'no publication in the log names it and its place', first.seq)
  }
}

/** What arrives are views of bytes that go. */
function copyHead({ seq, transcript, signature }: SignedHead): SignedHead {
  return { seq, transcript: transcript.slice(), signature: signature.slice() }
}

function copyPublication(body: PublicationBody): PublicationBody {
  return { ...body, snapshotId: body.snapshotId.slice(), transcript: body.transcript.slice() }
}

function copyEnvelope({ bytes }: Envelope): Envelope {
  return readWholeEnvelope(bytes.slice()) as Envelope
}
