/**
 * Role and right to write as the app was told them last.
 *
 * @module
 */
import type { Emit } from './provider-events.ts'
import type { Standing } from './standing.ts'

export class ToldRights {
  readonly #standing: Standing
  readonly #emit: Emit
  #role = 'none'
  #readOnly = true

  constructor(standing: Standing, emit: Emit) {
    this.#standing = standing
    this.#emit = emit
  }

  /** Tells a new role, or that the relay has come to know of it: only then edits leave. Says what has changed since. */
  update(): { readonly role: boolean; readonly readOnly: boolean } {
    const { role, readOnly } = this.#standing
    const changed = { role: role !== this.#role, readOnly: readOnly !== this.#readOnly }
    this.#role = role
    this.#readOnly = readOnly
    if (changed.role || changed.readOnly) this.#emit('role', [role])
    return changed
  }
}
