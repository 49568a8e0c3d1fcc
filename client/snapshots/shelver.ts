/**
 * Sees to it that a device which keeps no more of the log than it must has a snapshot of its own for each that others vouch for, also where it
 * neither made nor attested nor opened one: rebuilt from the log that it keeps, found to be what the publication says, sealed by itself. So it
 * can open what it keeps, before anything goes for it. Rules LO12, LO15, CL40.
 *
 * @module
 */
import { decodePublication, equalBytes, type PublicationBody } from '@y-sealed/protocol'
import { chance, startTimer, type Cancel } from '../platform.ts'
import type { LogOutcome } from '../log/document-log.ts'
import { digestState } from './digest-state.ts'
import { Slices } from './slices.ts'
import type { SnapshotTools } from './tools.ts'

/** Who attests is first: what it has rebuilt it keeps, and nothing is to be done here. */
const SPREAD = 2
/** It is not worth the work to spare fewer. */
const LEAST_ENTRIES = 256
/** So many publications may be vouched for yet. [LO13] */
const MOST_BODIES = 17

export class Shelver {
  readonly #tools: SnapshotTools
  /** Something is on the shelf that was not. */
  readonly #onShelved: () => void
  /** Counted publications, oldest first. */
  #bodies: PublicationBody[] = []
  /** The newest that others vouch for, and that is not looked after yet. */
  #target: PublicationBody | null = null
  #timer: Cancel | null = null
  #isWorking = false

  constructor(tools: SnapshotTools, onShelved: () => void) {
    this.#tools = tools
    this.#onShelved = onShelved
  }

  /** Takes what became of an entry. */
  note(outcome: LogOutcome): void {
    if (outcome.kind === 'published') {
      const body = decodePublication(outcome.envelope.sealed)
      if (body.ok) this.#bodies = [...this.#bodies, body.value].slice(-MOST_BODIES)
    } else if (outcome.kind === 'attested' && outcome.snapshot.standing === 'attested') {
      const body = this.#bodies.find(({ snapshotId }) => equalBytes(snapshotId, outcome.snapshot.id))
      if (body !== undefined && body.seq > (this.#target?.seq ?? 0)) this.#target = body
    }
  }

  /** Begins, in a while, if there is anything to do. */
  look(): void {
    const { pace } = this.#tools
    if (this.#timer !== null || this.#isWorking || this.#target === null) return
    this.#timer = startTimer(pace.attestationMs * SPREAD * (1 + chance()), () => {
      this.#timer = null
      this.#work().catch((error: unknown) => this.#tools.onTrouble(error))
    })
  }

  destroy(): void {
    this.#timer?.()
    this.#timer = null
    this.#target = null
  }

  async #work(): Promise<void> {
    const target = this.#target
    if (target === null) return
    // Whoever types is not to wait for it; it is tried again with the next opening or vote.
    if (this.#tools.isBusy()) return this.look()
    this.#isWorking = true
    try {
      if (await this.#shelve(target)) this.#onShelved()
    } finally {
      this.#isWorking = false
      if (this.#target === target) this.#target = null
      else this.look()
    }
  }

  /** False where nothing was to be done, or what the publication says is not what this device has. */
  async #shelve({ seq, transcript, snapshotEpoch, contentDigest }: PublicationBody): Promise<boolean> {
    const { access, bench, errand, isOver } = this.#tools
    const [key, current] = [access.keyOf(snapshotEpoch), access.current]
    if (key === null || current === null || seq < (await bench.newestSeq()) + LEAST_ENTRIES) return false
    const slices = new Slices(() => !isOver() && access.current === current)
    const rebuilt = await bench.rebuild({ seq, transcript }, slices)
    const digest = rebuilt && (await digestState(access.documentId, key, rebuilt, slices))
    if (rebuilt === null || digest === null || !equalBytes(digest, contentDigest)) return false
    const made = await bench.make(rebuilt, errand.session, current, slices)
    if (made === null) return false
    await bench.shelve(made)
    return true
  }
}
