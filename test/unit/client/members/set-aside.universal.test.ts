/** An edit that no client would ever take must not hold up those that come after it. */
import { createMemoryOutbox, type Outbox, type SendProblem } from '@y-sealed/client'
import { cryptoReady, SyncError, type Bytes, type Envelope } from '@y-sealed/protocol'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { isDraft, openDraft } from '../../../../client/drafts/draft.ts'
import { Sender } from '../../../../client/provider/sender.ts'
import { TypedClocks } from '../../../../client/provider/typed-clocks.ts'
import { feedUpdate } from '../../../../client/yjs/feed-update.ts'
import { createNote, type Note, type Person } from '../../../support/members/note.ts'

await cryptoReady()

const NOBODY_TAKES_IT = [{ code: 'EDIT_SET_ASIDE' }]

/** An array in an array in an array… */
function nest(depth: number): unknown {
  let value: unknown = 'deep'
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

/** A person's document, and what everybody else sees of it. */
class Desk {
  readonly doc = new Y.Doc()
  readonly seen = new Y.Doc()
  readonly problems: SendProblem[] = []
  readonly sender: Sender
  readonly #note: Note
  #sent: Envelope[] = []

  constructor(note: Note, person: Person, outbox: Outbox = createMemoryOutbox()) {
    this.#note = note
    this.sender = new Sender({
      doc: this.doc,
      access: person.membership,
      device: person.device,
      log: person.log,
      typedClocks: new TypedClocks(this.doc),
      outbox,
      send: (frame) => {
        if (frame.type === 'push') this.#sent.push(...frame.envelopes)
        return true
      },
      reopen: () => undefined,
      refresh: () => true,
      onChange: () => undefined,
      onSetAside: () => undefined,
      show: () => undefined,
      whenKept: () => Promise.resolve(),
      onProblem: (problem) => this.problems.push(problem),
    })
    this.doc.on('updateV2', (update) => this.sender.take(update as Bytes))
    onTestFinished(() => this.sender.destroy())
    this.sender.opened()
  }

  /** The relay stores all that leaves, until nothing more does. */
  exchange(): void {
    this.sender.flush()
    for (let sent = this.#sent.splice(0); sent.length > 0; sent = this.#sent.splice(0)) {
      for (const envelope of sent) this.#store(envelope)
    }
  }

  #store(envelope: Envelope): void {
    const entry = { seq: this.#note.entries.length + 1, envelope }
    this.#note.entries.push(entry)
    for (const person of this.#note.people) {
      for (const outcome of person.log.take([entry])) {
        if (person === this.#note.creator && outcome.kind === 'update') feedUpdate(this.seen, outcome.update, 'log')
        const own = person === this.#note.creator ? null : this.sender.find(outcome.envelope)
        if (own) this.sender.notice(outcome, own)
      }
    }
  }
}

async function createDesk(): Promise<Desk> {
  const note = await createNote()
  return new Desk(note, await note.add('writer'))
}

/** What the app can still get out of a problem. */
function contentOf([problem]: readonly SendProblem[]): unknown[] {
  const doc = new Y.Doc()
  Y.applyUpdateV2(doc, problem?.content ?? new Uint8Array(0))
  return doc.getArray('set-aside').toArray()
}

describe('a value that nobody may take', () => {
  it('[CL5] is set aside in a list; what stands before, beside and after it arrives, and it is told once', async () => {
    const desk = await createDesk()
    const [here, there] = [desk.doc.getArray('list'), desk.seen.getArray('list')]
    here.push(['before'])
    desk.exchange()
    here.push([nest(300)])
    here.push(['after'])
    here.insert(0, ['first'])
    desk.exchange()
    expect(there.toArray()).toEqual(['first', 'before', 'after'])
    expect(desk.problems).toMatchObject(NOBODY_TAKES_IT)
    expect(contentOf(desk.problems)[0]).toEqual(nest(300))
    expect([desk.sender.unsaved, here.length]).toEqual([0, 4])
    // Right after what the others do not have.
    here.insert(3, ['beside'])
    desk.exchange()
    expect(there.toArray()).toEqual(['first', 'before', 'beside', 'after'])
    here.delete(2)
    desk.exchange()
    expect(there.toArray()).toEqual(here.toArray())
    expect([desk.problems.length, desk.sender.unsaved]).toEqual([1, 0])
  })

  it('[CL5] is set aside under a key, which can be set again', async () => {
    const desk = await createDesk()
    const [here, there] = [desk.doc.getMap('map'), desk.seen.getMap('map')]
    here.set('k', 'old')
    desk.exchange()
    here.set('k', { deep: nest(256) })
    here.set('other', 1)
    desk.exchange()
    expect(there.toJSON()).toEqual({ other: 1 })
    expect(contentOf(desk.problems)).toEqual([{ deep: nest(256) }])
    here.set('k', 'new')
    desk.exchange()
    expect(there.toJSON()).toEqual({ k: 'new', other: 1 })
    expect([desk.problems.length, desk.sender.unsaved]).toEqual([1, 0])
  })

  it('[CL5] is set aside as the very first edit, and where its key is one that Yjs cannot write again', async () => {
    const desk = await createDesk()
    desk.doc.getText('note').insertEmbed(0, JSON.parse('{"__proto__":1}') as object)
    desk.exchange()
    desk.doc.getText('note').insert(1, 'typed on')
    desk.exchange()
    expect(desk.seen.getText('note').toJSON()).toBe('typed on')
    desk.doc.getText('note').insert(9, '!')
    desk.exchange()
    expect(desk.seen.getText('note').toJSON()).toBe('typed on!')
    expect(desk.problems).toMatchObject(NOBODY_TAKES_IT)
    expect(desk.sender.unsaved).toBe(0)
  })

  it('[CL15] [CL14] is kept as it was while the storage has no room for what is set aside, and then as that', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const note = await createNote()
    const bob = await note.add('writer')
    const memory = createMemoryOutbox()
    let isFull = false
    const put: Outbox['put'] = (item) =>
      isFull && isDraft(item) ? Promise.reject(new SyncError('STORAGE_FULL', 'no room')) : memory.put(item)
    const desk = new Desk(note, bob, { ...memory, put })
    const refusals = async (): Promise<unknown[]> => {
      const drafts = (await memory.list(note.documentId)).filter(isDraft)
      return drafts.map((item) => openDraft(item, (epoch) => bob.membership.keyOf(epoch))?.refusal)
    }
    desk.sender.closed()
    desk.doc.getArray('list').push([nest(300)])
    await desk.sender.whenKept()
    isFull = true
    desk.sender.opened()
    desk.exchange()
    desk.exchange()
    await vi.advanceTimersByTimeAsync(100)
    expect(desk.problems).toMatchObject([...NOBODY_TAKES_IT, { code: 'STORAGE_FULL' }])
    expect([desk.sender.unsaved, await refusals()]).toEqual([0, [null]])
    isFull = false
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await refusals()).toEqual(['EDIT_SET_ASIDE'])
  })

  it('[CL5] is sealed anew without another word when the session ends before it is stored', async () => {
    const desk = await createDesk()
    desk.doc.getArray('list').push(['a', nest(300)])
    desk.sender.flush()
    desk.exchange()
    desk.doc.getArray('list').push(['b'])
    desk.sender.flush()
    desk.sender.closed()
    desk.sender.opened()
    desk.exchange()
    expect(desk.seen.getArray('list').toArray()).toEqual(['a', 'b'])
    expect(desk.problems).toMatchObject(NOBODY_TAKES_IT)
  })
})
