/**
 * What is remembered of a document's row between reads, kept up with the records that pass. Rules KM11, KM18, LO7.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { Creation, DocumentStatus, RecordEffect, Store } from './ports.ts'

export interface OpenDocument {
  readonly mode: 'members' | 'shared-key'
  /** 32 bytes. */
  readonly genesisHash: Bytes
  /** Public half of the room's key, 32 bytes; `shared-key` mode only. */
  readonly roomKey: Bytes | null
  readonly epoch: number
  /** Of the epoch in force. */
  readonly commitment: Bytes
  /** Nothing but records is taken in it. [KM18] */
  readonly isEpochClosed: boolean
  /** Of every epoch so far: what is sent again has the id of its own. */
  readonly commitments: ReadonlyMap<number, Bytes>
  /** Seq of the newest record of which this speaks. */
  readonly recordSeq: number
}

/** The document of a row just read, with the commitments of all its epochs. */
export async function readDocument(store: Store, id: Bytes, status: DocumentStatus): Promise<OpenDocument> {
  const { mode, genesisHash, roomKey, epoch, commitment, isEpochClosed, recordSeq } = status
  const commitments = epoch === 1 ? [[1, commitment] as const] : await store.commitments(id)
  return { mode, genesisHash, roomKey, epoch, commitment, isEpochClosed, commitments: new Map(commitments), recordSeq }
}

/** The document that has just been made. */
export function documentMade({ mode, genesisHash, roomKey, commitment }: Creation): OpenDocument {
  const commitments = new Map([[1, commitment]])
  return {
    mode,
    genesisHash,
    roomKey: roomKey ?? null,
    epoch: 1,
    commitment,
    isEpochClosed: false,
    commitments,
    recordSeq: 1,
  }
}

/** The document after a record at `seq`. */
export function documentAfter(document: OpenDocument, effect: RecordEffect, seq: number): OpenDocument {
  if (seq <= document.recordSeq) return document
  const isEpochClosed = document.isEpochClosed || effect.closesEpoch === true
  if (effect.rotation === undefined) return { ...document, isEpochClosed, recordSeq: seq }
  const { epoch } = effect.rotation
  // A copy: the record that it stands in may be large, and need not be kept for it.
  const commitment = effect.rotation.commitment.slice()
  const commitments = new Map(document.commitments).set(epoch, commitment)
  return { ...document, epoch, commitment, isEpochClosed: false, commitments, recordSeq: seq }
}
