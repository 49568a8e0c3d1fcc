/** Who says when an edit was made: its author, and the log passes it on. */
import { AUTHORED_BYTES, cryptoReady, encodeAuthoredUpdate, type Bytes } from '@y-sealed/protocol'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { cutUpdate } from '../../../client/provider/cut-update.ts'
import { TypedClocks } from '../../../client/provider/typed-clocks.ts'
import { UnsealedEdits } from '../../../client/provider/unsealed-edits.ts'
import { LogState } from '../../../client/yjs/log-state.ts'
import { createNote } from '../../support/members/note.ts'

await cryptoReady()

const DEVICE = new Uint8Array(16).fill(7)

/** A document whose edits wait to be sealed, at a time that stands still. */
function openDesk(time: number): { doc: Y.Doc; edits: UnsealedEdits; state: LogState } {
  vi.useFakeTimers({ now: time, toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const doc = new Y.Doc()
  const state = new LogState()
  state.bind(doc.clientID, DEVICE)
  const edits = new UnsealedEdits({
    doc,
    device: DEVICE,
    state: () => state,
    typedClocks: new TypedClocks(doc),
    bind: () => true,
    onProblem: ({ code }) => expect.unreachable(code),
    onSetAside: (code) => expect.unreachable(code),
  })
  return { doc, edits, state }
}

describe('[EN10] the time that an author claims', () => {
  it('is that of the newest edit in an update', () => {
    const { doc, edits } = openDesk(1_000)
    doc.on('updateV2', (update) => edits.take(update as Bytes))
    doc.getText('note').insert(0, 'one')
    vi.setSystemTime(2_000)
    doc.getText('note').insert(0, 'two')
    vi.setSystemTime(9_000)
    expect(edits.release()).toMatchObject({ authored: 2_000, edits: 2 })
    doc.getText('note').insert(0, 'three')
    expect(edits.release()).toMatchObject({ authored: 9_000, edits: 1 })
  })

  it('is that of the last change, where nothing might leave for a while', () => {
    const { doc, edits } = openDesk(1_000)
    doc.on('updateV2', (update) => edits.skip(update as Bytes))
    doc.getText('note').insert(0, 'one')
    vi.setSystemTime(9_000)
    edits.gather()
    expect(edits.release()).toMatchObject({ authored: 1_000 })
  })

  it('is when it was found, of an edit that was found by comparing', () => {
    const { doc, edits, state } = openDesk(1_000)
    doc.getText('note').insert(0, 'from an earlier run')
    edits.skip(Y.encodeStateAsUpdateV2(new Y.Doc()) as Bytes)
    vi.setSystemTime(9_000)
    edits.gather()
    expect(edits.release()).toMatchObject({ authored: 9_000 })
    expect(state.clockOf(doc.clientID)).toBe(0)
  })

  it.each([
    [-5, 0],
    [12.75, 12],
  ])('of a clock that says %s ms is %s', (time, authored) => {
    const { doc, edits } = openDesk(0)
    doc.on('updateV2', (update) => edits.take(update as Bytes))
    vi.spyOn(Date, 'now').mockReturnValue(time)
    onTestFinished(() => void vi.restoreAllMocks())
    doc.getText('note').insert(0, 'one')
    expect(edits.release()?.authored).toBe(authored)
  })

  it('[LO9] stands once before all the parts of a large update', () => {
    const update = new Uint8Array(100_000).fill(5)
    const parts = cutUpdate({ authored: 1_000, update })
    const whole = parts.flatMap(({ content }) => [...content.subarray(8)])
    expect(parts.length).toBe(3)
    expect(Uint8Array.from(whole)).toEqual(encodeAuthoredUpdate({ authored: 1_000, update }))
  })

  it('comes out of the log with the update, whatever it is, and need not rise', async () => {
    const note = await createNote()
    const { creator } = note
    note.append(creator.bind())
    const outcomes = [5_000, 0, 2 ** 53 - 1, 3_000].map((authored) =>
      note.append(creator.seal(encodeAuthoredUpdate({ authored, update: creator.edit('word ') }))),
    )
    expect(outcomes).toMatchObject([
      { kind: 'update', authored: 5_000 },
      { kind: 'update', authored: 0 },
      { kind: 'update', authored: 2 ** 53 - 1 },
      { kind: 'update', authored: 3_000 },
    ])
  })

  it('does not let an update count that ends within it, or that is beyond 2^53 − 1', async () => {
    const note = await createNote()
    const { creator } = note
    note.append(creator.bind())
    const tooLate = encodeAuthoredUpdate({ authored: 0, update: creator.edit('word ') })
    tooLate[1] = 0x20
    for (const content of [new Uint8Array(0), new Uint8Array(AUTHORED_BYTES - 1), tooLate]) {
      expect(note.append(creator.seal(content))).toMatchObject({ kind: 'refused', reason: 'malformed' })
    }
    tooLate[1] = 0x1f
    expect(note.append(creator.seal(tooLate))).toMatchObject({ kind: 'update', authored: 0x1f * 2 ** 48 })
  })
})
