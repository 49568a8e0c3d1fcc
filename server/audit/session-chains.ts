/**
 * Whether each entry continues its session. A session that was silent for too long is forgotten, so that memory does not grow with the log.
 * Rules EN12, LO8.
 *
 * @module
 */
import { equalBytes, prevOf, SESSION_SILENCE_SEQS, type Bytes } from '@y-sealed/protocol'

import type { FaultCode } from './fault.ts'

interface Head {
  readonly counter: number
  readonly seq: number
  readonly id: Bytes
}

/** What the chain asks of an entry. */
export interface ChainedEntry {
  readonly seq: number
  readonly counter: number
  readonly prev: Bytes
  readonly seenSeq: number
  /** 32 bytes. */
  readonly id: Bytes
}

const NO_PREV = new Uint8Array(16)

export class SessionChains {
  readonly #headBySession = new Map<number, Head>()
  #sweptAt = 0
  /** Seq up to which marks were forgotten, and with them beginnings of sessions, or what came between; 0: none. */
  forgottenThrough = 0

  /** Takes the next entry of a session; says what is wrong with it, or `null`. The chain goes on from it either way. */
  take(session: number, entry: ChainedEntry): FaultCode | null {
    const head = this.#headBySession.get(session)
    this.#headBySession.set(session, { counter: entry.counter, seq: entry.seq, id: entry.id.slice() })
    this.#sweep(entry.seq)
    const before = entry.seq - 1
    // What it continues was forgotten with its mark. [LO15]
    const isForgotten = (head?.seq ?? 0) <= this.forgottenThrough && this.forgottenThrough > 0
    if (isForgotten && entry.counter > (head?.counter ?? 0) + 1) return null
    if (head === undefined) {
      if (entry.counter !== 1) return 'SESSION_OVER'
      if (!equalBytes(entry.prev, NO_PREV)) return 'CHAIN_BROKEN'
      return before - entry.seenSeq > SESSION_SILENCE_SEQS ? 'SEEN_TOO_OLD' : null
    }
    if (before - head.seq > SESSION_SILENCE_SEQS) return 'SESSION_OVER'
    return entry.counter === head.counter + 1 && equalBytes(entry.prev, prevOf(head.id)) ? null : 'CHAIN_BROKEN'
  }

  /** Goes on from an entry that could not be judged. */
  skip(session: number, head: Head): void {
    this.#headBySession.set(session, { ...head, id: head.id.slice() })
  }

  #sweep(seq: number): void {
    if (seq - this.#sweptAt <= SESSION_SILENCE_SEQS) return
    this.#sweptAt = seq
    for (const [session, head] of this.#headBySession) {
      if (seq - head.seq > SESSION_SILENCE_SEQS + 1) this.#headBySession.delete(session)
    }
  }
}
