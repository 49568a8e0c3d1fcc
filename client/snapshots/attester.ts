/**
 * Looks after others' snapshots: rebuilds what each should hold from the log, compares, and says so, if nobody else has by then. Rules LO13, CL40.
 *
 * @module
 */
import {
  decodePublication,
  encodeAttestation,
  equalBytes,
  KIND,
  type PublicationBody,
  type PublishedSnapshot,
} from '@y-sealed/protocol'
import { chance, startTimer, type Cancel } from '../platform.ts'
import type { LogOutcome } from '../log/document-log.ts'
import { digestState } from './digest-state.ts'
import { Slices } from './slices.ts'
import type { SnapshotTools } from './tools.ts'

/** Phones leave it to others for longer. */
const PHONE_FACTOR = 4
/** At least this part of the time that is waited, so that what comes with the publication is read. */
const LEAST_SHARE = 0.1
const RETRY_MS = 5_000

export class Attester {
  readonly #tools: SnapshotTools
  /** The newest that this device may attest. */
  #target: PublicationBody | null = null
  #timer: Cancel | null = null
  #isWorking = false

  constructor(tools: SnapshotTools) {
    this.#tools = tools
  }

  /** A publication that counts, just now or long ago. */
  published({ envelope }: LogOutcome): void {
    const body = decodePublication(envelope.sealed)
    if (body.ok) this.#target = body.value
    this.#schedule()
  }

  /** History is read, and this device may write. */
  opened(): void {
    this.#schedule()
  }

  destroy(): void {
    this.#timer?.()
    this.#timer = null
    this.#target = null
  }

  #schedule(leastMs = 0): void {
    if (this.#timer !== null || this.#isWorking || this.#findTarget() === null) return
    const { pace, compaction } = this.#tools
    const spreadMs = pace.attestationMs * (compaction === 'soon' ? 1 : PHONE_FACTOR)
    const share = LEAST_SHARE + (1 - LEAST_SHARE) * chance()
    this.#timer = startTimer(Math.max(leastMs, spreadMs * share), () => {
      this.#timer = null
      this.#work().catch((error: unknown) => this.#tools.onTrouble(error))
    })
  }

  /** What stands as its author alone has said, and about whom this device's word would count. */
  #findTarget(): { readonly snapshot: PublishedSnapshot; readonly body: PublicationBody } | null {
    const { log, device, access, compaction, mayWrite } = this.#tools
    const body = this.#target
    const snapshot = body && log.snapshots.find(body.snapshotId)
    if (body === null || snapshot?.standing !== 'published' || compaction === 'never' || !mayWrite()) return null
    const own = log.authority.memberOf(device.id)
    if (own === null || access.current === null || equalBytes(snapshot.device, device.id)) return null
    return equalBytes(own, snapshot.member) && !log.isSoleMember(own) ? null : { snapshot, body }
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    const before = this.#target
    const isDone = await this.#attest().finally(() => (this.#isWorking = false))
    // Another was published meanwhile, or what was needed is not there yet.
    if (this.#target !== before) this.#schedule()
    else if (!isDone) this.#schedule(RETRY_MS)
    else this.#target = null
  }

  /** False when it is to be tried again. */
  async #attest(): Promise<boolean> {
    const { access, bench, errand, isOver, onTrouble } = this.#tools
    const target = this.#findTarget()
    if (target === null) return false
    const { seq, transcript, snapshotId, snapshotEpoch } = target.body
    const key = access.keyOf(snapshotEpoch)
    // By then somebody else may have attested it.
    const slices = new Slices(() => !isOver() && this.#findTarget() !== null)
    const rebuilt = key && (await bench.rebuild({ seq, transcript }, slices))
    if (key === null || rebuilt === null) return false
    const digest = await digestState(access.documentId, key, rebuilt, slices)
    const { current } = access
    if (digest === null || current === null || this.#findTarget() === null) return false
    const isSame = equalBytes(digest, target.body.contentDigest)
    if (isSame) {
      // What it has rebuilt it can keep, sealed by itself.
      const made = await bench.make(rebuilt, errand.session, current, slices)
      // Whether there is room for it has nothing to do with what it found.
      if (made !== null) await bench.shelve(made).catch(onTrouble)
    }
    const verdict = isSame ? 'same' : 'different'
    const body = encodeAttestation({ snapshotId, seq, verdict, contentDigest: digest })
    return (await errand.push(KIND.attestation, body, current)) !== 'lost'
  }
}
