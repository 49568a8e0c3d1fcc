/**
 * The content digest of a snapshot's state and context, in slices. Rule LO12.
 *
 * @module
 */
import { encodeSnapshotContext, type Bytes, type SnapshotContext } from '@y-sealed/protocol'
import { contentDigest, type EpochKey } from '@y-sealed/protocol/sealing'
import { writeContent } from './content-stream.ts'
import { LeafHasher } from './leaf-hasher.ts'
import type { Slices } from './slices.ts'

export interface Digestible {
  readonly seq: number
  readonly context: SnapshotContext
  /** Checked. */
  readonly state: Bytes
}

/** 32 bytes; `null` for a state that has none, and once it is not wanted any more. */
export async function digestState(
  document: Bytes,
  key: EpochKey,
  { seq, context, state }: Digestible,
  slices: Slices,
): Promise<Bytes | null> {
  const hasher = new LeafHasher()
  const steps = writeContent(state, hasher)
  let step = steps.next()
  while (step.done !== true) {
    if (!(await slices.breathe())) return null
    step = steps.next()
  }
  if (!step.value) return null
  return contentDigest(key, { document, seq, context: encodeSnapshotContext(context), leaves: hasher.finish() })
}
