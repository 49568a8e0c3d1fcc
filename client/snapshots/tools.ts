/**
 * What publishing and attesting need of an open document.
 *
 * @module
 */
import type { ClientFrame } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { DocumentLog } from '../log/document-log.ts'
import type { Errand } from './errand.ts'
import type { Compaction, SnapshotPace } from './pace.ts'
import type { Workbench } from './workbench.ts'

export interface SnapshotTools {
  readonly access: DocumentAccess
  readonly device: Device
  readonly log: DocumentLog
  readonly bench: Workbench
  readonly errand: Errand
  readonly compaction: Compaction
  readonly pace: SnapshotPace
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  /** Edits of this device wait to be sent. */
  readonly isBusy: () => boolean
  /** The document is open, history is read, and role and token allow to publish and to attest. */
  readonly mayWrite: () => boolean
  /** Resolves when history is read once more after a loss; at once while it is. */
  readonly whenLive: () => Promise<void>
  /** The document was closed. */
  readonly isOver: () => boolean
  readonly onTrouble: (error: unknown) => void
}
