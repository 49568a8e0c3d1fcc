/**
 * What a provider tells, in y-websocket's words and its own.
 *
 * @module
 */
import type { Bytes, RecordRefusal } from '@y-sealed/protocol'
import type { DownReason } from '../connection/channel.ts'
import type { SetAsideEdit } from '../drafts/set-aside-list.ts'
import type { EntryRefusal } from '../log/document-log.ts'
import type { LogMismatch } from '../log/follower.ts'
import type { RecordMismatch } from '../members/member-desk.ts'
import type { SyncStatus } from '../status/sync-status.ts'
import type { SendProblem } from './send-problem.ts'

export type ProviderStatus = 'connected' | 'connecting' | 'disconnected'

/** Something does not fit what was known: the relay lies, was restored from a backup, or somebody's program is broken. [LO6] */
export interface IntegrityReport {
  /**
   * `ROLLBACK`, `FORK`, `LOG_INVALID`, `BAD_HEAD`, `GENESIS_CONFLICT`: where `fatal`, the relay was left: nothing was overwritten, local edits are
   * kept, and it is looked at now and then, without a word. Else what was handed over was spoilt, by the relay or on its way, and is asked for again.
   * `ENTRY_REFUSED`: one entry does not count; the rest goes on. `WAITING`: everything after an entry waits for its signature.
   * `WITHHELD`: the relay does not hand over what it has signed for or shown; it is asked again.
   * `ROLLBACK` and `FORK` that are not fatal: the relay does not show what this device has verified; it is given back what it lacks, and until it
   * shows all of it nothing of it is taken and nothing leaves. Such a `ROLLBACK` comes as well where the relay has lost what others were shown, and
   * has taken nothing new for 10 s. `RESTORED`: it does again, or what waited or was withheld is there. A `FORK` may also be what was handed over and
   * is not what the relay has signed: that is asked for again, and where it was left for that, now and then.
   * All of this is suspected, until `FORK_PROVEN` follows a `FORK`: then the relay's own signatures prove it.
   * `SNAPSHOT_MISMATCH`: a member's device found a published snapshot not to be what the log says, see `authors`; nobody opens from it.
   * `SNAPSHOT_REFUSED`: a snapshot that the relay offered does not open, or is not vouched for; another way is tried.
   * `UNPROVEN`: the log between what this device had read and a snapshot is gone, with its marks: that it is the same log nobody can show.
   */
  readonly code:
    | LogMismatch
    | RecordMismatch
    | 'ENTRY_REFUSED'
    | 'WAITING'
    | 'WITHHELD'
    | 'RESTORED'
    | 'FORK_PROVEN'
    | 'SNAPSHOT_MISMATCH'
    | 'SNAPSHOT_REFUSED'
    | 'UNPROVEN'
  readonly seq: number
  /**
   * With a `fatal` report: the relay was left for handing over, each time that it was asked, what is not what it has signed, or nothing that
   * anybody wrote. Nothing says that it has another history. It is looked at now and then, and the document goes on by itself. [CL30]
   */
  readonly isSpoilt?: true
  /** With `RESTORED`: what was reported of this seq and those after it is made good. */
  readonly since?: number
  /** Ids of the devices that say different things of a snapshot: its author, and who found it different. */
  readonly authors?: readonly Bytes[]
  readonly reason?: EntryRefusal
  /** Why a record does not count, where `reason` is `record`. [KM16] */
  readonly record?: RecordRefusal
  /** With `FORK_PROVEN`: what `verifyForkProof`, and `y-sealed-relay audit --proof`, check; to be kept, and shown to others. [LO16] */
  readonly proof?: Bytes
  readonly fatal: boolean
}

export interface ProviderEvents {
  status: (event: { readonly status: ProviderStatus }) => void
  /** What this device has kept of the document is shown; what is new at the relay may follow. [CL13] */
  loaded: () => void
  /** History is verified, decrypted and applied; false when the connection is lost. */
  sync: (synced: boolean) => void
  synced: (synced: boolean) => void
  /** Everything typed so far is acknowledged by a relay that has it on disk. */
  saved: () => void
  unsyncedChanges: (count: number) => void
  /** Everything typed so far would survive a crash of this device, so far as its storage keeps anything; false: it is being written. */
  kept: (isKept: boolean) => void
  /**
   * True: the browser has thrown away what this device kept, under a running page; nothing is kept now. False: what this page has in memory is
   * stored anew, its keys too; the log follows as the relay gives it. [CL13]
   */
  evicted: (isEvicted: boolean) => void
  /** Role or permissions as the relay sees them changed. */
  role: (role: string) => void
  'connection-close': (reason: DownReason) => void
  'connection-error': (error: unknown) => void
  /**
   * For good: it does not come back by itself, and what is not saved is kept. `REMOVED`: the records say that this device is no member any
   * more. `NOT_A_MEMBER`: the relay lets it in no longer, and does not say why: it was removed while it was away, or the relay refuses; for a
   * device that has never belonged, nobody has let it in. `DELETED`, `UNKNOWN_DOCUMENT`, `TOKEN_REFUSED` and the like: as the relay says.
   */
  closed: (reason: DownReason) => void
  authenticationFailed: (reason: DownReason) => void
  integrity: (report: IntegrityReport) => void
  /** Edits cannot leave now; they are kept. */
  problem: (problem: SendProblem) => void
  /** `setAside` of the provider is another. [CL15] */
  setAside: (edits: readonly SetAsideEdit[]) => void
  /** A request other than an edit was refused (DELETE). */
  requestRefused: (refusal: SendProblem) => void
  deleted: () => void
  /** What a person may be told is something else now. [CL22] */
  syncStatus: (status: SyncStatus) => void
  /** Last of all, by the app itself: nothing is told any more. */
  destroy: () => void
}

/** Tells the app. */
export type Emit = <Name extends keyof ProviderEvents>(name: Name, args: Parameters<ProviderEvents[Name]>) => void
