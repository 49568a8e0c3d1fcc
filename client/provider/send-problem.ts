/**
 * Why edits do not leave, as the app is told. Rule CL5.
 *
 * @module
 */
import { SyncError, type Bytes } from '@y-sealed/protocol'

/** Why edits cannot leave now; they stay with the sender. */
export interface SendProblem {
  /**
   * A refusal code, or `KEY_MISSING`, `KEYS_NOT_STORED`, `NOT_COUNTED`, `OUTBOX_DAMAGED`, `CLIENT_ID_TAKEN`, `DEPENDS_ON_UNSENT`, `TOO_LARGE`,
   * `OUTBOX_FAILED`; `STORAGE_FULL`, `STORAGE_UNAVAILABLE`, `STORAGE_NEWER`, `STORAGE_CLOSED`: as the storage says; `STORE_FAILED`, `LOG_GAP`, `FORK`: the log is
   * not kept on this device, and is read from the relay the next time. `EDIT_SET_ASIDE`: some content may never leave; the rest has, without it.
   * `ILL_FORMED_TEXT`: an edit holds half of a surrogate pair, in a text, a key or a name: it does leave, and everybody else has U+FFFD there.
   * `ROOT_NAME`: a root type's name is no well-formed text: its content does leave, and stands under another name elsewhere.
   */
  readonly code: string
  readonly message: string
  /**
   * Of `EDIT_SET_ASIDE`: what nobody else gets, and what a restart takes from here too: a Yjs V2 update for an empty document, whose array
   * `set-aside` has it then; or the whole edit, where only a part of a value is left out.
   */
  readonly content?: Bytes
}

/** The log could not be kept, or what was kept not be read. */
export function storeProblem(error: unknown): SendProblem {
  const code = error instanceof SyncError ? error.code : 'STORE_FAILED'
  return { code, message: 'what this device keeps of the document cannot be read or written now' }
}
