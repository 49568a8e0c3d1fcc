/**
 * Follows a provider's events and holds the one {@link SyncStatus} that they come to. Rule CL22.
 *
 * @module
 */
import type { IntegrityReport, ProviderEvents, ProviderStatus } from '../provider/provider-events.ts'
import { judgeStatus, type StorageState, type SyncFacts, type SyncStatus } from './sync-status.ts'

/** The part of a provider that is followed. */
export interface TrackedProvider {
  readonly status: ProviderStatus
  readonly synced: boolean
  readonly readOnly: boolean
  readonly unsyncedChanges: number
  readonly isKept: boolean
  on<Name extends keyof ProviderEvents>(name: Name, listener: ProviderEvents[Name]): unknown
}

/** Waits end by themselves: nobody need be told. */
const PASSING: ReadonlySet<string> = new Set([
  'RATE',
  'UNAVAILABLE',
  'DEPENDS_ON_UNSENT',
  'EPOCH_STALE',
  'EDIT_SET_ASIDE',
  'LOG_GAP',
  'STORE_FAILED',
])

/** Of what the relay has not acknowledged, this device would lose something now. */
const UNKEPT: ReadonlySet<string> = new Set([
  'KEYS_NOT_STORED',
  'OUTBOX_FAILED',
  'STORAGE_CLOSED',
  'STORAGE_FULL',
  'STORAGE_NEWER',
  'STORAGE_UNAVAILABLE',
])

/** What only events tell; the rest is the provider's to say at any time. */
type Told = Omit<SyncFacts, 'unsaved' | 'isKept' | 'readOnly' | 'isConnected' | 'isSynced'>

export class StatusTracker {
  readonly #provider: TrackedProvider
  readonly #onChange: (status: SyncStatus) => void
  #told: Told
  /** As the app says. */
  #storage: StorageState
  #status: SyncStatus

  /** `onChange` hears of every state that differs from the one before. */
  constructor(provider: TrackedProvider, storage: StorageState, onChange: (status: SyncStatus) => void) {
    this.#provider = provider
    this.#onChange = onChange
    this.#storage = storage
    const nothing = { problem: null, setAside: [], tampering: null, distrust: null, ended: null }
    this.#told = { ...nothing, isLost: false, storage }
    this.#status = this.#judge()
    this.#follow()
  }

  /** Stays the same object while nothing changes. */
  get status(): SyncStatus {
    return this.#status
  }

  setStorage(storage: StorageState): void {
    this.#storage = storage
    this.#learn({ storage })
  }

  /** The person has read of what was set aside, or of tampering. */
  dismiss(): void {
    this.#learn({ setAside: [], tampering: null })
  }

  #follow(): void {
    const provider = this.#provider
    const look = (): void => this.#learn({})
    provider.on('status', ({ status }) => {
      // While it is being tried again and again, it is lost.
      if (status === 'connecting') look()
      else this.#learn(status === 'connected' ? { isLost: false, ended: null } : { isLost: true })
    })
    provider.on('synced', look)
    provider.on('unsyncedChanges', look)
    provider.on('kept', look)
    provider.on('role', look)
    // What could not be kept is at the relay by now.
    provider.on('saved', () => this.#learn({ problem: null, storage: this.#storage }))
    provider.on('problem', (problem) => {
      if (UNKEPT.has(problem.code)) this.#learn({ storage: 'off' })
      else if (!PASSING.has(problem.code) && !problem.code.startsWith('PRESENCE_')) this.#learn({ problem })
    })
    provider.on('evicted', (isEvicted) => this.#learn({ storage: isEvicted ? 'off' : this.#storage }))
    provider.on('setAside', (setAside) => this.#learn({ setAside }))
    provider.on('integrity', (report) => this.#learn(newsOf(report, this.#told.tampering)))
    provider.on('connection-close', ({ code }) => {
      // Out of view nobody waits for it, and in view again it is dialled at once. [CL21]
      if (code === 'HIDDEN') this.#learn({ isLost: false })
    })
    provider.on('closed', (ended) => this.#learn({ ended }))
  }

  #learn(news: Partial<Told>): void {
    this.#told = { ...this.#told, ...news }
    const status = this.#judge()
    if (isSame(status, this.#status)) return
    this.#status = status
    this.#onChange(status)
  }

  #judge(): SyncStatus {
    const { status, synced, readOnly, unsyncedChanges, isKept } = this.#provider
    const now = { isConnected: status === 'connected', isSynced: synced, readOnly, unsaved: unsyncedChanges, isKept }
    return judgeStatus({ ...this.#told, ...now })
  }
}

/** The relay shows less than was verified until it shows all of it again; what was tampered with is told of until it is made good. */
function newsOf(report: IntegrityReport, tampering: IntegrityReport | null): Partial<Told> {
  if (report.code === 'RESTORED') {
    const isMadeGood = tampering !== null && report.since !== undefined && tampering.seq >= report.since
    return { distrust: null, ...(isMadeGood && { tampering: null }) }
  }
  const isDistrusted = report.fatal || report.code === 'ROLLBACK' || report.code === 'FORK'
  return isDistrusted ? { distrust: report } : { tampering: report }
}

function isSame(one: SyncStatus, other: SyncStatus): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as ReadonlySet<keyof SyncStatus>
  return [...names].every((name) => one[name] === other[name])
}
