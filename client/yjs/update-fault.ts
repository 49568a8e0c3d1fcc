/**
 * How the readers of an update stop. Never leaves client/yjs.
 *
 * @module
 */
import type { UpdateRefusal } from './update-limits.ts'

/** Thrown at the first thing in an update that is not allowed; caught in `inspectUpdate`. */
export class UpdateFault extends Error {
  override readonly name = 'UpdateFault'
  readonly code: UpdateRefusal
  constructor(code: UpdateRefusal) {
    super(code)
    this.code = code
  }
}
