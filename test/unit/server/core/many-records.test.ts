/** A document whose records have grown: who opens it gets them as they take them, and nobody else waits for that. */
import { cryptoReady, packWraps, readWholeEnvelope, sodiumSha512, type Envelope } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { DocumentMembers } from '../../../../server/core/document-members.ts'
import type { CorePeer } from '../../../support/core-world.ts'
import { roleFields } from '../../../support/members/test-member-log.ts'
import { MemberWorld, namesOf } from '../../../support/members/member-world.ts'

await cryptoReady()

const RECORDS = 40
const limits = { liveQueueBytes: 4_000, pageBytes: 2_000, subjectBytesPerDay: 1e9 }

function rewrap({ document }: MemberWorld): Envelope {
  const wraps = packWraps([[document.creator.id, new Uint8Array(80)]])
  return document.make(document.creator, { type: 'rewrap', epoch: 1, backLink: null, wraps })
}

/** A document with so many records that they are told in pieces, and a reader who has just begun to open it. */
async function createScene() {
  const world = await MemberWorld.start({ limits })
  const rita = await world.member('reader')
  for (let i = 0; i < RECORDS; i++) await world.must(rewrap(world))
  const bob = await world.world.peer(world.document.id, undefined, rita)
  bob.bufferedBytes = 4_001
  await bob.open(world.document.id)
  /** The seqs of all records told since they were last asked for. */
  const told = (peer: CorePeer = bob): number[] =>
    peer.all('records').flatMap(({ records }) => records.map(({ seq }) => seq))
  return { world, rita, bob, told, head: await world.headSeq() }
}

const isWhole = (peer: CorePeer): boolean => peer.all('records').some(({ more }) => !more)

describe('[FR5] [H5] records too many to wait for one peer', () => {
  it('follow as it takes them, each once, before the answer to any READ', async () => {
    const { world, bob, told, head } = await createScene()
    expect(bob.all('opened')).toMatchObject([{ through: 0 }])
    const first = told()
    expect(first.length).toBeLessThan(RECORDS / 2)
    await bob.say({ type: 'read', document: world.document.id, after: 0, maxBytes: 1_000_000 })
    await world.world.pass(1_000)
    expect(told()).toEqual(first)
    bob.bufferedBytes = 0
    await world.world.pass(2_000, 20)
    expect(told()).toEqual(Array.from({ length: head }, (_, i) => i + 1))
    // The head is told whenever the document is quiet. [FR11]
    expect(bob.frames.map(({ type }) => type).filter((type) => type !== 'head')).toEqual([
      'opened',
      ...bob.all('records').map(() => 'records'),
      'entries',
      'read-done',
    ])
    expect(bob.all('records').findIndex(({ more }) => !more)).toBe(bob.all('records').length - 1)
    bob.take()
    await world.must(rewrap(world))
    expect(bob.seqs).toEqual([head + 1])
  })

  it('leave what comes in meanwhile to be read', async () => {
    const { world, bob, head } = await createScene()
    await world.must(rewrap(world))
    bob.bufferedBytes = 0
    await world.world.pass(2_000, 20)
    expect(isWhole(bob)).toBe(true)
    expect(bob.seqs).toEqual([])
    expect(
      namesOf(bob.frames)
        .filter((name) => name !== 'head')
        .at(-1),
    ).toBe('lagged')
    await bob.say({ type: 'read', document: world.document.id, after: head, maxBytes: 1_000_000 })
    await world.must(rewrap(world))
    expect(bob.seqs).toEqual([head + 1, head + 2])
  })

  it('end with whoever is removed, or goes', async () => {
    const { world, rita, bob, told } = await createScene()
    const before = told()
    await world.must(world.document.remove([rita]))
    bob.bufferedBytes = 0
    await world.world.pass(1_000, 20)
    expect(told()).toEqual(before)
    expect(namesOf(bob.frames).at(-1)).toBe('closed 40300')
  })
})

describe('[KM16] [H9] a relay that takes up the members', () => {
  it('leaves everybody else their turn in between, and tells all who ask the same', async () => {
    const world = await MemberWorld.start({ limits })
    const bob = await world.member('writer')
    for (let i = 0; i < 200; i++) {
      await world.must(
        world.document.make(world.document.creator, roleFields(bob.id, i % 2 === 0 ? 'admin' : 'writer')),
      )
    }
    const { store, clock } = world.world
    const members = new DocumentMembers({ store, clock, sha512: sodiumSha512 }, world.document.id)
    const genesis = readWholeEnvelope(world.document.log.genesis.bytes) as Envelope
    expect(genesis.device).toEqual(world.document.creator.id)
    const asked = Array.from({ length: 3 }, () => members.current(world.document.log.hash))
    let isDone = false
    void Promise.all(asked).then(() => (isDone = true))
    for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve))
    expect(isDone).toBe(false)
    const late = members.current(world.document.log.hash)
    await world.world.pass(100, 1)
    const logs = await Promise.all([...asked, late])
    expect(new Set(logs).size).toBe(1)
    expect(logs[0]?.recordSeq).toBe(202)
    expect(logs[0]?.members.memberOf(bob.id)?.role).toBe('writer')
  })
})
