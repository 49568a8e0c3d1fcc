/**
 * What a healer asks of the document that is open: its log, its line to the relay, and whom it tells. Rules LO14, CL30.
 *
 * @module
 */
import type { Bytes, ClientFrame } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { History } from '../log/history.ts'
import type { LeftRelayOptions, Mismatch } from './left-relay.ts'

export interface HealerOptions extends LeftRelayOptions {
  readonly access: DocumentAccess
  readonly history: History
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
  readonly reopen: () => void
  /** The log goes back to this seq, beyond which nothing was signed: own edits behind it go out anew. */
  readonly rewind: (toSeq: number) => Promise<void>
  /** So do the records that were placed behind it; that they count is never forgotten. */
  readonly rewindRecords: (toSeq: number) => Promise<void>
  /** What this device has verified stands again, in place of what was tried and is not believed. */
  readonly recall: () => Promise<void>
  /** Nothing leaves until it is opened anew. */
  readonly pause: () => void
  /** All of the log is given up: own edits that the other one lacks go out anew. */
  readonly abandon: () => Promise<void>
  /** Connects again, whatever has stopped it. */
  readonly resume: () => void
  /** Opens anew, and again in earnest. */
  readonly goOn: () => void
  /** May this device give up what was lost? */
  readonly mayRestart: () => boolean
  readonly device: () => Device | null
  /** The relay's log does not hold what was verified: it is being healed. */
  readonly onFallen: (code: Mismatch, seq: number) => void
  /** It holds it again; what stands from `since` on was read anew. */
  readonly onHealed: (seq: number, since?: number) => void
  readonly onWithheld: (seq: number) => void
  /** The relay lacks nothing any more: what it refused meanwhile may go out. */
  readonly onWhole: () => void
  /** The relay's head key, once it is known. */
  readonly headKey: () => Bytes | null
  /** The relay's own signatures prove that it has shown two histories. */
  readonly onProof: (seq: number, proof: Bytes) => void
}
