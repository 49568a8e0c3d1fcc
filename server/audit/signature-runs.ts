/**
 * Which entries of a log are vouched for by a signature, with as few checks as the session chains allow: one that verifies vouches for all
 * of its session before it, up to the window. The chains themselves were checked before. Rules EN12, EN13.
 *
 * @module
 */
import { AUTHENTICATION_WINDOW, signatureInput, verifySignature, type Bytes } from '@y-sealed/protocol'

/** An entry that continues its session, and the key (32 bytes) of its author. */
export interface SignedEntry {
  readonly seq: number
  readonly id: Bytes
  readonly signature: Bytes
  /** `null` for one whose signature was found good already. */
  readonly signPublic: Bytes | null
}

interface Waiting extends SignedEntry {
  isValid: boolean | null
}

export class SignatureRuns {
  readonly #waitingBySession = new Map<number, Waiting[]>()
  /** Sessions that ended with an entry for which nothing vouches: what follows in them counts for nobody either. */
  readonly #ended = new Set<number>()
  #checks = 0
  #unsigned = 0

  /** Signatures checked so far. */
  get checks(): number {
    return this.#checks
  }

  /** Entries so far for which no signature within the window vouches. */
  get unsigned(): number {
    return this.#unsigned
  }

  /** Checks one signature, outside of any run. */
  verify(signature: Bytes, id: Bytes, signPublic: Bytes): boolean {
    this.#checks += 1
    return verifySignature(signature, signatureInput(id), signPublic)
  }

  add(session: number, entry: SignedEntry): void {
    const waiting = this.#waitingBySession.get(session)
    const isValid = entry.signPublic === null ? true : null
    if (this.#ended.has(session)) this.#unsigned += 1
    else if (waiting === undefined) this.#waitingBySession.set(session, [{ ...entry, isValid }])
    else waiting.push({ ...entry, isValid })
  }

  /** Decides what can be decided when the log has come to `head`: at its end, everything. */
  settle(head: number, isEnd: boolean): void {
    for (const [session, waiting] of this.#waitingBySession) {
      const oldest = waiting[0] as Waiting
      if (!isEnd && head < oldest.seq + AUTHENTICATION_WINDOW) continue
      this.#vouch(waiting)
      const [left] = waiting
      if (left !== undefined && (isEnd || head >= left.seq + AUTHENTICATION_WINDOW)) {
        this.#unsigned += waiting.length
        waiting.length = 0
        this.#ended.add(session)
      }
      if (waiting.length === 0) this.#waitingBySession.delete(session)
    }
  }

  /** Greedy from the oldest: the latest valid signature within the window vouches for all before it. */
  #vouch(waiting: Waiting[]): void {
    let from = 0
    while (from < waiting.length) {
      const limit = (waiting[from] as Waiting).seq + AUTHENTICATION_WINDOW
      let at = from
      while (at + 1 < waiting.length && (waiting[at + 1] as Waiting).seq <= limit) at += 1
      while (at >= from && !this.#isValid(waiting[at] as Waiting)) at -= 1
      if (at < from) break
      from = at + 1
    }
    waiting.splice(0, from)
  }

  #isValid(entry: Waiting): boolean {
    entry.isValid ??= entry.signPublic !== null && this.verify(entry.signature, entry.id, entry.signPublic)
    return entry.isValid
  }
}
