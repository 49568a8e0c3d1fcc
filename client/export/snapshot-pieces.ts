/**
 * The snapshot in an exported document, put together from its pieces and opened. What it says is believed once the entries after it bring its
 * publication. Rules EX2, EX5, LO11.
 *
 * @module
 */
import {
  envelopeId,
  equalBytes,
  exportDamaged,
  readWholeEnvelope,
  sodiumSha512,
  type Bytes,
  type SnapshotPiece,
} from '@y-sealed/protocol'
import type { DocumentAccess } from '../document/document-access.ts'
import { openSnapshot, type OpenedSnapshot } from '../snapshots/opened-snapshot.ts'

export class SnapshotPieces {
  readonly #seq: number
  readonly #transcript: Bytes
  readonly #bytes: Bytes
  #length = 0

  /** `first` says how long it is. */
  constructor(first: SnapshotPiece) {
    this.#seq = first.seq
    this.#transcript = first.transcript.slice()
    this.#bytes = new Uint8Array(first.total)
  }

  /** Throws `EXPORT_DAMAGED` for a piece that does not follow. */
  take({ seq, transcript, total, offset, bytes }: SnapshotPiece): void {
    const isSame = seq === this.#seq && equalBytes(transcript, this.#transcript) && total === this.#bytes.length
    if (!isSame || offset !== this.#length) throw exportDamaged()
    this.#bytes.set(bytes, offset)
    this.#length += bytes.length
  }

  /** Throws `EXPORT_DAMAGED` for one that is not whole, does not open, or is of another place. */
  open(access: DocumentAccess): OpenedSnapshot {
    const { documentId } = access
    const envelope = this.#length === this.#bytes.length ? readWholeEnvelope(this.#bytes) : null
    const key = envelope && access.keyOf(envelope.epoch)
    const id = envelope && key && envelopeId(sodiumSha512, key.commitment, envelope)
    const opened = id && openSnapshot(this.#bytes, { documentId, id, keyOf: (epoch) => access.keyOf(epoch) })
    const fits = opened?.seq === this.#seq && equalBytes(opened.context.transcript, this.#transcript)
    if (!opened || !fits) throw exportDamaged()
    return opened
  }
}
