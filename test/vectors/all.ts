/**
 * The list of vector files.
 *
 * @module
 */
import type { Cast } from './cast.ts'
import { contentVectors } from './contents.ts'
import { digestVectors } from './digests.ts'
import { envelopeVectors } from './envelopes.ts'
import { exportVectors } from './exports.ts'
import { frameVectors } from './frames.ts'
import { keyVectors } from './keys.ts'
import { logVectors } from './log.ts'
import { memberVectors } from './members.ts'
import { paddingVectors } from './padding.ts'
import { proofVectors } from './proofs.ts'
import { recordVectors } from './records.ts'
import type { VectorFile } from './vector.ts'

/** Every vector file by the name under which it lies beside this one. */
export function buildVectors(cast: Cast): ReadonlyMap<string, VectorFile> {
  return new Map([
    ['keys', keyVectors(cast)],
    ['padding', paddingVectors()],
    ['envelopes', envelopeVectors(cast)],
    ['contents', contentVectors(cast)],
    ['digests', digestVectors(cast)],
    ['records', recordVectors(cast)],
    ['members', memberVectors(cast)],
    ['log', logVectors(cast)],
    ['frames', frameVectors(cast)],
    ['proofs', proofVectors(cast)],
    ['exports', exportVectors(cast)],
  ])
}
