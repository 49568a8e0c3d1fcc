/**
 * A document as it was at a place of the log, made from the sealed entries; and what changed between two places. States on the way are kept,
 * so that a neighbouring version costs little. Rules HI2, HI5.
 *
 * @module
 */
import { sodiumSha512, startTranscript, type Bytes } from '@y-sealed/protocol'
import * as Y from 'yjs'
import { feedUpdate } from '../yjs/feed-update.ts'
import { Checkpoints, type Checkpoint } from './checkpoints.ts'
import { DeletionBook } from './deletion-book.ts'
import { replayLog, type LogPlace, type PastEdit, type ReplayOptions } from './log-replay.ts'

const CHECKPOINT_ENTRIES = 2_048

/** A document of now and then, with what was deleted in between still in it. */
export interface PastStretch {
  /** As of the later place. */
  readonly doc: Y.Doc
  readonly before: Y.Snapshot
  readonly after: Y.Snapshot
  readonly deletions: DeletionBook
}

export class PastStates {
  readonly #options: ReplayOptions
  readonly #checkpoints = new Checkpoints()

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  /** The document as of `seq`, a copy of its own. Rejects as {@link replayLog} throws. */
  async at(seq: number, signal?: AbortSignal): Promise<Y.Doc> {
    const doc = new Y.Doc()
    await this.#fill(doc, seq, signal)
    return doc
  }

  /** From one place to a later one. Rejects as {@link replayLog} throws. */
  async between(from: number, to: number, signal?: AbortSignal): Promise<PastStretch> {
    const doc = new Y.Doc()
    const place = await this.#fill(doc, from, signal)
    const before = Y.snapshot(doc)
    doc.gc = false
    const deletions = new DeletionBook()
    for await (const { edits } of replayLog(this.#options, place, to, signal)) {
      feedAll(doc, edits)
      for (const edit of edits) deletions.note(edit)
    }
    return { doc, before, after: Y.snapshot(doc), deletions }
  }

  async #fill(doc: Y.Doc, seq: number, signal: AbortSignal | undefined): Promise<LogPlace> {
    const from = await this.#nearest(seq)
    if (from.state !== null) Y.applyUpdateV2(doc, from.state)
    let reached: LogPlace = from
    let kept = from.seq
    for await (const { edits, place, isWhole } of replayLog(this.#options, from, seq, signal)) {
      feedAll(doc, edits)
      reached = place
      if (!isWhole || place.seq - kept < CHECKPOINT_ENTRIES) continue
      kept = place.seq
      this.#checkpoints.add({ ...place, state: Y.encodeStateAsUpdateV2(doc) as Bytes })
    }
    return reached
  }

  /** One of a log that was read again since, and is another there now, is of no use. */
  async #nearest(seq: number): Promise<Checkpoint> {
    const { access, log, source } = this.#options
    const isOfLog = (each: Checkpoint): boolean => log.compareTranscript(each.seq, each.transcript) === 'same'
    const known = this.#checkpoints.before(seq, isOfLog)
    const kept = await source.snapshot(seq)
    if (kept !== null && kept.seq > (known?.seq ?? 0) && isOfLog(kept)) return kept
    return known ?? { seq: 0, transcript: startTranscript(sodiumSha512, access.genesisHash), state: null }
  }
}

function feedAll(doc: Y.Doc, edits: readonly PastEdit[]): void {
  doc.transact(() => {
    for (const { update } of edits) feedUpdate(doc, update, 'history')
  }, 'history')
}
