/**
 * A snapshot that opens and says what it should: where a reader may begin. Whether it may be trusted, the log after it says. Rules LO10, EN11.
 *
 * @module
 */
import {
  decodeSnapshot,
  envelopeId,
  equalBytes,
  KIND,
  readWholeEnvelope,
  sodiumSha512,
  type Bytes,
  type Envelope,
} from '@y-sealed/protocol'
import { open, type EpochKey } from '@y-sealed/protocol/sealing'
import type { LogBase } from '../log/log-base.ts'
import { checkState } from '../yjs/check-update.ts'

export interface OpenedSnapshot extends LogBase {
  /** 32 bytes. */
  readonly id: Bytes
  readonly envelope: Envelope
  /** Of the epoch in which it is sealed. */
  readonly key: EpochKey
  /** Unix ms, its author's word. */
  readonly authoredAt: number
  /** Yjs V2, checked: an empty Y.Doc takes it whole. */
  readonly state: Bytes
}

/** Which snapshot is meant, and of what document. */
export interface SnapshotName {
  readonly documentId: Bytes
  /** 32 bytes. */
  readonly id: Bytes
  readonly keyOf: (epoch: number) => EpochKey | null
}

/** `null` when these bytes are not the snapshot of that id, do not open, or are no whole document. Everything in it is a view of them. */
export function openSnapshot(bytes: Bytes, { documentId, id, keyOf }: SnapshotName): OpenedSnapshot | null {
  const envelope = readWholeEnvelope(bytes)
  if (envelope?.kind !== KIND.snapshot || !equalBytes(envelope.document, documentId)) return null
  const key = keyOf(envelope.epoch)
  if (key === null || !equalBytes(envelopeId(sodiumSha512, key.commitment, envelope), id)) return null
  const content = openContent(envelope, key)
  const decoded = content && decodeSnapshot(content)
  if (!decoded?.ok) return null
  const { authoredAt, state, ...context } = decoded.value
  if (!equalBytes(context.transcript.subarray(0, 16), envelope.seenTranscript)) return null
  const checked = checkState(state)
  if (!checked.ok) return null
  const { clocks, deletes } = checked
  return { seq: envelope.seenSeq, id, envelope, key, authoredAt, context, state, clocks, deletes }
}

/** Are these the bytes that were published under that id? What is not was spoilt on its way, or never it. */
export function isSnapshotOf(bytes: Bytes, { documentId, id, keyOf }: SnapshotName): boolean {
  const envelope = readWholeEnvelope(bytes)
  if (envelope === null || !equalBytes(envelope.document, documentId)) return false
  const key = keyOf(envelope.epoch)
  return key !== null && equalBytes(envelopeId(sodiumSha512, key.commitment, envelope), id)
}

function openContent(envelope: Envelope, key: EpochKey): Bytes | null {
  try {
    return open(envelope, key)
  } catch {
    return null
  }
}
