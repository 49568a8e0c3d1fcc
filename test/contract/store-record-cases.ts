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
