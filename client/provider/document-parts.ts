/**
 * The parts that an open document brings together, for those of them that go between the others.
 *
 * @module
 */
import type { Device } from '@y-sealed/protocol/sealing'
import type { Foundation } from '../document/foundation.ts'
import type { Healer } from '../healing/healer.ts'
import type { History } from '../log/history.ts'
import type { MemberDesk } from '../members/member-desk.ts'
import type { Quoter } from '../quotes/quoter.ts'
import type { SnapshotSide } from '../snapshots/snapshot-side.ts'
import type { Lifeline } from './lifeline.ts'
import type { OwnSide } from './own-side.ts'
import type { Emit } from './provider-events.ts'

export interface DocumentParts {
  readonly history: History
  readonly healer: Healer
  readonly foundation: Foundation
  /** `null` in `shared-key` mode. */
  readonly desk: MemberDesk | null
  readonly own: OwnSide
  readonly line: Lifeline
  /** `null` until it is known; so are snapshots and quoter, which sign by it. */
  readonly device: () => Device | null
  readonly snapshots: () => SnapshotSide | null
  readonly quoter: () => Quoter | null
  readonly emit: Emit
}
