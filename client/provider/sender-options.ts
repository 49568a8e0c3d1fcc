/**
 * What a sender is made of, and whom it tells.
 *
 * @module
 */
import type { Bytes, ClientFrame } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import type * as Y from 'yjs'
import type { DocumentAccess } from '../document/document-access.ts'
import type { DocumentLog } from '../log/document-log.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { SendProblem } from './send-problem.ts'
import type { TypedClocks } from './typed-clocks.ts'

export interface SenderOptions {
  readonly doc: Y.Doc
  readonly access: DocumentAccess
  readonly device: Device
  readonly log: DocumentLog
  readonly outbox: Outbox
  /** Of `doc`, since it was open here. */
  readonly typedClocks: TypedClocks
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  readonly reopen: () => void
  /** Asks for a new token, since the old one may be of a time when the device might do less; false where it would change nothing. */
  readonly refresh: () => boolean
  /** The number of unsaved edits changed, they are kept or not any more, or a binding came into force. */
  readonly onChange: () => void
  readonly onProblem: (problem: SendProblem) => void
  /** {@link Sender.setAside} is another. */
  readonly onSetAside: () => void
  /** Puts an own edit of an earlier run into the document. */
  readonly show: (update: Bytes) => void
  /** Resolves when what was taken from the log so far would survive a crash: only then may the outbox forget it. [CL13] */
  readonly whenKept: () => Promise<void>
}
