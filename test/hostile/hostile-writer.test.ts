/**
 * Somebody who holds the room's key and obeys no rule, at an honest relay. Everybody refuses the same, and goes on.
 */
import { AUTHENTICATION_WINDOW, KIND, readWholeEnvelope, type Bytes, type Envelope } from '@y-sealed/protocol'
import { describe, expect, it, vi } from 'vitest'
import * as Y from 'yjs'

import { turnBit } from '../support/lying-relay.ts'
import { expectSound, setStage, type Intruder, type Stage, type Witness } from '../support/stage.ts'

interface Scene {
  readonly stage: Stage
  readonly alice: Witness
  readonly bob: Witness
  readonly mallory: Intruder
}

/** Alice has written a line that Bob reads; Mallory is in. */
async function begin(): Promise<Scene> {
  const stage = await setStage()
  const alice = await stage.watchHonestly()
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'line ')
  await alice.peer.provider.whenSaved()
  const bob = await stage.watchHonestly()
  await bob.peer.provider.whenSynced()
  return { stage, alice, bob, mallory: await stage.intrude() }
}

async function push({ client }: Intruder, ...envelopes: Envelope[]): Promise<void> {
  client.send({ type: 'push', envelopes })
  await client.nextOf('ack')
}

/** Both show `text`, were told `reasons`, and can still write to each other. */
async function expectUnharmed({ alice, bob }: Scene, text: string, reasons: readonly string[]): Promise<void> {
  for (const person of [alice, bob]) {
    await vi.waitFor(() => expect(person.reports.map(({ reason, code }) => reason ?? code)).toEqual(reasons))
    expect(person.text).toBe(text)
    expect(person.closings).toEqual([])
  }
  alice.peer.text.insert(alice.text.length, 'and on')
  await vi.waitFor(() => expect(bob.text).toBe(`${text}and on`))
  expect(bob.peer.doc.store.pendingStructs).toBeNull()
  expectSound(alice, bob)
}

/** An update under any client id. */
function updateUnder(client: number, text = 'forged'): Bytes {
  const doc = new Y.Doc()
  doc.clientID = client
  doc.getText('note').insert(0, text)
  return Y.encodeStateAsUpdateV2(doc) as Bytes
}

function spoilt(envelope: Envelope): Envelope {
  return readWholeEnvelope(turnBit(envelope.bytes, -1)) as Envelope
}

describe('a writer who poisons', () => {
  /** Deletes clocks of Alice's that she has yet to write. */
  function futureDelete(victim: number): Bytes {
    const doc = new Y.Doc()
    doc.clientID = victim
    doc.getText('note').insert(0, 'x'.repeat(1_000))
    doc.getText('note').delete(0, 1_000)
    const before = Y.encodeStateVectorFromUpdateV2(Y.encodeStateAsUpdateV2(doc))
    return Y.encodeStateAsUpdateV2(doc, before) as Bytes
  }

  it.each([
    ['deletes what Alice has yet to write', futureDelete, 'delete-range'],
    ['writes under a client id that nobody has bound', () => updateUnder(99), 'unbound'],
    ['sends what is no update', () => new Uint8Array([1, 2, 3]), 'undecodable'],
  ])('T10 [K18] [CL3] %s: everybody refuses it, and nothing waits inside Yjs', async (_, poison, reason) => {
    const scene = await begin()
    const { mallory, alice } = scene
    await push(mallory, mallory.writer.bind(77).envelope)
    await push(mallory, mallory.writer.update(poison(alice.peer.doc.clientID)).envelope)
    await expectUnharmed(scene, 'line ', [reason])
    expect(alice.reports[0]).toMatchObject({ code: 'ENTRY_REFUSED', fatal: false })
  })

  it('T10 [CL1] what is well-formed by the same writer still counts', async () => {
    const scene = await begin()
    const { mallory } = scene
    await push(mallory, mallory.writer.bind(77).envelope)
    await push(mallory, mallory.writer.update(new Uint8Array([9])).envelope)
    await push(mallory, mallory.writer.update(updateUnder(77, 'hers')).envelope)
    await vi.waitFor(() => expect(scene.bob.text).toContain('hers'))
    await vi.waitFor(() => expect(scene.alice.text).toBe(scene.bob.text))
    expect(scene.alice.reports).toEqual(scene.bob.reports)
  })
})

describe("a writer who takes another's client id", () => {
  it('T11 [CL2] binds it after its owner: the bind does not count, and neither does what follows', async () => {
    const scene = await begin()
    const { mallory, alice } = scene
    expect(mallory.client.device.id).not.toEqual(alice.peer.device.id)
    const { clientID } = alice.peer.doc
    await push(mallory, mallory.writer.bind(clientID).envelope)
    await push(mallory, mallory.writer.update(updateUnder(clientID)).envelope)
    await expectUnharmed(scene, 'line ', ['taken', 'unbound'])
  })

  it('T11 [CL2] [CL3] writes under it without a bind: refused', async () => {
    const scene = await begin()
    const { mallory, alice } = scene
    expect(mallory.client.device.id).not.toEqual(alice.peer.device.id)
    await push(mallory, mallory.writer.bind(77).envelope)
    await push(
      mallory,
      mallory.writer.update(updateUnder(alice.peer.doc.clientID, 'a much longer line than hers')).envelope,
    )
    await expectUnharmed(scene, 'line ', ['unbound'])
  })
})

describe('a writer who signs nothing', () => {
  it('T12 [EN13] stalls readers for no more than 256 entries, and is reported while it lasts and when it ends', async () => {
    const scene = await begin()
    const { mallory, alice, bob, stage } = scene
    await push(mallory, mallory.writer.bind(77).envelope)
    await push(mallory, spoilt(mallory.writer.update(updateUnder(77)).envelope))
    await vi.waitFor(() => expect(bob.reports).toMatchObject([{ code: 'WAITING', seq: 5, fatal: false }]))
    alice.peer.text.insert(5, 'held ')
    expect(alice.peer.provider.unsyncedChanges).toBe(1)
    await vi.waitFor(() => expect(bob.peer.provider.head.seq).toBe(6))
    expect(bob.text).toBe('line ')

    const other = await stage.intrude()
    await push(other, other.writer.bind(78).envelope)
    for (let sent = 0; sent < AUTHENTICATION_WINDOW; sent += 64) {
      await push(other, ...Array.from({ length: 64 }, () => other.writer.update(new Uint8Array([9])).envelope))
    }
    await vi.waitFor(() => expect(bob.text).toBe('line held '))
    await alice.peer.provider.whenSaved()
    // The wait is over, and what was waited for does not count: that stays told.
    expect(bob.reports.slice(1, 3)).toMatchObject([
      { code: 'RESTORED', since: 5 },
      { code: 'ENTRY_REFUSED', reason: 'unsigned', seq: 5 },
    ])
    expect(bob.reports.filter(({ code }) => code === 'RESTORED')).toHaveLength(1)
    expect(bob.peer.provider.syncStatus.kind).toBe('tampered')

    const carol = await stage.watchHonestly()
    await carol.peer.provider.whenSynced()
    expect(carol.text).toBe('line held ')
    const refused = ({ reports }: Witness): unknown[] => reports.filter(({ code }) => code === 'ENTRY_REFUSED')
    expect(refused(carol)).toEqual(refused(bob))
    expect(carol.reports.filter(({ code }) => !['WAITING', 'RESTORED', 'ENTRY_REFUSED'].includes(code))).toEqual([])
  })

  it('T12 [KM15] [EN13] an unsigned introduction opens no session', async () => {
    const scene = await begin()
    const { mallory } = scene
    const introduction = spoilt(mallory.writer.bind(77).envelope)
    expect(introduction.kind).toBe(KIND.bind)
    await push(mallory, introduction)
    await push(mallory, mallory.writer.update(updateUnder(77)).envelope)
    await expectUnharmed(scene, 'line ', ['unsigned', 'role'])
  })
})

describe('a device that says two things', () => {
  it('T21 [F12] [LO7] signs two entries for one counter: the second is refused, and nobody sees it', async () => {
    const scene = await begin()
    const { mallory, stage } = scene
    await push(mallory, mallory.writer.bind(77).envelope)
    const one = mallory.writer.update(updateUnder(77, 'one '))
    await push(mallory, one.envelope)
    const other = one.envelope.bytes.slice()
    other.set(turnBit(one.envelope.bytes, 130))
    mallory.client.send({ type: 'push', envelopes: [readWholeEnvelope(other) as Envelope] })
    expect(await mallory.client.nextOf('nack')).toMatchObject({ code: 40901, counter: 2, detail: 2 })
    const carol = await stage.watchHonestly()
    await carol.peer.provider.whenSynced()
    await vi.waitFor(() => expect(scene.alice.text).toBe(carol.text))
    expect(carol.text).toContain('one ')
    expect(carol.peer.provider.head.seq).toBe(5)
    expect(carol.reports).toEqual([])
  })
})
