/**
 * Gives a relay back what this device has kept: the marks up to a head that the relay has signed, then entries, verbatim and in order. Rules
 * LO14, CL30, FR16.
 *
 * @module
 */
import type { SignedHead } from '@y-sealed/protocol'
import type { DocumentAccess } from '../document/document-access.ts'
import type { History } from '../log/history.ts'
import type { Exchange, Turn } from './exchange.ts'
import { marksToFrames, readMarks, restoreFrames } from './give-back.ts'

export interface GiverOptions {
  readonly access: DocumentAccess
  readonly history: History
  readonly exchange: Exchange
}

export class Giver {
  readonly #options: GiverOptions

  constructor(options: GiverOptions) {
    this.#options = options
  }

  /** Shows the relay its own signature. False when nothing was sent. */
  showHead(head: SignedHead): boolean {
    const { access, exchange } = this.#options
    return exchange.say({ type: 'show-head', genesisHash: access.genesisHash, head })
  }

  /** Does this device keep all entries between? */
  async keeps(afterSeq: number, throughSeq: number): Promise<boolean> {
    const { history } = this.#options
    const commitmentOf = (epoch: number): ReturnType<typeof history.log.authority.commitmentOf> =>
      history.log.authority.commitmentOf(epoch)
    return (await readMarks(history.readKept, commitmentOf, afterSeq + 1, throughSeq)).length === throughSeq - afterSeq
  }

  /** Shows the marks up to a signed head, and gives the entries. False where the relay does not take them, or not all are kept. */
  async giveSigned(relaySeq: number, throughSeq: number, turn: Turn): Promise<boolean> {
    const { history, access, exchange } = this.#options
    const head = history.follower.signedHead
    const commitmentOf = (epoch: number): ReturnType<typeof history.log.authority.commitmentOf> =>
      history.log.authority.commitmentOf(epoch)
    const marks = await readMarks(history.readKept, commitmentOf, relaySeq + 1, throughSeq)
    if (head === null || marks.length < throughSeq - relaySeq || turn !== exchange.turn) return false
    // What others hold further on is theirs to give.
    if (!(await exchange.post({ type: 'show-head', genesisHash: access.genesisHash, head }, turn))) return false
    for (const show of marksToFrames(access.documentId, relaySeq + 1, marks)) {
      if (!(await exchange.post(show, turn))) return false
    }
    return await this.give(relaySeq, throughSeq, turn)
  }

  /** Gives kept entries back; false where the relay does not take them. */
  async give(afterSeq: number, throughSeq: number, turn: Turn): Promise<boolean> {
    const { history, exchange } = this.#options
    if (afterSeq >= throughSeq) return true
    for await (const frame of restoreFrames(history.readKept, afterSeq + 1, throughSeq)) {
      if (!(await exchange.post(frame, turn))) return false
    }
    return (await exchange.drain(turn)) && (exchange.told?.head.seq ?? 0) >= throughSeq
  }
}
