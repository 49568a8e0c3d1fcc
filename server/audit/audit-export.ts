/**
 * The audit of an exported document: the public part of a file, without any key. Its log is looked at as one in a relay's database is; beside
 * it stand the records, the signed head and the end of the file. Rules EX1–EX3, LO4.
 *
 * @module
 */
import {
  cryptoReady,
  decodeRecord,
  documentIdOf,
  equalBytes,
  ExportReader,
  KIND,
  MODE,
  SyncError,
  verifySignedHead,
  type Bytes,
  type ExportHeader,
  type ExportPart,
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

class FileAudit {
  readonly #isQuick: boolean
  readonly #faults: Fault[] = []
  /** Digests of what the records part says, by seq, until the entries say it too. */
  readonly #listedBySeq = new Map<number, Bytes>()
  #genesis: Bytes | null = null
  #signed: (ExportPart & { readonly type: 'head' }) | null = null
  #log: { readonly rows: ExportRows; readonly audit: DocumentAudit } | null = null

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
      case 'head': {
        const { head, headKey } = part
        const { seq, transcript, signature } = head
        const copy = { seq, transcript: transcript.slice(), signature: signature.slice() }
        this.#signed = { type: 'head', head: copy, headKey: headKey.slice() }
        return
      }
      case 'records':
        this.#genesis ??= part.records[0]?.envelope.sealed.slice() ?? null
        for (const { seq, envelope } of part.records) this.#listedBySeq.set(seq, nodeSha512(envelope.bytes))
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
    for (const [index, { kind, bytes }] of envelopes.entries()) {
      if (kind !== KIND.record) continue
      const listed = this.#listedBySeq.get(seq + index)
      this.#listedBySeq.delete(seq + index)
      if (listed === undefined || !equalBytes(listed, nodeSha512(bytes)))
        this.fail('RECORDS_WRONG', 'the list of records has another, or none', seq + index)
    }
    if (audit.goesOn) audit.take(page)
  }

  #begin({ genesisHash }: ExportHeader): { readonly rows: ExportRows; readonly audit: DocumentAudit } {
    const rows = new ExportRows(nodeSha512, genesisHash)
    const body = this.#genesis === null ? null : decodeRecord(this.#genesis)
    const genesis = body?.ok && body.value.type === 'genesis' ? body.value : null
    const row: DocumentRow = {
      key: 0,
      id: documentIdOf(genesisHash),
      mode: genesis === null ? 0 : MODE[genesis.mode] - 1,
      genesisHash,
      roomKey: genesis?.mode === 'shared-key' ? genesis.roomPublic.slice() : null,
      base: 0,
      trimmedBytes: 0,
      head: 0,
    }
    const audit = new DocumentAudit({
      sha512: nodeSha512,
      row,
      storedTranscriptAt: (seq) => rows.transcriptAt(seq),
      storedCommitmentOf: (epoch) => rows.commitmentOf(epoch),
      snapshotRows: { publications: [], attestations: [], writers: [] },
      readSnapshot: () => null,
      isQuick: this.#isQuick,
    })
    return { rows, audit }
  }

  #end({ genesisHash }: ExportHeader, { seq, transcript }: ExportPart & { readonly type: 'end' }): void {
    const rows = this.#log?.rows
    const last = rows?.transcriptAt(seq) ?? null
    if (rows === undefined || rows.seq !== seq || last === null || !equalBytes(last, transcript))
      this.fail('END_WRONG', `at ${seq}, not ${rows?.seq ?? 0}`)
    for (const listed of this.#listedBySeq.keys()) this.fail('RECORDS_WRONG', 'the log has no such record', listed)
    if (this.#signed === null) return
    const { head, headKey } = this.#signed
    const there = rows?.transcriptAt(head.seq) ?? null
    if (!verifySignedHead(documentIdOf(genesisHash), head, headKey))
      return this.fail('HEAD_WRONG', 'not signed by the key beside it', head.seq)
    if (there === null || !equalBytes(there, head.transcript)) this.fail('HEAD_WRONG', 'another log', head.seq)
  }
}
