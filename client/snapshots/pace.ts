/**
 * When snapshots are made and looked after. Rule CL40.
 *
 * @module
 */

/** Milliseconds. */
export interface SnapshotPace {
  /** Whose push the relay calls due waits up to so long: should two be elected, the second sees the first. */
  readonly electionMs: number
  /** Who may attest waits up to so long: one is enough. */
  readonly attestationMs: number
  /** Nobody has written for so long, and what came since the last snapshot is a good part of it. */
  readonly idleMs: number
}

export const SNAPSHOT_PACE: SnapshotPace = { electionMs: 2_000, attestationMs: 6_000, idleMs: 30_000 }

/**
 * Whether this device makes snapshots: as soon as the relay asks, only when it is urgent (phones, whose battery and line are dear), or not at all.
 */
export type Compaction = 'soon' | 'now' | 'never'
