/**
 * What every part of the core shares: the ports, the limits, the hash. Made once per relay.
 *
 * @module
 */
import type { Bytes, Sha512 } from '@y-sealed/protocol'

import type { RelayLimits } from './limits.ts'
import type { Auth, Bus, Clock, HeadKey, Log, Metrics, Store } from './ports.ts'
import type { SharedRates } from './rates.ts'
import type { SnapshotReads } from './snapshot-reads.ts'
import type { StagingBudget } from './staged-parts.ts'

export interface Context {
  readonly store: Store
  readonly bus: Bus
  readonly auth: Auth
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly headKey: HeadKey
  /** URLs by which clients may have dialled this relay. [AU5] */
  readonly audiences: readonly string[]
  readonly sha512: Sha512
  /** Fresh random bytes. */
  readonly random: (length: number) => Bytes
  readonly limits: RelayLimits
  /** Room for parts of updates that are not whole yet. */
  readonly staging: StagingBudget
  /** Pages of snapshots on their way out. */
  readonly snapshotReads: SnapshotReads
  /** Buckets that sockets share. */
  readonly rates: SharedRates
  /** An id as a key of a map. */
  readonly keyOf: (id: Bytes) => string
  /** An id as logs may have it: the start of its hash. [J1] */
  readonly labelOf: (id: Bytes) => string
}
