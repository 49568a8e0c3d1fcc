/**
 * Proves, where the relay's own signatures do, that it has shown two histories: from the marks of the later one, which this device has kept or
 * the relay is asked for. Rules LO4, LO16, FR19.
 *
 * @module
 */
import { MARK_BYTES, type Bytes, type SignedHead } from '@y-sealed/protocol'
import type { DocumentAccess } from '../document/document-access.ts'
import { proveFork } from '../evidence/prove-fork.ts'
import type { History } from '../log/history.ts'
import type { Exchange, Turn } from './exchange.ts'
import { readMarks } from './give-back.ts'

/** More marks of a relay's log are not asked for to prove something. */
const MAX_ASKED_MARKS = 262_144

export interface ForkWitnessOptions {
  readonly access: DocumentAccess
  readonly history: History
  readonly exchange: Exchange
  /** The relay's head key, once it is known. */
  readonly headKey: () => Bytes | null
  readonly onProof: (seq: number, proof: Bytes) => void
}

/** Marks of the history that a later head is of; `null` where they are not to be had. */
type MarksOf = (later: SignedHead) => Promise<readonly Bytes[] | null>

export class ForkWitness {
  readonly #options: ForkWitnessOptions

  constructor(options: ForkWitnessOptions) {
    this.#options = options
  }

  /** Two heads that cannot be true together, or one and the log that was verified. Tells where that is a proof. */
  async prove(one: SignedHead, other: SignedHead, marksOf: MarksOf = this.#ownMarks): Promise<void> {
    const { access, headKey, onProof } = this.#options
    const key = headKey()
    if (key === null) return
    const evidence = { genesisHash: access.genesisHash, headKey: key, one, other, marksOfLater: marksOf }
    const proof = await proveFork(evidence).catch(() => null)
    if (proof !== null) onProof(Math.min(one.seq, other.seq), proof)
  }

  /** The relay's marks up to a seq, as it hands them out; `null` where it does not. */
  async relayMarks(throughSeq: number, turn: Turn): Promise<readonly Bytes[] | null> {
    const { access, exchange } = this.#options
    const marks: Bytes[] = []
    while (marks.length < Math.min(throughSeq, MAX_ASKED_MARKS)) {
      const page = await exchange.readIds(access.documentId, marks.length, throughSeq, turn)
      if (page === null || page.length === 0) return null
      for (let at = 0; at < page.length; at += MARK_BYTES) marks.push(page.slice(at, at + MARK_BYTES))
    }
    return marks
  }

  readonly #ownMarks: MarksOf = (later) => {
    const { history } = this.#options
    return readMarks(history.readKept, (epoch) => history.log.authority.commitmentOf(epoch), 1, later.seq)
  }
}
