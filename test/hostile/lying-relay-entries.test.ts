/**
 * A relay that alters, moves, drops, repeats or re-orders what people wrote. Whoever reads by it shows nothing but what is verified.
 */
import {
  encodeEntries,
  HEADER_BYTES,
  OFFSET,
  readWholeEnvelope,
  SIGNATURE_BYTES,
  type Bytes,
  type Envelope,
  type RelayFrame,
} from '@y-sealed/protocol'
import { describe, expect, it, vi } from 'vitest'
import * as Y from 'yjs'

import { DocumentLog, type LogOutcome } from '../../client/log/document-log.ts'
import { showEntries, turnBit, type ShownEntry, type Trick } from '../support/lying-relay.ts'
import { createTestDevice } from '../support/raw-client.ts'
import { TestWriter } from '../support/room-document.ts'
import {
  createScene,
  halted,
  haltOf,
  setStage,
  whenHealed,
  whenSigned,
  type Stage,
  type Witness,
} from '../support/stage.ts'

/** Alice writes two lines at the honest relay: entries 3 and 4, after genesis and bind. */
async function writeTwoLines(stage: Stage): Promise<Witness> {
  const alice = await stage.watchHonestly()
  await alice.peer.provider.whenSynced()
  await write(alice, 'first ')
  await write(alice, 'second ')
  return alice
}

async function write(person: Witness, line: string): Promise<void> {
  person.peer.text.insert(person.text.length, line)
  await person.peer.provider.whenSaved()
}

/** A lie about one entry by its seq. */
function at(seq: number, lie: (entry: ShownEntry) => readonly ShownEntry[]): Trick<RelayFrame> {
  return showEntries((entry) => (entry.seq === seq ? lie(entry) : [entry]))
}

const NOTHING = (): readonly ShownEntry[] => []

/** Bob follows by the lying relay, with Alice's first line already there. */
async function followLive(): Promise<{ stage: Stage; alice: Witness; bob: Witness }> {
  const stage = await setStage()
  const alice = await stage.watchHonestly()
  await alice.peer.provider.whenSynced()
  await write(alice, 'first ')
  const bob = await stage.watch()
  await bob.peer.provider.whenSynced()
  return { stage, alice, bob }
}

const reasonsOf = (person: Witness): unknown[] => person.reports.map(({ code, reason }) => reason ?? code)

describe('a relay that alters an entry', () => {
  it.each([
    ['device', OFFSET.device],
    ['session', OFFSET.session],
    ['counter', OFFSET.counter + 7],
    ['prev', OFFSET.prev],
    ['seen-seq', OFFSET.seenSeq + 7],
    ['seen-transcript', OFFSET.seenTranscript],
    ['nonce', OFFSET.nonce],
    ['ciphertext', HEADER_BYTES],
    ['tag', -SIGNATURE_BYTES - 1],
  ] as const)('T2 [K1] [EN6] is found out by one bit of the %s in history', async (_, place) => {
    const stage = await setStage()
    const alice = await writeTwoLines(stage)
    stage.lying.toClient = at(4, ({ seq, envelope }) => [{ seq, envelope: turnBit(envelope, place) }])
    const bob = await stage.watch()
    expect(await haltOf(bob)).toEqual(halted('FORK', 'first '))
    expect(alice.reports).toEqual([])
  })

  it.each([
    ['version', OFFSET.version],
    ['kind', OFFSET.kind],
    ['suite', OFFSET.suite],
    ['flags', OFFSET.flags],
    ['length', OFFSET.length + 3],
  ] as const)('T2 [K1] [K15] [EN4] is left when the %s is none that exists', async (_, place) => {
    const stage = await setStage()
    await writeTwoLines(stage)
    stage.lying.toClient = at(4, ({ seq, envelope }) => [{ seq, envelope: turnBit(envelope, place, 5) }])
    const left = vi.fn()
    const bob = await stage.watch({ provider: { connect: false } })
    bob.peer.connection.on('connection-close', left)
    bob.peer.provider.connect()
    await vi.waitFor(() => expect(left).toHaveBeenCalledWith(expect.objectContaining({ code: 'RELAY_MALFORMED' })))
    expect(bob.text).toBe('first ')
    stage.lying.repent()
    await bob.peer.provider.whenSynced()
    expect(bob.text).toBe('first second ')
  })

  it('T2 [K4] [CL1] gains nothing by an epoch that no record opened', async () => {
    const stage = await setStage()
    const alice = await writeTwoLines(stage)
    stage.lying.toClient = at(4, ({ seq, envelope }) => [{ seq, envelope: turnBit(envelope, OFFSET.epoch + 3, 1) }])
    const bob = await stage.watch()
    expect(await haltOf(bob)).toEqual(halted('LOG_INVALID', 'first '))
    expect(alice.reports).toEqual([])
  })

  it('T2 [K1] [LO2] [EN13] is found out at the next head when it spoilt a signature for one reader alone', async () => {
    const { stage, alice, bob } = await followLive()
    stage.lying.toClient = at(4, ({ seq, envelope }) => [{ seq, envelope: turnBit(envelope, -1) }])
    await write(alice, 'second ')
    await vi.waitFor(() => expect(bob.reports).toEqual([{ code: 'WAITING', seq: 4, fatal: false }]))
    expect(bob.text).toBe('first ')
    // A later entry of the session vouches for the first, but has seen another history than the one Bob was shown.
    await write(alice, 'third')
    await vi.waitFor(() => expect(bob.reports).toContainEqual(expect.objectContaining({ seq: 5, reason: 'seen' })))
    expect(bob.text).toBe('first second ')
    stage.lying.cut()
    expect(await haltOf(bob)).toEqual(halted('FORK', 'first second '))
  })

  it('T2 [K1] [LO4] is found out at the next head when it altered an entry live', async () => {
    const { stage, alice, bob } = await followLive()
    stage.lying.toClient = at(4, ({ seq, envelope }) => [{ seq, envelope: turnBit(envelope, HEADER_BYTES + 9) }])
    await write(alice, 'second ')
    await vi.waitFor(() => expect(bob.peer.provider.head.seq).toBe(4))
    stage.lying.repent()
    stage.lying.cut()
    await whenHealed(bob)
    expect(bob.text).toBe('first second ')
  })

  it('T2 [K1] [LO4] [CL30] [FR11] is found out by a head told live, and the good copy is read without another word', async () => {
    const { stage, alice, bob } = await followLive()
    const altered = new Set<number>()
    stage.lying.toClient = showEntries(({ seq, envelope }) => {
      if (altered.has(seq)) return [{ seq, envelope }]
      altered.add(seq)
      return [{ seq, envelope: turnBit(envelope, HEADER_BYTES + 9) }]
    })
    await write(alice, 'second ')
    await whenHealed(bob)
    expect([bob.text, altered]).toEqual(['first second ', new Set([4])])
    expect(bob.reports.at(-1)).toMatchObject({ code: 'RESTORED', since: 4 })
  })

  it('T2 [K1] [LO4] [CL30] is left when the log that it tells of live is not what it hands over again either', async () => {
    const { stage, alice, bob } = await followLive()
    stage.lying.toClient = at(4, ({ seq, envelope }) => [{ seq, envelope: turnBit(envelope, HEADER_BYTES + 9) }])
    await write(alice, 'second ')
    // Heads are told once it is quiet for a second.
    await vi.waitFor(() => expect(bob.reports).toContainEqual(expect.objectContaining({ code: 'FORK' })), 5_000)
    expect(await haltOf(bob)).toEqual(halted('FORK', 'first '))
  })

  it('T2 [K1] [EN6] [EN7] no byte of a bind or an update can differ by a bit and the entry still count', async () => {
    const { access, document } = await createScene()
    const writer = new TestWriter(document, createTestDevice())
    const doc = new Y.Doc()
    doc.clientID = 1
    doc.getText('note').insert(0, 'x')
    const founder = new TestWriter(document, createTestDevice())
    const log = [founder.genesis(), writer.bind(1), writer.update(Y.encodeStateAsUpdateV2(doc) as Bytes)]
    const bytes = log.map(({ envelope }) => envelope.bytes)
    const take = (entries: readonly Bytes[]): readonly LogOutcome['kind'][] => {
      const envelopes = entries.map((entry) => readWholeEnvelope(entry))
      if (envelopes.includes(null)) return ['refused']
      const placed = envelopes.map((envelope, index) => ({ seq: index + 1, envelope: envelope as Envelope }))
      try {
        return new DocumentLog(access()).take(placed).map(({ kind }) => kind)
      } catch {
        return ['refused']
      }
    }
    expect(take(bytes)).toEqual(['noted', 'bind', 'update'])
    for (const [index, kind] of [
      [1, 'bind'],
      [2, 'update'],
    ] as const) {
      const entry = bytes[index] as Bytes
      for (let place = 0; place < entry.length; place++) {
        const outcomes = take(bytes.with(index, turnBit(entry, place, place % 8)))
        expect(outcomes, `byte ${place} of the ${kind}`).not.toContain(kind)
        expect(outcomes, `byte ${place} of the ${kind}`).not.toContain('update')
      }
    }
  })
})

describe('a relay that repeats or moves an entry', () => {
  it('T3 [K2] a second copy at the same seq is passed over', async () => {
    const { stage, alice, bob } = await followLive()
    stage.lying.toClient = showEntries((entry) => [entry, entry])
    await write(alice, 'second ')
    await write(alice, 'third')
    await vi.waitFor(() => expect(bob.text).toBe('first second third'))
    expect(bob.reports).toEqual([])
  })

  it('T3 [K2] [EN12] a second copy at the next seq does not count, and the relay is found out', async () => {
    const { stage, alice, bob } = await followLive()
    stage.lying.toClient = at(4, ({ seq, envelope }) => [
      { seq, envelope },
      { seq: seq + 1, envelope },
    ])
    await write(alice, 'second ')
    await vi.waitFor(() => expect(reasonsOf(bob)).toEqual(['broken']))
    expect(bob.text).toBe('first second ')
    await write(alice, 'third')
    stage.lying.cut()
    expect(await haltOf(bob)).toEqual(halted('FORK', 'first second '))
  })

  it('T3 [K4] [EN6] [EN8] an entry of another document is nothing here, as it is or with this id written over', async () => {
    const { stage, alice, bob } = await followLive()
    const other = await setStage()
    const carol = await writeTwoLines(other)
    expect(carol.text).toBe('first second ')
    const moved: Bytes[] = []
    other.lying.toClient = showEntries((entry) => (moved.push(entry.envelope), [entry]))
    const dora = await other.watch()
    await dora.peer.provider.whenSynced()
    const link = stage.lying.links.at(-1)
    for (const envelope of moved) link?.toClient(encodeEntries(4, [envelope]))
    await write(alice, 'second ')
    await vi.waitFor(() => expect(bob.text).toBe('first second '))
    expect(bob.reports).toEqual([])
    for (const [index, envelope] of moved.slice(1).entries()) {
      const forged = envelope.slice()
      forged.set(stage.document.id, OFFSET.document)
      link?.toClient(encodeEntries(5 + index, [forged]))
    }
    await vi.waitFor(() => expect(bob.peer.provider.head.seq).toBe(7))
    expect(reasonsOf(bob)).toEqual(['stranger', 'broken', 'broken'])
    stage.lying.cut()
    await whenHealed(bob)
    expect(bob.text).toBe('first second ')
  })
})

describe('a relay that drops or re-orders entries', () => {
  it('T4 [K3] [FR8] what follows a gap is held back, and the gap is asked for', async () => {
    const { stage, alice, bob } = await followLive()
    stage.lying.toClient = at(4, NOTHING)
    await write(alice, 'second ')
    const asked = vi.fn()
    stage.lying.toRelay = (frame) => {
      if (frame?.type !== 'read') return undefined
      asked(frame.after, bob.text)
      stage.lying.repent()
      return undefined
    }
    await write(alice, 'third')
    await vi.waitFor(() => expect(bob.text).toBe('first second third'))
    expect(asked.mock.calls).toEqual([[3, 'first ']])
    expect(bob.reports).toEqual([])
  })

  it('T4 [K3] a gap that is never filled is reported, and nothing behind it is shown', async () => {
    const { stage, alice, bob } = await followLive()
    stage.lying.toClient = at(4, NOTHING)
    await write(alice, 'second ')
    await write(alice, 'third')
    await vi.waitFor(() => expect(bob.reports).toEqual([{ code: 'WITHHELD', seq: 4, fatal: false }]))
    expect(bob.text).toBe('first ')
    const reads = stage.lying.captured.filter(({ place, bytes }) => place === 'from-client' && bytes[0] === 0x03)
    expect(reads).toHaveLength(1)
  })

  it('T4 [EN12] [LO2] an entry dropped and the rest renumbered: nothing of the session counts any more, a head tells, and the log is read again', async () => {
    const { stage, alice, bob } = await followLive()
    stage.lying.toClient = showEntries(({ seq, envelope }) => (seq === 4 ? [] : [{ seq: seq - 1, envelope }]))
    await write(alice, 'second ')
    await write(alice, 'third')
    await vi.waitFor(() => expect(reasonsOf(bob)).toEqual(['broken']))
    expect(bob.text).toBe('first ')
    await write(alice, 'fourth')
    await vi.waitFor(() => expect(bob.reports).toHaveLength(2))
    stage.lying.repent()
    stage.lying.cut()
    await whenHealed(bob)
    expect(bob.text).toBe('first second thirdfourth')
  })

  it('T4 [LO3] two entries by two people in the other order: what they saw and what the relay signs both tell', async () => {
    const { stage, alice, bob } = await followLive()
    const carol = await stage.watchHonestly()
    await carol.peer.provider.whenSynced()
    await write(carol, 'hers ')
    await vi.waitFor(() => expect(bob.peer.provider.head.seq).toBe(5))
    const held: ShownEntry[] = []
    stage.lying.toClient = showEntries((entry) => {
      if (entry.seq === 6) held.push(entry)
      if (entry.seq === 7) return [{ ...entry, seq: 6 }, ...held.map(({ envelope }) => ({ seq: 7, envelope }))]
      return entry.seq === 6 ? [] : [entry]
    })
    await write(alice, 'one ')
    await vi.waitFor(() => expect(carol.text).toContain('one '))
    await write(carol, 'two ')
    await vi.waitFor(() => expect(alice.text).toContain('two '))
    await vi.waitFor(() => expect(bob.peer.provider.head.seq).toBe(7))
    await write(alice, 'three ')
    // Carol had seen the entry that now comes after hers; Alice names a transcript that is not Bob's.
    await vi.waitFor(() =>
      expect(bob.reports.map(({ seq, reason }) => [seq, reason])).toEqual([
        [6, 'seen'],
        [8, 'seen'],
      ]),
    )
    expect(bob.text).not.toContain('three ')
    const shown = bob.text
    stage.lying.cut()
    expect(await haltOf(bob)).toEqual(halted('FORK', shown))
  })

  it('T4 [K11] [LO4] a tail kept from everybody is not found out, and the app can tell when the relay last vouched for what there is', async () => {
    const { stage, alice, bob } = await followLive()
    const confirmedAt = (): number => bob.peer.provider.confirmedAt ?? 0
    expect([confirmedAt() > Date.now() - 60_000, confirmedAt() <= Date.now()]).toEqual([true, true])
    stage.lying.toClient = (frame) => (frame?.type === 'entries' || frame?.type === 'head' ? [] : undefined)
    const before = confirmedAt()
    await write(alice, 'second ')
    await whenSigned(alice)
    expect([bob.text, bob.reports, confirmedAt()]).toEqual(['first ', [], before])
    stage.lying.repent()
    // The first honest message: somebody else's entry, behind the gap.
    await write(alice, 'third')
    await vi.waitFor(() => expect(bob.text).toBe('first second third'))
    await vi.waitFor(() => expect(confirmedAt()).toBeGreaterThan(before), { timeout: 10_000 })
    expect(bob.reports).toEqual([])
  })

  it('T4 [K11] [LO4] a tail withheld is not called synced, and is reported', async () => {
    const stage = await setStage()
    await writeTwoLines(stage)
    stage.lying.toClient = at(4, NOTHING)
    const bob = await stage.watch()
    // What OPENED announced is waited for two seconds before it is asked for.
    const report = { code: 'WITHHELD', seq: 4, fatal: false }
    await vi.waitFor(() => expect(bob.reports).toEqual([report]), { timeout: 5_000 })
    expect(bob.text).toBe('first ')
    expect(bob.peer.provider.synced).toBe(false)
  })
})
