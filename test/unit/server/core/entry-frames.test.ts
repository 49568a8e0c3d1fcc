import { concatBytes, type Bytes } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { createRun, entriesToFrames, type LiveEntry } from '../../../../server/core/entry-frames.ts'

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
