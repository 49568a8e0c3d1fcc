/**
 * What a person may honestly be told about a document: one state at a time, the most urgent first. Rules CL6, CL22.
 *
 * @module
 */
import type { DownReason } from '../connection/channel.ts'
import type { SetAsideEdit } from '../drafts/set-aside-list.ts'
import type { IntegrityReport } from '../provider/provider-events.ts'
import type { SendProblem } from '../provider/send-problem.ts'

/**
 * Where edits stand that no relay has: `kept` on this device; `evictable`, kept until the browser wants the room; `off`, in this page's
 * memory alone.
 */
export type StorageState = 'kept' | 'evictable' | 'off'

/** True of every state. */
interface Circumstances {
  /** Local edits that no relay has acknowledged from its disk. */
  readonly unsaved: number
  /** Those are in this device's storage. False while they are being written there, and when they cannot be. */
  readonly isKept: boolean
  readonly readOnly: boolean
  readonly storage: StorageState
}

/**
 * `syncing`: it is being opened, or edits are on their way.
 * `saved`: the relay has everything on its disk. Never said before.
 * `offline`: no relay; `storage` says whether what was typed outlives this page, once it `isKept`.
 * `view-only`: all is read, and edits would be refused.
 * `blocked`: edits do not leave, and why; they stay here.
 * `set-aside`: something typed here can never leave (`provider.setAside`); the rest has.
 * `tampered`: an entry does not count, or the relay keeps something back; nothing of it was applied. Until that is made good,
 * or the person has read it.
 * `rolled-back`: the relay shows less, or something else, than this device has verified, or has lost what another was shown; nothing leaves,
 * and nothing was overwritten.
 * `spoilt`: what the relay hands over is damaged each time that it is asked, by it or on the way. Nothing of it was applied, and nothing says that the
 * relay has another history; it is looked at now and then, and the document goes on by itself once it hands over a good copy. What to do: wait, try another
 * network, tell whoever runs the relay.
 * `closed`: for good, and why.
 */
export type SyncStatus = Circumstances &
  (
    | { readonly kind: 'syncing' }
    | { readonly kind: 'saved' }
    | { readonly kind: 'offline' }
    | { readonly kind: 'view-only' }
    | { readonly kind: 'blocked'; readonly problem: SendProblem }
    | { readonly kind: 'set-aside'; readonly edits: readonly SetAsideEdit[] }
    | { readonly kind: 'tampered'; readonly report: IntegrityReport }
    | { readonly kind: 'rolled-back'; readonly report: IntegrityReport }
    | { readonly kind: 'spoilt'; readonly report: IntegrityReport }
    | { readonly kind: 'closed'; readonly reason: DownReason }
  )

/** What is known of a document's way to the relay. */
export interface SyncFacts extends Circumstances {
  /** The relay has the document open. */
  readonly isConnected: boolean
  /** An attempt to reach the relay has failed, or the connection was lost, since it was open last. */
  readonly isLost: boolean
  readonly isSynced: boolean
  readonly problem: SendProblem | null
  readonly setAside: readonly SetAsideEdit[]
  readonly tampering: IntegrityReport | null
  readonly distrust: IntegrityReport | null
  readonly ended: DownReason | null
}

/** The one thing to say. [CL22] */
export function judgeStatus(facts: SyncFacts): SyncStatus {
  const { unsaved, isKept, readOnly, storage } = facts
  const circumstances = { unsaved, isKept, readOnly, storage }
  if (facts.distrust && !isExplained(facts.distrust, facts.tampering))
    return { ...circumstances, kind: facts.distrust.isSpoilt ? 'spoilt' : 'rolled-back', report: facts.distrust }
  if (facts.ended) return { ...circumstances, kind: 'closed', reason: facts.ended }
  if (facts.tampering) return { ...circumstances, kind: 'tampered', report: facts.tampering }
  if (facts.setAside.length > 0) return { ...circumstances, kind: 'set-aside', edits: facts.setAside }
  if (!facts.isConnected) return { ...circumstances, kind: facts.isLost ? 'offline' : 'syncing' }
  if (facts.problem && unsaved > 0) return { ...circumstances, kind: 'blocked', problem: facts.problem }
  if (!facts.isSynced || unsaved > 0) return { ...circumstances, kind: 'syncing' }
  return { ...circumstances, kind: readOnly ? 'view-only' : 'saved' }
}

/** What was spoilt on its way is not what the relay has signed either: one mishap, which is being mended, and is told as what it is. */
function isExplained({ code, fatal, seq }: IntegrityReport, tampering: IntegrityReport | null): boolean {
  return code === 'FORK' && !fatal && tampering !== null && tampering.seq <= seq
}
