/**
 * A rebuilt log, sealed as a snapshot. Rules LO10, LO12.
 *
 * @module
 */
import { encodeSnapshot, type Bytes } from '@y-sealed/protocol'
import type { EpochKey, Sealed, Session } from '@y-sealed/protocol/sealing'
import { digestState } from './digest-state.ts'
import type { RebuiltLog } from './rebuild.ts'
import type { Slices } from './slices.ts'

export interface MadeSnapshot extends Sealed {
  readonly seq: number
  /** T at `seq`, 32 bytes. */
  readonly transcript: Bytes
  readonly contentDigest: Bytes
}

export interface MakeSnapshotOptions {
  readonly document: Bytes
  readonly session: Session
  readonly key: EpochKey
  /** Unix ms. */
  readonly authoredAt: number
  readonly slices: Slices
}

/** `null` once it is not wanted any more. Throws `TOO_LARGE` for more than 64 MiB. */
export async function makeSnapshot(
  rebuilt: RebuiltLog,
  { document, session, key, authoredAt, slices }: MakeSnapshotOptions,
): Promise<MadeSnapshot | null> {
  const { seq, context, state } = rebuilt
  const digest = await digestState(document, key, rebuilt, slices)
  if (digest === null) return null
  const { transcript } = context
  const content = encodeSnapshot({ ...context, authoredAt, state })
  const sealed = session.sealSnapshot(content, key, { seq, transcript })
  return { ...sealed, seq, transcript, contentDigest: digest }
}
