/**
 * Reads the sealed log once more and gives the edits that count. Which those are is known from when the log was verified, and by the
 * transcript these are the same entries: nothing is verified twice, and nothing else than what was verified comes out. Rule HI2.
 *
 * @module
 */
import {
  decodeAuthoredUpdate,
  decodePart,
  envelopeId,
  extendTranscript,
  isQuote,
  KIND,
  readWholeEnvelope,
  sodiumSha512,
  SyncError,
  type Bytes,
  type Envelope,
} from '@y-sealed/protocol'
import type { DocumentAccess } from '../document/document-access.ts'
import { PartGroup } from '../log/part-group.ts'
import { monotonicClock, nextTurn } from '../platform.ts'
import { contentOf, readQuotedUpdates } from '../quotes/quoted-updates.ts'
import type { LogView } from './log-view.ts'
import type { SealedLog } from './sealed-log.ts'

const PAGE_BYTES = 65_536
/** Others get their turn after so long. */
const SLICE_MS = 12

export interface ReplayOptions {
  readonly access: DocumentAccess
  /** As this device has verified it. */
  readonly log: LogView
  readonly source: SealedLog
}

/** A place of the log. */
export interface LogPlace {
  readonly seq: number
  /** 32 bytes. */
  readonly transcript: Bytes
}

/** One edit that counts. */
export interface PastEdit {
  readonly seq: number
  /** 16 bytes. */
  readonly device: Bytes
  /** Yjs V2. */
  readonly update: Bytes
}

/** The edits of a stretch, and the place behind it; `isWhole` where that is not within an update that comes in parts. */
export interface ReplayPage {
  readonly edits: readonly PastEdit[]
  readonly place: LogPlace
  readonly isWhole: boolean
}

/**
 * The edits after `from` up to `through`, page by page. Throws `HISTORY_TRIMMED` where the log of that time is not kept, `LOG_INVALID` where
 * what is kept is not what was verified, and the signal's reason when it aborts.
 */
export async function* replayLog(
  { access, log, source }: ReplayOptions,
  from: LogPlace,
  through: number,
  signal?: AbortSignal,
): AsyncGenerator<ReplayPage, void, undefined> {
  const parts = new PartGroup()
  let place = from
  let slicedAt = monotonicClock()
  while (place.seq < through) {
    const kept = await source.read(place.seq, PAGE_BYTES)
    signal?.throwIfAborted()
    const run = kept.filter(({ seq }) => seq <= through)
    if (run.length === 0) throw trimmed()
    const envelopes = run.map(({ seq, envelope }, index) => readAt(place.seq + 1 + index, seq, envelope))
    place = follow(log, place, envelopes)
    // Only now is it known that these are the entries that were verified.
    const first = place.seq - envelopes.length + 1
    let isWhole = true
    const page: PastEdit[] = []
    for (const [index, envelope] of envelopes.entries()) {
      const seq = first + index
      const counts = log.has(seq)
      if (envelope.kind !== KIND.part && !counts) continue
      const content = contentOf(envelope, access)
      const joined = envelope.kind === KIND.part ? joinPart(parts, seq, envelope, content) : content
      isWhole = joined !== 'more'
      if (!counts) continue
      if (joined === null || joined === 'more') throw damaged()
      page.push(...editsOf(seq, envelope, joined, access))
    }
    yield { edits: page, place, isWhole }
    if (monotonicClock() - slicedAt < SLICE_MS) continue
    await nextTurn()
    signal?.throwIfAborted()
    slicedAt = monotonicClock()
  }
}

function readAt(expected: number, seq: number, bytes: Bytes): Envelope {
  const envelope = readWholeEnvelope(bytes)
  if (seq !== expected || envelope === null) throw damaged()
  return envelope
}

function follow(log: LogView, from: LogPlace, envelopes: readonly Envelope[]): LogPlace {
  let { transcript } = from
  for (const envelope of envelopes) {
    const commitment = log.commitmentOf(envelope.epoch)
    if (commitment === null) throw damaged()
    const id = envelopeId(sodiumSha512, commitment, envelope)
    transcript = extendTranscript(sodiumSha512, transcript, id, envelope.signature)
  }
  const seq = from.seq + envelopes.length
  const verdict = log.compareTranscript(seq, transcript)
  if (verdict === 'unknown') throw trimmed()
  if (verdict === 'different') throw damaged()
  return { seq, transcript }
}

/** A quote brings those of others. [CL31] */
function editsOf(seq: number, { device }: Envelope, content: Bytes, access: DocumentAccess): readonly PastEdit[] {
  if (isQuote(content)) {
    const quoted = readQuotedUpdates(content, access)
    if (quoted === null) throw damaged()
    return quoted.map((each) => ({ seq, device: each.device, update: each.update }))
  }
  const decoded = decodeAuthoredUpdate(content)
  if (!decoded.ok) throw damaged()
  return [{ seq, device, update: decoded.value.update }]
}

function joinPart(parts: PartGroup, seq: number, envelope: Envelope, content: Bytes | null): Bytes | 'more' | null {
  const part = content === null ? null : decodePart(content)
  const joined = part?.ok ? parts.take(seq, envelope, part.value) : 'broken'
  return joined === 'broken' ? null : joined
}

function trimmed(): SyncError {
  return new SyncError('HISTORY_TRIMMED', 'the log of that time is not kept any more')
}

function damaged(): SyncError {
  return new SyncError('LOG_INVALID', 'what is kept of the log is not what was verified')
}
