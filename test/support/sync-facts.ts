/** What a provider knows when all is well. */
import type { SyncFacts } from '../../client/status/sync-status.ts'

export const GOOD: SyncFacts = {
  isConnected: true,
  isLost: false,
  isSynced: true,
  unsaved: 0,
  isKept: true,
  readOnly: false,
  storage: 'kept',
  problem: null,
  setAside: [],
  tampering: null,
  distrust: null,
  ended: null,
}
