/**
 * What the parts of an exported document add up to: each entry verified and opened as one from a relay is. Rules EX2, EX5.
 *
 * @module
 */
import {
  bytesToHex,
  equalBytes,
  exportDamaged,
  verifySignedHead,
  type Bytes,
  type ExportHeader,
  type ExportPart,
  type PlacedRecord,
} from '@y-sealed/protocol'
import * as Y from 'yjs'
import type { DocumentAccess } from '../document/document-access.ts'
import { EditTable } from '../history/edit-table.ts'
import { DocumentLog, feedsOf, type LogEntry, type LogOutcome } from '../log/document-log.ts'
import { copyEnvelope } from '../members/copy-envelope.ts'
import type { OpenedSnapshot } from '../snapshots/opened-snapshot.ts'
import { createMemoryDocumentStore, type DocumentStore } from '../stores/document-store.ts'
import { feedUpdate } from '../yjs/feed-update.ts'
import { asDamage, openImport, type ImportKeys } from './import-access.ts'
import { SnapshotPieces } from './snapshot-pieces.ts'
import { ImportedDocument } from './imported-document.ts'

export interface ImportOptions extends ImportKeys {
  /** Where its sealed log is kept meanwhile; default memory. Not the device's own: what a file says is its maker's word. [EX5] */
  readonly store?: DocumentStore
}

interface Opened {
  readonly access: DocumentAccess
  readonly log: DocumentLog
}

export class ImportAssembly {
  readonly #options: ImportOptions
  readonly #store: DocumentStore
  readonly #doc = new Y.Doc()
  readonly #edits = new EditTable()
  readonly #records: PlacedRecord[] = []
  #sealedKeys: Bytes | null = null
  #snapshot: SnapshotPieces | null = null
  /** Whose publication the entries must bring. */
  #base: OpenedSnapshot | null = null
  #signed: ImportedDocument['signed'] = null
  #opened: Opened | null = null
  #isWhole = false
  /** Hex of the ids of snapshots whose publication counts. */
  readonly #published = new Set<string>()

  constructor(options: ImportOptions) {
    this.#options = options
    this.#store = options.store ?? createMemoryDocumentStore()
  }

  async take(header: ExportHeader, part: ExportPart): Promise<void> {
    switch (part.type) {
      case 'keys':
        this.#sealedKeys = part.sealed.slice()
        return
      case 'head':
        this.#signed = copySigned(part)
        return
      case 'records':
        for (const { seq, envelope } of part.records) this.#records.push({ seq, envelope: copyEnvelope(envelope) })
        return
      case 'snapshot':
        this.#snapshot ??= new SnapshotPieces(part)
        return this.#snapshot.take(part)
      case 'entries':
        return await this.#takeEntries(header, part)
      case 'end':
        return this.#end(part)
      default:
        throw exportDamaged()
    }
  }

  finish(): ImportedDocument {
    if (this.#opened === null || !this.#isWhole) throw exportDamaged()
    return new ImportedDocument({
      ...this.#opened,
      doc: this.#doc,
      edits: this.#edits,
      store: this.#store,
      signed: this.#signed,
    })
  }

  async #takeEntries(header: ExportHeader, part: ExportPart & { readonly type: 'entries' }): Promise<void> {
    this.#opened ??= await this.#open(header)
    const { access, log } = this.#opened
    if (part.seq !== log.head.seq + 1) throw exportDamaged()
    const entries = part.envelopes.map((envelope, index) => ({
      seq: part.seq + index,
      envelope: copyEnvelope(envelope),
    }))
    const outcomes = asDamage(() => this.#takeRun(log, entries))
    this.#doc.transact(() => {
      for (const outcome of outcomes) {
        this.#edits.take(outcome)
        for (const update of feedsOf(outcome)) feedUpdate(this.#doc, update, 'import')
        if (outcome.kind === 'published') this.#published.add(bytesToHex(outcome.snapshot.id))
      }
    }, 'import')
    const stored = entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes }))
    await this.#store.append(access.documentId, stored)
  }

  /** T at the signed head is compared whole: what stands behind it is its maker's word, and 16 bytes of it may be made to agree. [EN14] */
  #takeRun(log: DocumentLog, entries: readonly LogEntry[]): readonly LogOutcome[] {
    const signed = this.#signed?.head
    const count = (signed?.seq ?? 0) - log.head.seq
    if (signed === undefined || count < 1 || count > entries.length) return log.take(entries)
    const outcomes = log.take(entries.slice(0, count))
    if (!equalBytes(log.head.transcript, signed.transcript)) throw exportDamaged()
    return [...outcomes, ...log.take(entries.slice(count))]
  }

  #end({ seq, transcript }: ExportPart & { readonly type: 'end' }): void {
    if (this.#opened === null) throw exportDamaged()
    const { access, log } = this.#opened
    const lastRecord = access.recordsUpTo(Number.MAX_SAFE_INTEGER).at(-1)
    const isEnd = log.head.seq === seq && equalBytes(log.head.transcript, transcript) && (lastRecord?.seq ?? 0) <= seq
    const isVouchedFor = this.#base === null || this.#published.has(bytesToHex(this.#base.id))
    if (!isEnd || !isVouchedFor) throw exportDamaged()
    this.#isWhole = true
    if (this.#signed === null) return
    const { head, headKey } = this.#signed
    const fits = log.compareTranscript(head.seq, head.transcript) === 'same'
    if (!fits || !verifySignedHead(access.documentId, head, headKey)) throw exportDamaged()
  }

  async #open(header: ExportHeader): Promise<Opened> {
    const start = { header, sealedKeys: this.#sealedKeys, records: this.#records }
    const access = await openImport(start, this.#options)
    if (this.#snapshot === null) return { access, log: new DocumentLog(access) }
    const base = this.#snapshot.open(access)
    const log = asDamage(() => new DocumentLog(access, base))
    this.#base = base
    Y.applyUpdateV2(this.#doc, base.state, 'import')
    const { seq, id, envelope } = base
    await this.#store.putSnapshot(access.documentId, { seq, id, envelope: envelope.bytes }, access.recordsUpTo(seq))
    return { access, log }
  }
}

/** What arrives is a view of bytes that go. */
function copySigned({ head, headKey }: NonNullable<ImportedDocument['signed']>): ImportedDocument['signed'] {
  const { seq, transcript, signature } = head
  return { head: { seq, transcript: transcript.slice(), signature: signature.slice() }, headKey: headKey.slice() }
}
