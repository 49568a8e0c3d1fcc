/**
 * The audit of a document's snapshots: the tables against the publications and attestations in its log, and what is kept of each snapshot
 * against the name, the place and the signature that it must have. It opens none. Rules EN6, EN7, LO10, LO11, LO13.
 *
 * @module
 */
import {
  bytesToHex,
  decodeAttestation,
  decodePublication,
  envelopeIdPrefix,
  equalBytes,
  isZero,
  KIND,
  readHeader,
  SIGNATURE_BYTES,
  signatureInput,
  verifySignature,
  type Bytes,
  type Envelope,
  type Header,
} from '@y-sealed/protocol'
import { createHash } from 'node:crypto'

import type { AttestationRow, BodyRow, PublicationRow, SnapshotRows } from '../store/sqlite/audit-snapshots.ts'
import type { Authority, Blemish } from './authority.ts'

/** What a report says of them. */
export interface SnapshotCounts {
  readonly published: number
  /** Of which the bytes are there, and were found good. */
  readonly held: number
  readonly attested: number
  readonly disputed: number
}

export interface SnapshotAuditOptions {
  /** The row's id and that of its genesis: where they differ, the row is wrong, and is told of as such. */
  readonly documents: readonly Bytes[]
  readonly rows: SnapshotRows
  readonly transcriptAt: (seq: number) => Bytes | null
  /** Leave the bytes of snapshots alone but for their ends. */
  readonly isQuick: boolean
}

interface Found extends Blemish {
  readonly seq: number | null
}

/** Under which keys snapshots may stand, and whose they are. */
type Judge = Pick<Authority, 'commitmentOf' | 'signPublicOf'>

export class SnapshotAudit {
  readonly #options: SnapshotAuditOptions
  readonly #publicationsAt: ReadonlyMap<number, PublicationRow>
  readonly #attestationsAt: ReadonlyMap<number, AttestationRow>
  /** Seqs at which the log has a publication, and an attestation. */
  readonly #publicationSeqs = new Set<number>()
  readonly #attestationSeqs = new Set<number>()
  readonly #writers = new Set<string>()
  readonly #found: Found[] = []
  #newest: { readonly id: Bytes; readonly seq: number } | null = null
  #held = 0

  constructor(options: SnapshotAuditOptions) {
    const { publications, attestations } = options.rows
    this.#options = options
    this.#publicationsAt = new Map(publications.map((row) => [row.published, row]))
    this.#attestationsAt = new Map(attestations.map((row) => [row.attested, row]))
  }

  /** Takes the next entry of the log; `envelope` is `null` where its body is trimmed. */
  take({ seq, kind, device }: { seq: number; kind: number; device: Bytes | null }, envelope: Envelope | null): void {
    if (kind !== KIND.record && device !== null) this.#writers.add(bytesToHex(device))
    if (kind === KIND.publication) this.#takePublication(seq, envelope)
    else if (kind === KIND.attestation) this.#takeAttestation(seq, envelope)
  }

  /** Entries up to here are not known any more: the newest publication among them is the one that its row tells of. */
  passForgotten(seq: number): void {
    const last = this.#options.rows.publications.findLast(({ published }) => published <= seq)
    if (last !== undefined) this.#newest = last
  }

  #takePublication(seq: number, envelope: Envelope | null): void {
    this.#publicationSeqs.add(seq)
    const row = this.#publicationsAt.get(seq)
    const body = envelope === null ? null : decodePublication(envelope.sealed)
    if (body?.ok !== true) {
      if (row !== undefined) this.#newest = row
      return
    }
    const { snapshotId, parentId, seq: place } = body.value
    const follows = this.#newest === null ? isZero(parentId) : equalBytes(parentId, this.#newest.id)
    // One that was given back and does not follow is in force for nobody.
    if (row === undefined) {
      if (follows && place > (this.#newest?.seq ?? 0)) this.#note('PUBLICATIONS_WRONG', seq, 'a row that is missing')
      return
    }
    const { contentDigest, snapshotEpoch, snapshotBytes, transcript } = body.value
    const differing = [
      ...(equalBytes(row.id, snapshotId) ? [] : ['id']),
      ...(row.seq === place ? [] : ['seq']),
      ...(equalBytes(row.transcript, transcript) ? [] : ['transcript']),
      ...(equalBytes(row.parent, parentId) ? [] : ['parent']),
      ...(row.epoch === snapshotEpoch ? [] : ['epoch']),
      ...(row.bytes === snapshotBytes ? [] : ['bytes']),
      ...(equalBytes(row.digest, contentDigest) ? [] : ['digest']),
      ...(equalBytes(row.device, (envelope as Envelope).device) ? [] : ['device']),
    ]
    if (differing.length > 0) this.#note('PUBLICATIONS_WRONG', seq, differing.join(', '))
    else if (!follows) this.#note('PUBLICATIONS_WRONG', seq, 'its parent is not the one before')
    this.#newest = { id: snapshotId.slice(), seq: place }
  }

  #takeAttestation(seq: number, envelope: Envelope | null): void {
    this.#attestationSeqs.add(seq)
    const body = envelope === null ? null : decodeAttestation(envelope.sealed)
    if (body?.ok !== true) return
    const { snapshotId, verdict } = body.value
    const target = this.#options.rows.publications.find(({ id }) => equalBytes(id, snapshotId))
    if (target === undefined) return
    const number = verdict === 'same' ? 1 : 2
    const isThere = this.#options.rows.attestations.some((row) => {
      const isOf = row.published === target.published && row.verdict === number && row.attested <= seq
      return isOf && equalBytes(row.device, (envelope as Envelope).device)
    })
    if (!isThere) this.#note('ATTESTATIONS_WRONG', seq, 'a row that is missing')
  }

  /** The end of the log. `isForgotten` tells of a seq whose mark is kept no more; the bytes of a snapshot are read by `readRow`. */
  finish(
    authority: Judge,
    isForgotten: (seq: number) => boolean,
    readRow: (body: BodyRow, row: number) => Bytes | null,
  ): { readonly found: readonly Found[]; readonly counts: SnapshotCounts } {
    const { publications, attestations, writers } = this.#options.rows
    for (const row of publications) {
      if (!this.#publicationSeqs.has(row.published) && !isForgotten(row.published)) {
        this.#note('PUBLICATIONS_WRONG', row.published, 'a row without its entry')
      }
      const transcript = this.#options.transcriptAt(row.seq)
      if (transcript !== null && !equalBytes(transcript, row.transcript)) {
        this.#note('PUBLICATIONS_WRONG', row.published, 'another transcript at its place')
      }
      this.#examineStanding(row)
      if (row.body !== null) this.#examineBody(row, row.body, authority, readRow)
    }
    for (const { attested } of attestations) {
      if (!this.#attestationSeqs.has(attested) && !isForgotten(attested)) {
        this.#note('ATTESTATIONS_WRONG', attested, 'a row without its entry')
      }
    }
    const known = new Set(writers.map((writer) => bytesToHex(writer)))
    const missing = [...this.#writers].filter((writer) => !known.has(writer)).length
    if (missing > 0) this.#note('WRITERS_WRONG', null, `${missing} of them are missing`)
    const attested = publications.filter((row) => row.attestedFlag > 0).length
    const disputed = publications.filter((row) => row.disputed > 0).length
    return { found: this.#found, counts: { published: publications.length, held: this.#held, attested, disputed } }
  }

  /** What a row says that others found must be in theirs; attested by nobody is by its age. */
  #examineStanding({ published, disputed, attestedFlag, device }: PublicationRow): void {
    const own = this.#options.rows.attestations.filter((row) => row.published === published)
    if (disputed > 0 && this.#attestationsAt.get(disputed)?.verdict !== 2) {
      this.#note('ATTESTATIONS_WRONG', published, 'disputed by nobody')
    }
    const word = own.find((row) => row.verdict === 1)
    const isOwnWord = word !== undefined && own.every((row) => equalBytes(row.device, device))
    if (attestedFlag === 1 && isOwnWord) this.#note('ATTESTATIONS_WRONG', published, 'attested by its author alone')
  }

  #examineBody(
    row: PublicationRow,
    body: BodyRow,
    authority: Judge,
    readRow: (body: BodyRow, row: number) => Bytes | null,
  ): void {
    const fault = this.#findFault(row, body, authority, readRow)
    if (fault === null) this.#held++
    else this.#note('SNAPSHOT_WRONG', row.published, fault)
  }

  #findFault(
    row: PublicationRow,
    body: BodyRow,
    authority: Judge,
    readRow: (body: BodyRow, row: number) => Bytes | null,
  ): string | null {
    const isRow = body.state === 2 && body.bytes === row.bytes && body.held === row.bytes
    if (!isRow || !equalBytes(body.id, row.id) || !equalBytes(body.device, row.device)) return 'its row is another’s'
    const commitment = authority.commitmentOf(row.epoch)
    if (commitment === null) return 'its epoch was never opened'
    const hash = createHash('sha512').update(envelopeIdPrefix(commitment, row.bytes))
    const end = row.bytes - SIGNATURE_BYTES
    const signature = new Uint8Array(SIGNATURE_BYTES)
    let header: Header | null = null
    let at = 0
    for (let index = 0; at < row.bytes; index++) {
      const piece = readRow(body, index)
      if (piece === null || piece.length === 0) return `row ${index} is missing`
      if (index === 0) {
        const read = readHeader(piece)
        if (!read.ok || read.envelopeBytes !== row.bytes) return 'it is no envelope of its size'
        header = read.header
        const misfit = findMisfit(header, row, this.#options.documents)
        if (misfit !== null) return misfit
        if (this.#options.isQuick) return null
      }
      hash.update(piece.subarray(0, Math.max(0, end - at)))
      if (at + piece.length > end) {
        const from = Math.max(0, end - at)
        signature.set(piece.subarray(from, from + row.bytes - Math.max(at, end)), Math.max(0, at - end))
      }
      at += piece.length
    }
    if (at !== row.bytes) return 'it is longer than its row says'
    const id = new Uint8Array(hash.digest().subarray(0, 32))
    if (!equalBytes(id, row.id)) return 'its name is not that of its bytes'
    const key = header === null ? null : authority.signPublicOf(header, row.published)
    return key === null || verifySignature(signature, signatureInput(id), key)
      ? null
      : 'its signature is not its author’s'
  }

  #note(code: Blemish['code'], seq: number | null, detail: string): void {
    this.#found.push({ code, seq, detail })
  }
}

function findMisfit(header: Header, row: PublicationRow, documents: readonly Bytes[]): string | null {
  if (header.kind !== KIND.snapshot) return 'it is no snapshot'
  if (!documents.some((id) => equalBytes(header.document, id))) return 'it is of another document'
  if (!equalBytes(header.device, row.device) || header.epoch !== row.epoch) return 'it is another author’s or epoch’s'
  const isPlace = header.seenSeq === row.seq && equalBytes(header.seenTranscript, row.transcript.subarray(0, 16))
  return isPlace ? null : 'its header names another place'
}
