import { concatBytes, type Bytes } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { createRun, entriesToFrames, sendEntries, type LiveEntry } from '../../../../server/core/entry-frames.ts'

const ENTRIES: readonly LiveEntry[] = [3, 200, 40, 1, 90].map((length, i) => ({
  seq: 2 ** 32 + i,
  envelope: new Uint8Array(length).fill(i + 1),
  author: null,
}))

function cut(pageBytes: number, from: number, to: number): readonly Bytes[] {
  const messages: Bytes[] = []
  const send = (frame: Bytes, rest?: Bytes): unknown =>
    messages.push(rest === undefined ? frame : concatBytes(frame, rest))
  createRun(ENTRIES, pageBytes).sendPart(from, to, send)
  return messages
}

describe('a run of entries', () => {
  it.each([1_000, 250, 1])(
    '[FR8] is cut into the frames that its parts alone would give, in pages of %i bytes',
    (pageBytes) => {
      for (let from = 0; from < ENTRIES.length; from++) {
        for (let to = from + 1; to <= ENTRIES.length; to++) {
          expect(cut(pageBytes, from, to)).toEqual(entriesToFrames(ENTRIES.slice(from, to), pageBytes))
        }
      }
    },
  )

  it('[FR8] builds its bytes once, however often it is cut', () => {
    const run = createRun(ENTRIES, 1_000)
    const buffers = new Set<ArrayBufferLike | undefined>()
    for (const from of [0, 1, 2]) run.sendPart(from, 4, (_frame, rest) => buffers.add(rest?.buffer))
    expect([...buffers]).toEqual([run.frames()[0]?.buffer])
  })
})

describe('entries read from the log', () => {
  const ofLengths = (lengths: readonly number[]): readonly LiveEntry[] =>
    lengths.map((length, i) => ({ seq: 7 + i, envelope: new Uint8Array(length).fill(i + 1), author: null }))

  it('[FR7] [H9] leave in their order, long ones as they were read and in a frame of their own', () => {
    const entries = ofLengths([10, 20, 16_384, 30_000, 5, 16_383])
    const sent: { readonly frame: Bytes; readonly rest: Bytes | undefined }[] = []
    sendEntries(entries, 1_048_576, (frame, rest) => sent.push({ frame, rest }))
    const whole = sent.map(({ frame, rest }) => (rest === undefined ? frame : concatBytes(frame, rest)))
    const parts = [entries.slice(0, 2), entries.slice(2, 3), entries.slice(3, 4), entries.slice(4)]
    expect(whole).toEqual(parts.flatMap((part) => entriesToFrames(part, 1_048_576)))
    expect(sent.map(({ rest }) => rest)).toEqual([undefined, entries[2]?.envelope, entries[3]?.envelope, undefined])
    // The very same bytes.
    expect(sent[1]?.rest).toBe(entries[2]?.envelope)
  })

  it('[FR7] keep to pages where they are short, and are nothing where there are none', () => {
    const frames: Bytes[] = []
    sendEntries(ofLengths([100, 100, 100]), 250, (frame) => frames.push(frame))
    expect(frames).toEqual(entriesToFrames(ofLengths([100, 100, 100]), 250))
    sendEntries([], 250, (frame) => frames.push(frame))
    expect(frames).toHaveLength(2)
  })
})
