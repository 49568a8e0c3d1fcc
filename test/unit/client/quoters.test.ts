/** Several devices that quote the same loss side by side. Rule CL31. */
import {
  CLIENT_FRAME,
  cryptoReady,
  encodeAuthoredUpdate,
  encodeBind,
  KIND,
  REFUSALS,
  type Bytes,
  type ClientFrame,
  type Envelope,
} from '@y-sealed/protocol'
import { Session } from '@y-sealed/protocol/sealing'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import * as Y from 'yjs'

import { cutContent } from '../../../client/provider/cut-update.ts'
import { changeRole } from '../../../client/members/intents/change-role.ts'
import { removeMember } from '../../../client/members/intents/remove-devices.ts'
import { LostEntries } from '../../../client/quotes/lost-entries.ts'
import { Quoter } from '../../../client/quotes/quoter.ts'
import { createMemoryDocumentStore, type DocumentStore } from '../../../client/stores/document-store.ts'
import { createNote, type Note, type Person } from '../../support/members/note.ts'

beforeAll(() => cryptoReady())
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Pushed {
  readonly by: Quoting
  readonly envelopes: readonly Envelope[]
}

/** Somebody who has what was lost, and quotes it when the time has come. */
class Quoting {
  readonly person: Person
  readonly quoter: Quoter
  readonly #pushed: Pushed[]
  #parts: Envelope[] = []

  constructor(person: Person, lost: LostEntries, pushed: Pushed[]) {
    this.person = person
    this.#pushed = pushed
    this.quoter = new Quoter({
      access: person.membership,
      device: person.device,
      log: person.log,
      lost,
      doc: new Y.Doc(),
      send: (frame) => this.#send(frame),
      mayWrite: () => true,
      onTrouble: (error) => {
        throw error
      },
    })
  }

  #send(frame: ClientFrame): true {
    if (frame.type === 'push') this.#pushed.push({ by: this, envelopes: frame.envelopes })
    if (frame.type !== 'push-part') return true
    this.#parts.push(frame.envelope)
    if (frame.index === frame.count - 1) this.#pushed.push({ by: this, envelopes: this.#parts.splice(0) })
    return true
  }
}

/** What the store of a device says that was lost. */
async function losing(documentId: Bytes, envelopes: readonly Envelope[]): Promise<LostEntries> {
  const store = createMemoryDocumentStore()
  await store.append(
    documentId,
    envelopes.map(({ bytes }, index) => ({ seq: index + 1, envelope: bytes })),
  )
  const lost = new LostEntries(store, documentId)
  await lost.keep(documentId)
  return lost
}

/** As a relay does: others get ENTRIES, and who sent them the ACK, in the order of seqs. */
function deliver(note: Note, { by, envelopes }: Pushed): void {
  const seq = note.entries.length + 1
  const entries = envelopes.map((envelope, index) => ({ seq: seq + index, envelope }))
  note.entries.push(...entries)
  for (const person of note.people) if (person !== by.person) person.log.take(entries)
  const [{ document, session, counter }] = envelopes as readonly [Envelope]
  const ack = { document, session, counter, count: envelopes.length, seq, compaction: 'none' } as const
  by.person.log.take(by.quoter.acknowledge({ type: 'ack', ...ack })!)
}

it('[CL31] [F18] what many quote side by side is not stored as many times', async () => {
  const note = await createNote()
  const [bob, carol, dave] = [await note.add('writer'), await note.add('writer'), await note.add('writer')]
  const words = Array.from({ length: 80 }, (_, i) => carol.type(`${i}${'x'.repeat(9_000)} `))
  const envelopes = [carol.bind(), ...words]
  const pushed: Pushed[] = []
  const everybody: Quoting[] = []
  for (const person of [bob, dave]) {
    everybody.push(new Quoting(person, await losing(note.documentId, envelopes), pushed))
  }
  // Both draw the same time.
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
  for (const { quoter } of everybody) quoter.opened()
  let stored = 0
  for (let second = 0; second < 60; second++) {
    await vi.advanceTimersByTimeAsync(1_000)
    for (let round = pushed.splice(0); round.length > 0; round = pushed.splice(0)) {
      for (const each of round) deliver(note, each)
      stored += round.length
      await vi.advanceTimersByTimeAsync(100)
    }
  }
  random.mockRestore()
  for (const { quoter } of everybody) quoter.closed()
  expect(note.creator.log.state.clockOf(carol.client)).toBeGreaterThan(80 * 9_000)
  const least = Math.ceil((80 * 9_000) / 131_072)
  expect(stored).toBeGreaterThanOrEqual(least)
  // One of each that was on its way at the same time.
  expect(stored).toBeLessThanOrEqual(least + 2)
})

it('[CL31] [CL16] what two tabs keep at once of a log that is given up is kept whole', async () => {
  const note = await createNote()
  const carol = await note.add('writer')
  const envelopes = Array.from({ length: 90 }, (_, i) => carol.type(`${i}${'x'.repeat(9_000)} `))
  const store = createMemoryDocumentStore()
  const rows = envelopes.map(({ bytes }, index) => ({ seq: index + 1, envelope: bytes }))
  await store.append(note.documentId, rows)
  let pages = 0
  const keepBeside = (): Promise<void> => new LostEntries(store, note.documentId).keep(note.documentId)
  // The other tab comes in before this one's second page, at the same place.
  const slow: DocumentStore = {
    ...store,
    append: async (document, entries) => {
      if (pages++ === 1) await keepBeside()
      return store.append(document, entries)
    },
  }
  const lost = new LostEntries(slow, note.documentId)
  await lost.keep(note.documentId)
  const kept: string[] = []
  for await (const page of lost.read()) kept.push(...page.map(({ bytes }) => bytes.join()))
  expect(new Set(kept)).toEqual(new Set(envelopes.map(({ bytes }) => bytes.join())))
})

it('[CL31] a loss of which nothing can be quoted is looked at ever less often, and not at all while the log stands', async () => {
  const note = await createNote()
  const [bob, carol, dave] = [await note.add('writer'), await note.add('writer'), await note.add('writer')]
  note.append(bob.bind())
  const envelopes = [carol.bind(), carol.type('one ')]
  note.change(note.creator, removeMember(carol.device.id))
  const lost = await losing(note.documentId, envelopes)
  const pushed: Pushed[] = []
  const reads = vi.spyOn(lost, 'read')
  const quoting = new Quoting(bob, lost, pushed)
  const DAY_MS = 86_400_000
  quoting.quoter.opened()
  await vi.advanceTimersByTimeAsync(10 * DAY_MS)
  expect(reads).toHaveBeenCalledTimes(1)
  // It is no nearer by an opening, nor by what others write.
  quoting.quoter.closed()
  quoting.quoter.opened()
  for (let hour = 0; hour < 96; hour++) {
    note.append(bob.type('on '))
    await vi.advanceTimersByTimeAsync(DAY_MS / 24)
  }
  expect(reads.mock.calls.length).toBeLessThanOrEqual(6)
  expect([pushed, await lost.isEmpty()]).toEqual([[], false])
  // A record may have let her in again.
  const before = reads.mock.calls.length
  note.change(note.creator, changeRole(dave.device.id, 'reader'))
  quoting.quoter.closed()
  quoting.quoter.opened()
  await vi.advanceTimersByTimeAsync(6_000)
  expect(reads.mock.calls.length).toBe(before + 1)
  quoting.quoter.closed()
})

it('[CL31] [CL15] an edit that the relay finds too large does not hold up what comes after it', async () => {
  const note = await createNote()
  const [bob, carol, dave] = [await note.add('writer'), await note.add('writer'), await note.add('writer')]
  const session = new Session(note.documentId, dave.device)
  const seal = (kind: 2 | 3, content: Bytes): Envelope =>
    session.sealEntry(kind, content, dave.membership.epochKey!, dave.log.head).envelope
  const large = encodeAuthoredUpdate({ authored: 1, update: dave.edit('x'.repeat(300_000)) })
  const parts = cutContent(large).map(({ content }) => seal(KIND.part, content))
  const bind = seal(KIND.bind, encodeBind({ clientId: dave.client, introduction: null }))
  const pushed: Pushed[] = []
  const lost = await losing(note.documentId, [bind, ...parts, carol.bind(), carol.type('one ')])
  const quoting = new Quoting(bob, lost, pushed)
  quoting.quoter.opened()
  for (let second = 0; second < 60; second++) {
    await vi.advanceTimersByTimeAsync(1_000)
    for (const each of pushed.splice(0)) {
      const [{ document, session: of, counter }] = each.envelopes as readonly [Envelope]
      const refusal = { refused: CLIENT_FRAME['push-part'], code: REFUSALS.QUOTA.number, detail: 200_000 }
      const rest = { retryAfterMs: 0, attachment: new Uint8Array(0) }
      const isTooLarge = each.envelopes.reduce((sum, { bytes }) => sum + bytes.length, 0) > 200_000
      if (isTooLarge) quoting.quoter.refuse({ type: 'nack', document, session: of, counter, ...refusal, ...rest })
      else deliver(note, each)
    }
  }
  quoting.quoter.closed()
  const { state } = note.creator.log
  expect([carol, dave].map(({ client }) => state.clockOf(client))).toEqual([4, 0])
  expect(await lost.isEmpty()).toBe(false)
})
