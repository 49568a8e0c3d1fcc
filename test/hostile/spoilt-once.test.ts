/**
 * One bit turned once, wherever it is: by a relay, or on the way. What comes of it is nobody's word; it is asked for again, and nobody has to do
 * anything. What is spoilt each time is left, in words of its own, looked at now and then, and gone on with once it is good.
 */
import {
  encodeEntries,
  encodeRecords,
  encodeRelayFrame,
  HEADER_BYTES,
  OFFSET,
  SIGNATURE_BYTES,
  type Bytes,
  type RecordsFrame,
  type RelayFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import { describe, expect, it, vi } from 'vitest'

import { showEntries, turnBit, type LyingRelay, type ShownEntry, type Trick } from '../support/lying-relay.ts'
import { Team } from '../support/members/team.ts'
import {
  copyOf,
  expectSound,
  halted,
  haltOf,
  setStage,
  startHonestRelay,
  startLyingFront,
  whenHealed,
  whenSigned,
  type Stage,
  type Witness,
} from '../support/stage.ts'

const PATIENCE = { timeout: 30_000 }

type FrameOf<Type extends RelayFrame['type']> = Extract<RelayFrame, { type: Type }>

/** The first frame of that type is another one. */
function once<Type extends RelayFrame['type']>(
  type: Type,
  spoil: (frame: FrameOf<Type>) => Bytes | null,
  told: () => void = () => undefined,
): Trick<RelayFrame> {
  let isDone = false
  return (frame) => {
    if (isDone || frame?.type !== type) return undefined
    const spoilt = spoil(frame as FrameOf<Type>)
    if (spoilt === null) return undefined
    isDone = true
    told()
    return [spoilt]
  }
}

/** One bit of an entry, wherever it stands in its frame. */
function inEntry(at: number, place: number): (frame: FrameOf<'entries'>) => Bytes | null {
  return ({ seq, envelopes }) => {
    if (at < seq || at >= seq + envelopes.length) return null
    return encodeEntries(
      seq,
      envelopes.map(({ bytes }, index) => (seq + index === at ? turnBit(bytes, place, 1) : bytes)),
    )
  }
}

const turnEpoch = ({ seq, envelope }: ShownEntry): readonly ShownEntry[] => [
  { seq, envelope: seq === 4 ? turnBit(envelope, OFFSET.epoch + 3, 1) : envelope },
]
const turnHead = (head: SignedHead): SignedHead => ({ ...head, signature: turnBit(head.signature, 5) })
const inOpened = (frame: FrameOf<'opened'>): Bytes => encodeRelayFrame({ ...frame, head: turnHead(frame.head) })
const inWelcome = (frame: FrameOf<'welcome'>): Bytes =>
  encodeRelayFrame({ ...frame, headKey: turnBit(frame.headKey, 5) })
const inHead = (frame: FrameOf<'head'>): Bytes => encodeRelayFrame({ ...frame, head: turnHead(frame.head) })

async function write(person: Witness, line: string): Promise<void> {
  person.peer.text.insert(person.text.length, line)
  await person.peer.provider.whenSaved()
}

/** Alice has two lines at the honest relay: entries 3 and 4, after genesis and bind. */
async function writeTwoLines(): Promise<{ stage: Stage; alice: Witness }> {
  const stage = await setStage()
  const alice = await stage.watchHonestly()
  await alice.peer.provider.whenSynced()
  await write(alice, 'first ')
  await write(alice, 'second ')
  return { stage, alice }
}

describe('one bit turned once', () => {
  it.each<readonly [string, Trick<RelayFrame>, string]>([
    ['the epoch of an entry', once('entries', inEntry(4, OFFSET.epoch + 3)), 'LOG_INVALID'],
    ['the genesis', once('entries', inEntry(1, -SIGNATURE_BYTES - 1)), 'LOG_INVALID'],
    ['the signature under the head of OPENED', once('opened', inOpened), 'BAD_HEAD'],
    ['the head key of WELCOME', once('welcome', inWelcome), 'BAD_HEAD'],
  ])('T2 [K1] [CL30] in %s stops nobody: it is asked for again', async (_, trick, code) => {
    const { stage, alice } = await writeTwoLines()
    stage.lying.toClient = trick
    const bob = await stage.watch()
    await vi.waitFor(() => expect(bob.text).toBe('first second '), PATIENCE)
    await bob.peer.provider.whenSynced()
    expect(bob.reports.map((report) => [report.code, report.fatal])).toEqual([
      [code, false],
      ['RESTORED', false],
    ])
    await write(bob, 'third')
    await vi.waitFor(() => expect(alice.text).toBe('first second third'), PATIENCE)
    expect([alice.reports, bob.closings]).toEqual([[], []])
    await vi.waitFor(() => expect(bob.peer.provider.syncStatus.kind).toBe('saved'), PATIENCE)
    expectSound(bob)
  })

  it('T2 [K1] [CL30] [FR11] in the signature under a head told live stops nobody', async () => {
    const { stage, alice } = await writeTwoLines()
    const bob = await stage.watch()
    await bob.peer.provider.whenSynced()
    stage.lying.toClient = once('head', inHead)
    await write(alice, 'third')
    await vi.waitFor(() => expect(bob.reports.map(({ code }) => code)).toEqual(['BAD_HEAD', 'RESTORED']), PATIENCE)
    await vi.waitFor(() => expect(bob.text).toBe('first second third'), PATIENCE)
    expect(bob.closings).toEqual([])
    expectSound(bob)
  })

  it('T5 [K9] [CL30] [FR16] in what a relay says that it lacks accuses nobody: it is asked again, and healed', async () => {
    const stage = await setStage()
    const alice = await stage.watch()
    await alice.peer.provider.whenSynced()
    await write(alice, 'first ')
    const old = await copyOf(stage.honest, [stage.lying])
    stage.lying.stand(await startHonestRelay([stage.lying], stage.honest.data))
    await write(alice, 'second ')
    await whenSigned(alice)
    const spoilt = vi.fn()
    stage.lying.toClient = once(
      'restored',
      (frame) => encodeRelayFrame({ ...frame, head: { ...frame.head, transcript: turnBit(frame.head.transcript, 3) } }),
      spoilt,
    )
    stage.lying.stand(await startHonestRelay([stage.lying], old))
    await whenHealed(alice)
    expect([spoilt.mock.calls.length, alice.text, alice.closings]).toEqual([1, 'first second ', []])
  })
})

describe('one bit turned each time', () => {
  it.each<readonly [string, () => Trick<RelayFrame>, string, string]>([
    ['an entry’s epoch', () => showEntries(turnEpoch), 'LOG_INVALID', 'first '],
    ['the head of OPENED', () => (frame) => (frame?.type === 'opened' ? [inOpened(frame)] : undefined), 'BAD_HEAD', ''],
  ])(
    'T2 [K1] [CL30] [CL22] in %s: it is left, said as what it is, looked at again, and gone on with once it is good',
    { timeout: 90_000 },
    async (_, lie, code, text) => {
      const { stage, alice } = await writeTwoLines()
      stage.lying.toClient = lie()
      const bob = await stage.watch()
      expect(await haltOf(bob)).toEqual(halted(code, text))
      expect(bob.reports.find(({ fatal }) => fatal)).toMatchObject({ code, isSpoilt: true })
      expect(bob.peer.provider.syncStatus).toMatchObject({ kind: 'spoilt', report: { code } })
      stage.lying.repent()
      await vi.waitFor(() => expect(bob.peer.provider.synced).toBe(true), { timeout: 60_000 })
      await bob.peer.provider.whenSaved()
      await vi.waitFor(() => expect(alice.text).toBe(bob.text), PATIENCE)
      expect(bob.text).toContain('second ')
      expect(bob.text).toContain('kept')
      expect(bob.peer.provider.syncStatus.kind).toBe('saved')
      expectSound(bob)
    },
  )
})

describe('records', () => {
  type Shown = { readonly seq: number; readonly envelope: Bytes }
  const shown = (
    { document, more, records }: RecordsFrame,
    change: (record: Shown, isLast: boolean) => Partial<Shown>,
  ): Bytes => {
    const rows = records.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes }))
    return encodeRecords(
      document,
      more,
      rows.map((row, i) => ({ ...row, ...change(row, i === rows.length - 1) })),
    )
  }
  const turned = (envelope: Bytes): Bytes => turnBit(envelope, -SIGNATURE_BYTES - 1)

  it.each<readonly [string, (frame: FrameOf<'records'>) => Bytes, string]>([
    [
      'placed elsewhere',
      (frame) => shown(frame, ({ seq }, isLast) => ({ seq: isLast ? seq + 3 : seq })),
      'LOG_INVALID',
    ],
    [
      'with a bit turned in the last',
      (frame) => shown(frame, ({ envelope }, isLast) => (isLast ? { envelope: turned(envelope) } : {})),
      'ROLLBACK',
    ],
    [
      'with a bit turned in the genesis',
      (frame) =>
        shown(frame, ({ seq, envelope }) => (seq === 1 ? { envelope: turnBit(envelope, HEADER_BYTES + 50) } : {})),
      'GENESIS_CONFLICT',
    ],
  ])(
    'T25 [KM16] [CL11] [CL30] %s, once: they are asked for again, and nobody has to do anything',
    async (_, spoil, code) => {
      const front: LyingRelay = await startLyingFront()
      const team = await Team.start(front)
      const bob = await team.invite('writer')
      await team.alice.write('one. ')
      await bob.reads('one. ')
      const carol = await team.invite('writer')
      await carol.reads('one. ')
      await vi.waitFor(() => expect(bob.membership.recordSeq).toBe(team.alice.membership.recordSeq), PATIENCE)
      await bob.membership.whenStored()
      bob.peer.close()
      front.toClient = once('records', spoil)
      const again = await team.restart(bob)
      await vi.waitFor(() => expect(again.reports.map((report) => report.code)).toContain('RESTORED'), PATIENCE)
      await again.reads('one. ')
      await again.write('two. ')
      await vi.waitFor(() => expect(team.alice.text).toBe('one. two. '), PATIENCE)
      expect(again.reports.filter((report) => report.code !== 'ENTRY_REFUSED').map((report) => report.code)).toEqual([
        code,
        'RESTORED',
      ])
      expect([again.closings, again.membership.recordSeq]).toEqual([[], team.alice.membership.recordSeq])
    },
  )
})
