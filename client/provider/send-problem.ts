/**
 * Why edits do not leave, as the app is told. Rule CL5.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

/** Why edits cannot leave now; they stay with the sender. */
export interface SendProblem {
  /**
   * A refusal code, or `KEY_MISSING`, `KEYS_NOT_STORED`, `NOT_COUNTED`, `OUTBOX_DAMAGED`, `CLIENT_ID_TAKEN`, `DEPENDS_ON_UNSENT`, `TOO_LARGE`,
   * `OUTBOX_FAILED`. `EDIT_SET_ASIDE`: some content may never leave; the rest has, without it.
   */
  readonly code: string
  readonly message: string
  /**
   * Of `EDIT_SET_ASIDE`: what nobody else gets, and what a restart takes from here too: a Yjs V2 update for an empty document, whose array
   * `set-aside` has it then; or the whole edit, where only a part of a value is left out.
   */
  readonly content?: Bytes
}
