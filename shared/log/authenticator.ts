/**
 * Which entries of a log are authentic, with as few signature checks as the session chains allow. It knows public keys and ids, no
 * content and no authority. Its verdicts are a function of the log alone, however the log is cut into pages. Rules EN12, EN13, LO8.
 *
 * @module
 */
import { bytesToHex, equalBytes, type Bytes } from '../bytes.ts'
import { verifySignature } from '../crypto/signature.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { prevOf, signatureInput } from '../envelope/id.ts'
import { isClearKind } from '../envelope/kind.ts'
import { AUTHENTICATION_WINDOW, SESSION_SILENCE_SEQS } from '../limits.ts'

/** An entry with its place and id (32 bytes). */
export interface PlacedEntry {
  readonly seq: number
  readonly envelope: Envelope
  readonly id: Bytes
  /** True for bytes that the caller itself sealed in this run and kept: its own signature need not be checked. */
  readonly own?: boolean
}

/**
 * `authentic`: by its author, at this place of its session. `broken`: does not continue its session. `unsigned`: no signature within
 * the window vouches for it. `closed`: its session ended with an unsigned entry. `stranger`: nobody knows its author's key.
 */
export type Authenticity = 'authentic' | 'broken' | 'unsigned' | 'closed' | 'stranger'

export interface JudgedEntry extends PlacedEntry {
  readonly authenticity: Authenticity
}

/** Where a session stands: its newest counter and id (32 bytes) with its seq, and whether it has ended for good. */
export interface SessionHead {
  readonly counter: number
  readonly seq: number
  readonly id: Bytes
  readonly closed: boolean
}

/** How the caller takes an entry's author: its signing key (32 bytes), and whether the entry must verify by its own signature. */
export interface Author {
  readonly signPublic: Bytes
  readonly single: boolean
}

interface Waiting extends PlacedEntry {
  readonly session: string
  readonly signPublic: Bytes | null
  readonly single: boolean
  verdict: Authenticity | null
  /** Whether its own signature verifies, once that was looked at. */
  valid: boolean | null
}

interface Chain {
  counter: number
  seq: number
  id: Bytes
  closed: boolean
  /** Its entries that wait for a signature, in log order. */
  readonly waiting: Waiting[]
}

/** Feeds on a log in seq order and gives back its entries, judged, in the same order. */
export class Authenticator {
  readonly #chains = new Map<string, Chain>()
  readonly #authorOf: (entry: PlacedEntry) => Author | null
  #queue: Waiting[] = []
  #checks = 0

  /**
   * `authorOf` may return `null` for an author that nobody knows. `heads` as {@link sessionHeads} gave them at a place where nothing waited:
   * the log goes on from there.
   */
  constructor(authorOf: (entry: PlacedEntry) => Author | null, heads: Iterable<readonly [string, SessionHead]> = []) {
    this.#authorOf = authorOf
    for (const [session, head] of heads) this.#chains.set(session, { ...head, waiting: [] })
  }

  /** Signature checks done so far. */
  get checks(): number {
    return this.#checks
  }

  /** Seq of the entry on which everything after it waits; `null` when nothing waits. [EN13] */
  get waitingAt(): number | null {
    return this.#queue[0]?.seq ?? null
  }

  /** Where every session stands that may still go on after `seq`, by `hex(device ‖ session)`. [LO8] */
  sessionHeads(seq: number): Map<string, SessionHead> {
    const heads = [...this.#chains].filter(([, chain]) => chain.counter > 0 && !isForgotten(chain, seq + 1))
    return new Map(heads.map(([key, { waiting: _, ...head }]) => [key, head]))
  }

  /** Takes the next entries of the log and returns those that are decided by now, oldest first. */
  judge(entries: readonly PlacedEntry[]): JudgedEntry[] {
    const touched = new Set<Chain>()
    for (const entry of entries) touched.add(this.#enqueue(entry))
    for (const chain of touched) this.#authenticate(chain)
    return this.#release()
  }

  #enqueue(entry: PlacedEntry): Chain {
    const session = bytesToHex(entry.envelope.bytes.subarray(24, 48))
    const { seq } = entry
    let chain = this.#chains.get(session)
    if (!chain || isForgotten(chain, seq)) {
      chain = { counter: 0, seq, id: new Uint8Array(32), closed: false, waiting: [] }
      this.#chains.set(session, chain)
    }
    const valid = entry.own === true ? true : null
    const waiting: Waiting = { ...entry, session, signPublic: null, single: false, verdict: null, valid }
    if (chain.closed) this.#queue.push({ ...waiting, verdict: 'closed' })
    else if (!continues(chain, entry)) this.#queue.push({ ...waiting, verdict: 'broken' })
    else {
      chain.counter = entry.envelope.counter
      chain.seq = seq
      chain.id = entry.id
      this.#admit(chain, waiting)
    }
    return chain
  }

  #admit(chain: Chain, waiting: Waiting): void {
    const author = this.#authorOf(waiting)
    const single = isClearKind(waiting.envelope.kind) || (author?.single ?? false)
    const admitted: Waiting = { ...waiting, signPublic: author?.signPublic ?? null, single }
    if (author === null) admitted.verdict = 'stranger'
    else if (single) admitted.verdict = this.#isValid(admitted) ? 'authentic' : 'unsigned'
    this.#queue.push(admitted)
    if (admitted.signPublic !== null) chain.waiting.push(admitted)
  }

  /** Greedy from the oldest: the latest valid signature within the window vouches for all before it. */
  #authenticate(chain: Chain): void {
    const { waiting } = chain
    let from = 0
    while (from < waiting.length) {
      const oldest = waiting[from] as Waiting
      let vouching = lastWithin(waiting, from, oldest.seq + AUTHENTICATION_WINDOW)
      while (vouching >= from && !this.#isValid(waiting[vouching] as Waiting)) vouching -= 1
      if (vouching < from) break
      for (let i = from; i <= vouching; i++) (waiting[i] as Waiting).verdict ??= 'authentic'
      from = vouching + 1
    }
    waiting.splice(0, from)
  }

  #release(): JudgedEntry[] {
    const released: JudgedEntry[] = []
    const newest = this.#queue.at(-1)?.seq ?? 0
    let next = 0
    for (; next < this.#queue.length; next++) {
      const entry = this.#queue[next] as Waiting
      const chain = this.#chains.get(entry.session) as Chain
      if (entry.verdict === null && newest >= entry.seq + AUTHENTICATION_WINDOW) {
        chain.closed = true
        chain.waiting.length = 0
        entry.verdict = 'unsigned'
      } else if (chain.closed && entry.verdict !== 'broken') entry.verdict = 'closed'
      if (entry.verdict === null) break
      released.push({ seq: entry.seq, envelope: entry.envelope, id: entry.id, authenticity: entry.verdict })
    }
    this.#queue = this.#queue.slice(next)
    return released
  }

  #isValid(entry: Waiting): boolean {
    if (entry.valid === null) {
      this.#checks += 1
      entry.valid = verifySignature(entry.envelope.signature, signatureInput(entry.id), entry.signPublic as Bytes)
    }
    return entry.valid
  }
}

function continues({ counter, id }: Chain, { seq, envelope }: PlacedEntry): boolean {
  if (envelope.counter !== counter + 1) return false
  if (counter > 0) return equalBytes(envelope.prev, prevOf(id))
  // What a relay would refuse an honest author: else the entries of a session that is forgotten could come once more. [LO8]
  return equalBytes(envelope.prev, ZEROS) && seq - 1 - envelope.seenSeq <= SESSION_SILENCE_SEQS
}

/** As the relay closes it: by the head before the entry. Nothing of it waits by then. [LO8] */
function isForgotten({ seq }: Chain, at: number): boolean {
  return at - 1 - seq > SESSION_SILENCE_SEQS
}

const ZEROS = new Uint8Array(16)

function lastWithin(waiting: readonly Waiting[], from: number, seq: number): number {
  let last = from
  while (last + 1 < waiting.length && (waiting[last + 1] as Waiting).seq <= seq) last += 1
  return last
}
