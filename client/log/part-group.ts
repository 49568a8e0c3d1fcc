/**
 * An update that came in parts, put together again. The parts of a group stand at consecutive seqs of one session and epoch, in order; a
 * group that breaks any of that does not count. Rules LO9, CL4.
 *
 * @module
 */
import { concatBytes, equalBytes, type Bytes, type Envelope, type PartContent } from '@y-sealed/protocol'

interface Open {
  readonly first: Envelope
  readonly count: number
  readonly totalBytes: number
  readonly pieces: Bytes[]
  nextIndex: number
  nextSeq: number
  length: number
}

/** `more`: the group goes on. `broken`: this part belongs to no group that can still count. Bytes: the whole update, at its last part. */
export type PartVerdict = 'more' | 'broken' | Bytes

export class PartGroup {
  #open: Open | null = null

  /** Would a part that stands right after `seq` go on with a group? [LO10] */
  isOpenAfter(seq: number): boolean {
    return this.#open?.nextSeq === seq + 1
  }

  /** Takes the next counted part of the log. */
  take(seq: number, envelope: Envelope, part: PartContent): PartVerdict {
    if (part.index === 0) this.#open = begin(seq, envelope, part)
    const open = this.#open
    if (open === null || !continues(open, seq, envelope, part)) {
      this.#open = null
      return 'broken'
    }
    open.pieces.push(part.bytes)
    open.length += part.bytes.length
    open.nextIndex += 1
    open.nextSeq += 1
    if (open.nextIndex < open.count) return 'more'
    this.#open = null
    return open.length === open.totalBytes ? concatBytes(...open.pieces) : 'broken'
  }
}

function begin(seq: number, first: Envelope, { count, totalBytes }: PartContent): Open {
  return { first, count, totalBytes, pieces: [], nextIndex: 0, nextSeq: seq, length: 0 }
}

function continues(open: Open, seq: number, envelope: Envelope, part: PartContent): boolean {
  const { first } = open
  const sameGroup = part.index === open.nextIndex && part.count === open.count && part.totalBytes === open.totalBytes
  const sameAuthor = equalBytes(envelope.device, first.device) && equalBytes(envelope.session, first.session)
  const next = seq === open.nextSeq && envelope.counter === first.counter + part.index && envelope.epoch === first.epoch
  return sameGroup && sameAuthor && next && open.length + part.bytes.length <= open.totalBytes
}
