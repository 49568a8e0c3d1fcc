/**
 * Ids, transcripts and running sizes of one log, row after row: what each must be, and where damage ends, so that one bit that was turned is
 * one fault and not one in every row after it. Rules EN6, LO1, LO2.
 *
 * @module
 */
import {
  equalBytes,
  extendTranscript,
  startTranscript,
  type Bytes,
  type Envelope,
  type Sha512,
} from '@y-sealed/protocol'

import type { EntryRow } from '../store/sqlite/audit-reader.ts'
import type { Blemish } from './authority.ts'

/** Newest transcripts that are kept; older ones are asked of the table, whose rows were checked when they were passed. */
const RECENT = 1024

const ID_WRONG: Blemish = { code: 'ID_WRONG', detail: 'recomputed otherwise from the envelope' }
const ENVELOPE_CHANGED: Blemish = { code: 'ENVELOPE_CHANGED', detail: 'id and transcript name another' }

export class LogChain {
  readonly #sha512: Sha512
  readonly #start: Bytes
  readonly #storedTranscriptAt: (seq: number) => Bytes | null
  readonly #recent: Bytes[] = []
  #firstRecent = 1
  #seq = 0
  #transcript: Bytes
  /** As the row before says. */
  #storedTranscript: Bytes
  #bytes = 0
  #storedBytes = 0
  #isResumed = false

  constructor(sha512: Sha512, genesisHash: Bytes, storedTranscriptAt: (seq: number) => Bytes | null) {
    this.#sha512 = sha512
    this.#start = startTranscript(sha512, genesisHash)
    this.#transcript = this.#start
    this.#storedTranscript = this.#start
    this.#storedTranscriptAt = storedTranscriptAt
  }

  /** Seq of the newest row. */
  get seq(): number {
    return this.#seq
  }

  /** Does T at a place that was passed, from 0 on, begin with these 16 bytes? By the rows or by what they should be. [LO3] */
  isTranscript(seq: number, prefix: Bytes): boolean {
    if (seq === 0) return beginsWith(this.#start, prefix)
    const recent = seq < this.#firstRecent ? undefined : this.#recent[seq % RECENT]
    if (seq <= this.#seq && recent !== undefined && beginsWith(recent, prefix)) return true
    return beginsWith(this.#storedTranscriptAt(seq), prefix)
  }

  /**
   * Takes the next row with the id that its envelope has. Gives back its faults, and the id to go on with: the stored one unless
   * the transcript was built upon what the envelope has.
   */
  take(row: EntryRow, envelope: Envelope, id: Bytes): { readonly blemishes: readonly Blemish[]; readonly id: Bytes } {
    const blemishes: Blemish[] = []
    if (this.#isResumed) {
      if (!equalBytes(id, row.id)) blemishes.push(ENVELOPE_CHANGED)
      this.#advance(row, row.transcript, row.logBytes)
      return { blemishes, id: row.id }
    }
    const { signature } = envelope
    let own = extendTranscript(this.#sha512, this.#transcript, id, signature)
    let used = id
    if (!equalBytes(id, row.id)) {
      const isEnvelopeLogged = equalBytes(own, row.transcript)
      blemishes.push(isEnvelopeLogged ? ID_WRONG : ENVELOPE_CHANGED)
      if (!isEnvelopeLogged) {
        used = row.id
        own = extendTranscript(this.#sha512, this.#transcript, used, signature)
      }
    }
    if (!equalBytes(own, row.transcript)) {
      const fromStored = extendTranscript(this.#sha512, this.#storedTranscript, used, signature)
      if (equalBytes(fromStored, row.transcript)) own = row.transcript
      else blemishes.push({ code: 'TRANSCRIPT_WRONG', detail: 'recomputed otherwise from the entries' })
    }
    const { length } = envelope.bytes
    const isSum = row.logBytes === this.#bytes + length || row.logBytes === this.#storedBytes + length
    if (!isSum) blemishes.push({ code: 'BYTES_WRONG', detail: `${row.logBytes}, not ${this.#bytes + length}` })
    this.#advance(row, own, isSum ? row.logBytes : this.#bytes + length)
    return { blemishes, id: used }
  }

  /** Goes on behind a row whose envelope is not there or cannot be read: by its mark, where there is one. [LO15] */
  skip(row: EntryRow): Blemish | null {
    const { id, signature, transcript } = row
    const follows = (before: Bytes): boolean =>
      signature === null || equalBytes(extendTranscript(this.#sha512, before, id, signature), transcript)
    const holds = this.#isResumed || follows(this.#transcript) || follows(this.#storedTranscript)
    this.#advance(row, transcript, row.logBytes)
    return holds ? null : { code: 'TRANSCRIPT_WRONG', detail: 'recomputed otherwise from the marks' }
  }

  /** Marks before the next row were forgotten, as they may be: what it says is where the chain goes on. [LO15] */
  resume(): void {
    this.#isResumed = true
  }

  #advance(row: EntryRow, transcript: Bytes, bytes: number): void {
    if (row.seq !== this.#seq + 1) this.#firstRecent = row.seq
    this.#isResumed = false
    this.#seq = row.seq
    this.#firstRecent = Math.max(this.#firstRecent, row.seq - RECENT + 1)
    this.#recent[row.seq % RECENT] = transcript
    this.#transcript = transcript
    this.#storedTranscript = row.transcript
    this.#bytes = bytes
    this.#storedBytes = row.logBytes
  }
}

function beginsWith(transcript: Bytes | null, prefix: Bytes): boolean {
  return transcript !== null && equalBytes(transcript.subarray(0, prefix.length), prefix)
}
