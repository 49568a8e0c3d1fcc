/**
 * Whether two documents hold the same, item by item and in the same places: what a reader would see, and what later edits would lean on.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'
import * as Y from 'yjs'
import { writeContent } from '../../snapshots/content-stream.ts'
import { LeafHasher } from '../../snapshots/leaf-hasher.ts'

/** Compares content, as snapshots do, and how far each client's edits go. Deleted text counts by its place alone. */
export function holdsTheSame(one: Y.Doc, other: Y.Doc): boolean {
  const [a, b] = [leavesOf(one), leavesOf(other)]
  return a !== null && b !== null && equalBytes(a, b)
}

function leavesOf(doc: Y.Doc): Bytes | null {
  const hasher = new LeafHasher()
  const steps = writeContent(Y.encodeStateAsUpdateV2(doc) as Bytes, hasher)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value ? hasher.finish() : null
}
