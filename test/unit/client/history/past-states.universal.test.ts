/** What was, read once more from sealed entries, and nothing else than what was verified. */
import type { StoredEntry } from '@y-sealed/client'
import { encodeAuthoredUpdate, equalBytes, type Bytes } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { EditTable } from '../../../../client/history/edit-table.ts'
import { LogView } from '../../../../client/history/log-view.ts'
import { PastStates } from '../../../../client/history/past-states.ts'
import type { SealedLog } from '../../../../client/history/sealed-log.ts'
import { DocumentLog } from '../../../../client/log/document-log.ts'
import { createNote, type Note } from '../../../support/members/note.ts'
import { Forger, wordOf } from '../../../support/members/quote-play.ts'

interface Scene {
  readonly note: Note
  readonly states: PastStates
  /** What the source gives: changed by tests. */
  readonly kept: StoredEntry[]
  /** Places after which it was asked. */
  readonly asked: number[]
}

/** Alice types so many words, each an edit, at seq 3 and on; every seventh entry does not count. */
async function write(words: number, begin: (note: Note) => void = () => undefined): Promise<Scene> {
  const note = await createNote()
  const { creator } = note
  note.append(creator.bind())
  begin(note)
  for (let i = 0; i < words; i++) {
    if (i % 7 === 6) note.append(creator.seal(new Uint8Array(3)))
    note.append(creator.type(`${i} `))
  }
  const edits = new EditTable()
  const log = new DocumentLog(creator.membership)
  for (const outcome of log.take(note.entries)) edits.take(outcome)
  const kept = note.entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes }))
  const asked: number[] = []
  const source: SealedLog = {
    read: async (after, maxBytes) => {
      asked.push(after)
      const from = kept.filter(({ seq }) => seq > after)
      return from.slice(0, Math.max(1, Math.floor(maxBytes / 300)))
    },
    snapshot: async () => null,
  }
  return {
    note,
    kept,
    asked,
    states: new PastStates({ access: creator.membership, log: new LogView({ log, edits }), source }),
  }
}

const textOf = (doc: Y.Doc): string => doc.getText('note').toJSON()

/** Words are put in front of each other. */
function expected({ note }: Scene, seq: number): string {
  const doc = new Y.Doc()
  const log = new DocumentLog(note.creator.membership)
  for (const outcome of log.take(note.entries)) {
    if (outcome.kind === 'update' && outcome.seq <= seq) Y.applyUpdateV2(doc, outcome.update)
  }
  return textOf(doc)
}

describe('[HI2] a document as of a place', () => {
  it('shows what counted up to there, wherever it is', async () => {
    const scene = await write(40)
    for (let seq = 1; seq <= scene.note.entries.length; seq++) {
      expect(textOf(await scene.states.at(seq))).toBe(expected(scene, seq))
    }
  })

  it('begins at a state that was made on the way, where that saves work', async () => {
    const scene = await write(3_000)
    const last = scene.note.entries.length
    await scene.states.at(last)
    scene.asked.length = 0
    expect(textOf(await scene.states.at(last - 1))).toBe(expected(scene, last - 1))
    expect(Math.min(...scene.asked)).toBeGreaterThan(2_000)
  })

  it('says that what is kept is not what was verified, before it shows any of it', async () => {
    const scene = await write(10)
    const { kept, note } = scene
    const another = note.creator.type('never in the log ')
    const turned = (kept[5] as StoredEntry).envelope.slice()
    turned[140] = (turned[140] as number) ^ 1
    const cases: readonly (readonly StoredEntry[])[] = [
      [{ seq: 6, envelope: turned }],
      [{ seq: 6, envelope: another.bytes }],
      [{ seq: 6, envelope: kept[6]?.envelope as Bytes }],
      [{ seq: 6, envelope: new Uint8Array(5) }],
      [{ seq: 7, envelope: kept[5]?.envelope as Bytes }],
    ]
    for (const [changed] of cases) {
      const original = kept[5] as StoredEntry
      kept[5] = changed as StoredEntry
      await expect(scene.states.at(9)).rejects.toMatchObject({ code: 'LOG_INVALID' })
      kept[5] = original
    }
    expect(textOf(await scene.states.at(9))).toBe(expected(scene, 9))
  })

  it('T10 [CL9] is shown also behind an update that was written for Yjs to throw at the second reading', async () => {
    const scene = await write(3, (note) => {
      const mallory = new Forger(note, note.creator)
      const text = { ref: 4, content: (encoder: Y.UpdateEncoderV2) => encoder.writeString('abcd'), parent: 'note' }
      note.append(mallory.bind(1))
      // It half repeats what the log has as nothing.
      const twice = [{ gc: 2 }, text].map((struct) => mallory.update({ client: 1, clock: 0, structs: [struct] }))
      expect(wordOf(note.append(...twice))).toBe('update')
    })
    const last = scene.note.entries.length
    expect(textOf(await scene.states.at(last))).toBe('2 1 0 ')
    expect(textOf((await scene.states.between(2, last)).doc)).toBe('2 1 0 ')
  })

  it('says that it is not kept any more', async () => {
    const scene = await write(10)
    scene.kept.splice(0, 4)
    await expect(scene.states.at(9)).rejects.toMatchObject({ code: 'LOG_INVALID' })
    scene.kept.splice(0)
    await expect(scene.states.at(9)).rejects.toMatchObject({ code: 'HISTORY_TRIMMED' })
  })

  it('can be given up', async () => {
    const scene = await write(2_000)
    const controller = new AbortController()
    const reading = scene.states.at(2_000, controller.signal)
    controller.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })

  it('takes a snapshot for what comes before only where it is of this log', async () => {
    const scene = await write(20)
    const { note, kept, states } = scene
    const state = Y.encodeStateAsUpdateV2(await states.at(12)) as Bytes
    const log = new DocumentLog(note.creator.membership)
    const edits = new EditTable()
    for (const outcome of log.take(note.entries)) edits.take(outcome)
    const through = new DocumentLog(note.creator.membership)
    through.take(note.entries.slice(0, 12))
    const { transcript } = through.head
    const read: SealedLog['read'] = async (after) => kept.filter(({ seq }) => seq > after)
    const view = new LogView({ log, edits })
    const openWith = (mark: Bytes): PastStates =>
      new PastStates({
        access: note.creator.membership,
        log: view,
        source: { read, snapshot: async (seq) => (seq < 12 ? null : { seq: 12, transcript: mark, state }) },
      })
    expect(textOf(await openWith(transcript).at(15))).toBe(expected(scene, 15))
    kept.splice(0, 12)
    expect(textOf(await openWith(transcript).at(15))).toBe(expected(scene, 15))
    await expect(openWith(new Uint8Array(32)).at(15)).rejects.toMatchObject({ code: 'LOG_INVALID' })
    expect(equalBytes(transcript, new Uint8Array(32))).toBe(false)
  })

  it('[HI5] tells who deleted what, the first of several', async () => {
    const note = await createNote()
    const { creator } = note
    note.append(creator.bind())
    const doc = new Y.Doc()
    doc.clientID = creator.client
    doc.getText('note').insert(0, 'abc')
    note.append(creator.seal(encodeAuthoredUpdate({ authored: 1, update: Y.encodeStateAsUpdateV2(doc) as Bytes })))
    const before = Y.encodeStateVector(doc)
    doc.getText('note').delete(1, 1)
    const deletion = Y.encodeStateAsUpdateV2(doc, before) as Bytes
    note.append(creator.seal(encodeAuthoredUpdate({ authored: 2, update: deletion })))
    const log = new DocumentLog(creator.membership)
    const edits = new EditTable()
    for (const outcome of log.take(note.entries)) edits.take(outcome)
    const kept = note.entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes }))
    const source: SealedLog = {
      read: async (after) => kept.filter(({ seq }) => seq > after),
      snapshot: async () => null,
    }
    const states = new PastStates({ access: creator.membership, log: new LogView({ log, edits }), source })
    const { deletions } = await states.between(3, 4)
    expect([0, 1, 2].map((clock) => deletions.deviceOf(creator.client, clock))).toEqual([null, creator.device.id, null])
  })
})
