import {
  cryptoReady,
  decodePart,
  encodePart,
  KIND,
  type Bytes,
  type Envelope,
  type PartContent,
} from '@y-sealed/protocol'
import { createDeviceSeeds, createEpochKey, Device, Session } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { PartGroup, type PartVerdict } from '../../../client/log/part-group.ts'

await cryptoReady()

const KEY = createEpochKey(1)
const SEEN = { seq: 0, transcript: new Uint8Array(32) }

interface Sent {
  readonly envelope: Envelope
  readonly part: PartContent
}

/** The parts of `update`, cut as told. */
function cut(session: Session, update: Bytes, sizes: readonly number[], totalBytes = update.length): Sent[] {
  let at = 0
  return sizes.map((size, index) => {
    const content = encodePart({ index, count: sizes.length, totalBytes, bytes: update.subarray(at, at + size) })
    at += size
    const { envelope } = session.sealEntry(KIND.part, content, KEY, SEEN)
    const part = decodePart(content)
    if (!part.ok) throw new Error(part.fault)
    return { envelope, part: part.value }
  })
}

const createSession = (): Session => new Session(new Uint8Array(16).fill(1), new Device(createDeviceSeeds()))
const UPDATE = Uint8Array.from({ length: 100 }, (_, i) => i)
const takeAll = (sent: readonly Sent[], seqs: readonly number[] = sent.map((_, i) => 10 + i)): PartVerdict[] => {
  const group = new PartGroup()
  return sent.map(({ envelope, part }, i) => group.take(seqs[i] as number, envelope, part))
}

describe('[LO9] [CL4] a group of parts', () => {
  it('gives the update at its last part', () => {
    expect(takeAll(cut(createSession(), UPDATE, [40, 40, 20]))).toEqual(['more', 'more', UPDATE])
  })

  it('breaks when an entry stands between its parts', () => {
    expect(takeAll(cut(createSession(), UPDATE, [40, 40, 20]), [10, 12, 13])).toEqual(['more', 'broken', 'broken'])
  })

  it('breaks when a part is missing, or comes twice', () => {
    const [one, two, three] = cut(createSession(), UPDATE, [40, 40, 20]) as [Sent, Sent, Sent]
    expect(takeAll([one, three])).toEqual(['more', 'broken'])
    expect(takeAll([one, two, two])).toEqual(['more', 'more', 'broken'])
  })

  it('breaks when it adds up to less, or more, than it said', () => {
    expect(takeAll(cut(createSession(), UPDATE, [40, 40], 100))).toEqual(['more', 'broken'])
    expect(takeAll(cut(createSession(), UPDATE, [60, 40], 90))).toEqual(['more', 'broken'])
  })

  it('is of one session', () => {
    const ours = cut(createSession(), UPDATE, [50, 50])
    const theirs = cut(createSession(), UPDATE, [50, 50])
    expect(takeAll([ours[0] as Sent, theirs[1] as Sent])).toEqual(['more', 'broken'])
  })

  it('may follow a broken one', () => {
    const session = createSession()
    const sent = [...cut(session, UPDATE, [50, 50]).slice(0, 1), ...cut(session, UPDATE, [50, 50])]
    expect(takeAll(sent)).toEqual(['more', 'more', UPDATE])
  })
})
