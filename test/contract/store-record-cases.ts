/**
 * Records: roles, rotations, their order; and the age of sessions. [KM9, LO8]
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import type { AppendResult } from '../../server/core/ports.ts'
import { createTestDocument, random, Writer } from './append-units.ts'
import { appendOne, expectUntouched, withDocument, type StoreFactory } from './store-case.ts'

/** Registers the cases. */
export function recordContract(open: StoreFactory): void {
  it('[G11] never stores what stands behind the removal of its author, in one batch or in many', async () => {
    const store = await open()
    for (let round = 0; round < 50; round++) {
      const bob = random(16)
      const { id, creator, genesis } = await createTestDocument(store, 'members', [bob])
      const writer = new Writer(id, creator.seen, bob)
      const removal = creator.unit({
        needs: 'admin',
        record: { recordPrev: genesis.entries[0].id, roles: [{ device: bob, role: 'none' }] },
      })
      const units = Array.from({ length: 6 }, () => writer.unit())
      const place = round % 6
      units.splice(place, 0, removal)
      const results =
        round % 2 === 0
          ? await store.append(units)
          : (await Promise.all(units.map((unit) => store.append([unit])))).flat()
      expect(results.map(({ status }) => status)).toEqual(
        // What follows a refused entry is refused by its counter.
        units.map((_, i) => (i <= place ? 'stored' : i === place + 1 ? 'forbidden' : 'counter-gap')),
      )
      expect(await store.roleOf(id, bob)).toBe('none')
      await expectUntouched(store, id, place + 2)
    }
  })

  it.each([
    ['none', 'reader', 'forbidden'],
    ['reader', 'reader', 'stored'],
    ['reader', 'writer', 'forbidden'],
    ['writer', 'writer', 'stored'],
    ['writer', 'admin', 'forbidden'],
    ['admin', 'admin', 'stored'],
    ['none', 'none', 'stored'],
  ] as const)('[KM10] answers a %s on what needs a %s: %s', async (role, needs, expected) => {
    const { store, id, creator, genesis } = await withDocument(open)
    const device = random(16)
    const grant = { recordPrev: genesis.entries[0].id, roles: [{ device, role }] }
    expect(await appendOne(store, creator.unit({ needs: 'admin', record: grant }))).toMatchObject({ status: 'stored' })
    expect(await store.roleOf(id, device)).toBe(role)
    const writer = new Writer(id, creator.seen, device)
    expect(await appendOne(store, writer.unit({ needs }))).toMatchObject({ status: expected })
  })

  it('[KM9] refuses a record that does not follow the newest one', async () => {
    const { store, id, creator, genesis } = await withDocument(open)
    const recordPrev = genesis.entries[0].id
    const first = creator.unit({ needs: 'admin', record: { recordPrev, roles: [] } })
    await appendOne(store, first)
    const recordHead = first.entries[0].id
    const stale = creator.unit({ needs: 'admin', record: { recordPrev, roles: [] } })
    expect(await appendOne(store, stale)).toEqual({ status: 'record-stale', recordHead, recordSeq: 2 })
    const [status] = await store.status([id])
    expect(status).toMatchObject({ recordHead, recordSeq: 2, head: { seq: 2 } })
  })

  it('[F15] applies a rotation with its record: the old epoch has no grace, its retries are acknowledged', async () => {
    const { store, id, creator, creation, genesis } = await withDocument(open)
    const before = creator.unit()
    await appendOne(store, before)
    const commitment = random(32)
    const record = { recordPrev: genesis.entries[0].id, rotation: { epoch: 2, commitment }, roles: [] }
    const [rotated, late] = await store.append([
      creator.unit({ needs: 'admin', record }),
      creator.unit({ entry: { epoch: 1 } }),
    ])
    expect(rotated).toMatchObject({ status: 'stored', seqs: [3] })
    expect(late).toEqual({ status: 'epoch-stale', epoch: 2 })
    expect(await appendOne(store, before)).toMatchObject({ status: 'stored', seqs: [2], fresh: 0 })
    const next = new Writer(id, creator.seen, creator.device)
    next.epoch = 2
    expect(await appendOne(store, next.unit())).toMatchObject({ status: 'stored', seqs: [4] })
    const [status] = await store.status([id])
    expect(status).toMatchObject({ epoch: 2, commitment })
    expect(await store.commitments(id)).toEqual([
      [1, creation.commitment],
      [2, commitment],
    ])
  })

  it('[KM9] takes no rotation that is not to a new epoch', async () => {
    const { store, creator, genesis } = await withDocument(open)
    const recordPrev = genesis.entries[0].id
    const rotation = { epoch: 1, commitment: random(32) }
    const unit = creator.unit({ needs: 'admin', record: { recordPrev, rotation, roles: [] } })
    expect(await appendOne(store, unit)).toEqual({
      status: 'record-stale',
      recordHead: recordPrev,
      recordSeq: 1,
    })
  })

  it('[KM18] takes nothing but records in an epoch that is closed, until a rotation opens the next', async () => {
    const { store, id, creator, genesis } = await withDocument(open)
    const before = creator.unit({ count: 2 })
    await appendOne(store, before)
    const closing = creator.unit({
      needs: 'none',
      record: { recordPrev: genesis.entries[0].id, roles: [], closesEpoch: true },
    })
    const [closed, late] = await store.append([closing, creator.unit()])
    expect(closed).toMatchObject({ status: 'stored', seqs: [4] })
    // The next epoch is the one under which to seal anew.
    expect(late).toEqual({ status: 'epoch-stale', epoch: 2 })
    expect((await store.status([id]))[0]).toMatchObject({ epoch: 1, isEpochClosed: true })
    expect(await appendOne(store, before)).toMatchObject({ status: 'stored', seqs: [2, 3], fresh: 0 })
    const recorder = new Writer(id, creator.seen, creator.device)
    const other = recorder.unit({ needs: 'none', record: { recordPrev: closing.entries[0].id, roles: [] } })
    expect(await appendOne(store, other)).toMatchObject({ status: 'stored', seqs: [5] })
    expect((await store.status([id]))[0]).toMatchObject({ isEpochClosed: true })
    const ahead = new Writer(id, creator.seen, creator.device)
    ahead.epoch = 2
    expect(await appendOne(store, ahead.unit())).toEqual({ status: 'epoch-stale', epoch: 2 })
    const rotation = { epoch: 2, commitment: random(32) }
    const opening = recorder.unit({ needs: 'none', record: { recordPrev: other.entries[0].id, rotation, roles: [] } })
    expect(await appendOne(store, opening)).toMatchObject({ status: 'stored', seqs: [6] })
    expect((await store.status([id]))[0]).toMatchObject({ epoch: 2, isEpochClosed: false })
    const next = new Writer(id, creator.seen, creator.device)
    next.epoch = 2
    expect(await appendOne(store, next.unit())).toMatchObject({ status: 'stored', seqs: [7] })
  })

  it('[LO7] finds a duplicate before it asks for the epoch, in a unit of both before it stores any', async () => {
    const { store, id, creator, genesis } = await withDocument(open)
    const [one, two] = [creator.unit(), creator.unit()]
    await appendOne(store, one)
    const rotation = { epoch: 2, commitment: random(32) }
    const recorder = new Writer(id, creator.seen, creator.device)
    await appendOne(store, recorder.unit({ record: { recordPrev: genesis.entries[0].id, rotation, roles: [] } }))
    expect(await appendOne(store, one)).toMatchObject({ status: 'stored', seqs: [2], fresh: 0 })
    expect(await appendOne(store, two)).toEqual({ status: 'epoch-stale', epoch: 2 })
    const both = { ...one, entries: [one.entries[0], two.entries[0]] as const }
    expect(await appendOne(store, both)).toEqual({ status: 'epoch-stale', epoch: 2 })
    const other = { ...one, entries: [{ ...one.entries[0], id: random(32) }] as const }
    expect(await appendOne(store, other)).toEqual({ status: 'equivocation', counter: 2 })
    await expectUntouched(store, id, 3)
  })

  it('[KM17] keeps links while they live, with the record that makes or ends them or not at all', async () => {
    const { store, id, creator, genesis } = await withDocument(open)
    const [one, two] = [random(16), random(16)]
    const links = [
      { link: one, expiresAt: 0 },
      { link: two, expiresAt: 1_800_000_000 },
    ]
    const making = creator.unit({ needs: 'admin', record: { recordPrev: genesis.entries[0].id, roles: [], links } })
    await appendOne(store, making)
    expect(await store.linkOf(id, one)).toEqual({ expiresAt: 0 })
    expect(await store.linkOf(id, two)).toEqual({ expiresAt: 1_800_000_000 })
    expect(await store.linkOf(id, creator.device)).toBeNull()
    expect(await store.linkOf(random(16), one)).toBeNull()
    const end = [{ link: one, expiresAt: null }]
    const stale = creator.unit({ needs: 'admin', record: { recordPrev: random(32), roles: [], links: end } })
    expect(await appendOne(store, stale)).toMatchObject({ status: 'record-stale' })
    expect(await store.linkOf(id, one)).toEqual({ expiresAt: 0 })
    const recorder = new Writer(id, creator.seen, creator.device)
    const recordPrev = making.entries[0].id
    await appendOne(store, recorder.unit({ needs: 'admin', record: { recordPrev, roles: [], links: end } }))
    expect(await store.linkOf(id, one)).toBeNull()
    expect(await store.linkOf(id, two)).toEqual({ expiresAt: 1_800_000_000 })
    await store.remove(id)
    expect(await store.linkOf(id, two)).toBeNull()
  })

  it('[LO7] tells what stands at a counter of a session', async () => {
    const { store, id, creator, genesis } = await withDocument(open)
    const unit = creator.unit({ count: 2 })
    await appendOne(store, unit)
    const { device, session } = creator
    expect(await store.entryAt(id, device, session, 1)).toEqual({ seq: 1, id: genesis.entries[0].id })
    expect(await store.entryAt(id, device, session, 3)).toEqual({ seq: 3, id: unit.entries[1]?.id })
    for (const [which, by, within, counter] of [
      [id, device, session, 4],
      [id, device, session, 0],
      [id, device, random(8), 1],
      [id, random(16), session, 1],
      [random(16), device, session, 1],
    ] as const) {
      expect(await store.entryAt(which, by, within, counter)).toBeNull()
    }
  })

  it('[I4] refuses a record that both opens an epoch and closes one, to its caller', async () => {
    const { store, creator, genesis } = await withDocument(open)
    const rotation = { epoch: 2, commitment: random(32) }
    const record = { recordPrev: genesis.entries[0].id, roles: [], rotation, closesEpoch: true }
    await expect(store.append([creator.unit({ record })])).rejects.toBeInstanceOf(RangeError)
  })

  it('[KM9] reads records apart from the log', async () => {
    const { store, id, creator, genesis } = await withDocument(open)
    await appendOne(store, creator.unit({ count: 2 }))
    const record = creator.unit({ needs: 'admin', size: 500, record: { recordPrev: genesis.entries[0].id, roles: [] } })
    await appendOne(store, record)
    const records = await store.readRecords(id, 0, 1e6)
    expect(records).toEqual([
      { seq: 1, envelope: genesis.entries[0].envelope },
      { seq: 4, envelope: record.entries[0].envelope },
    ])
    expect(await store.readRecords(id, 1, 1e6)).toEqual(records.slice(1))
    expect(await store.readRecords(id, 1, 1)).toEqual(records.slice(1))
    expect(await store.readRecords(id, 0, 1)).toEqual(records.slice(0, 1))
  })
}

/** Registers the cases. */
export function ageContract(open: StoreFactory): void {
  it('[LO8] closes a silent session and refuses a first entry that has seen nothing newer', async () => {
    const { store, id, creator } = await withDocument(open, 'shared-key')
    const silent = new Writer(id, creator.seen)
    await appendOne(store, silent.unit())
    const busy = new Writer(id, creator.seen)
    const fill = async (count: number): Promise<AppendResult> => appendOne(store, busy.unit({ count, size: 1 }))
    // The silent session stands at 2: the last head that it may follow is 10 002.
    await fill(10_000)
    const retry = silent.unit()
    expect(await appendOne(store, retry)).toMatchObject({ status: 'stored', seqs: [10_003] })
    await fill(9_999)
    const late = new Writer(id, { seq: 10_002, transcript: (await store.transcriptAt(id, 10_002)) as Bytes })
    expect(await appendOne(store, late.unit())).toMatchObject({ status: 'stored', seqs: [20_003] })
    expect(await appendOne(store, silent.unit())).toMatchObject({ status: 'stored', seqs: [20_004] })
    await fill(10_001)
    expect(await appendOne(store, silent.unit())).toEqual({ status: 'session-closed' })
    expect(await appendOne(store, retry)).toMatchObject({ status: 'stored', seqs: [10_003], fresh: 0 })
    const tooLate = new Writer(id, { seq: 20_004, transcript: (await store.transcriptAt(id, 20_004)) as Bytes })
    expect(await appendOne(store, tooLate.unit())).toEqual({ status: 'seen-too-old' })
    await expectUntouched(store, id, 30_005)
  })
}
