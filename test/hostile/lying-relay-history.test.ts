/**
 * A relay that rolls back, forks, or puts another document or head key in place. Whoever has seen more stops, and keeps what is theirs.
 */
import {
  CLIENT_FRAME,
  encodeEntries,
  encodeRecord,
  encodeRelayFrame,
  headInput,
  headKeyInput,
  KIND,
  REFUSALS,
  decodeRelayFrame,
  type Bytes,
  type HeadKeyStatement,
  type RelayFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import { createMemoryDocumentStore, verifyForkProof } from '@y-sealed/client'
import { createEpochKey, Session, wrapKey, type Device } from '@y-sealed/protocol/sealing'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'

import { runRelayCommand } from '../support/command-line.ts'

import { showEntries, startLyingRelay, turnBit, type LyingRelay, type Trick } from '../support/lying-relay.ts'
import { createTestDevice } from '../support/raw-client.ts'
import {
  copyOf,
  createScene,
  expectSound,
  halted,
  haltOf,
  setStage,
  startHonestRelay,
  watch,
  whenHealed,
  whenSigned,
  type HonestRelay,
  type Stage,
  type Witness,
} from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

async function write(person: Witness, line: string): Promise<void> {
  person.peer.text.insert(person.text.length, line)
  await person.peer.provider.whenSaved()
}

/** Alice has written a line by the lying relay. */
async function writeOnce(): Promise<{ stage: Stage; alice: Witness }> {
  const stage = await setStage()
  const alice = await stage.watch()
  await alice.peer.provider.whenSynced()
  await write(alice, 'first ')
  return { stage, alice }
}

/** The same, of which the folder `old` is a copy; then she has written on. */
async function writeAndCopy(): Promise<{ stage: Stage; alice: Witness; old: string }> {
  const { stage, alice } = await writeOnce()
  const old = await copyOf(stage.honest, [stage.lying])
  stage.lying.stand(await startHonestRelay([stage.lying], stage.honest.data))
  await write(alice, 'second ')
  return { stage, alice, old }
}

/** How many PUSHes have come from clients. */
function pushesOf({ lying }: Stage): number {
  return lying.captured.filter(({ place, bytes }) => place === 'from-client' && bytes[0] === CLIENT_FRAME.push).length
}

/** Codes with which the relay behind has refused something. */
function pushesRefusedOf({ captured }: LyingRelay): number[] {
  return captured.flatMap(({ place, bytes }) => {
    const frame = place === 'from-relay' ? decodeRelayFrame(bytes) : null
    return frame?.ok && frame.value.type === 'nack' ? [frame.value.code] : []
  })
}

describe('a relay that rolls back', () => {
  it('T5 [K9] [LO6] [CL30] to an older database is told of, and given back what it had signed', async () => {
    const { stage, alice, old } = await writeAndCopy()
    await whenSigned(alice)
    const { head } = alice.peer.provider
    stage.lying.stand(await startHonestRelay([stage.lying], old))
    await whenHealed(alice)
    expect(alice.reports.map(({ code }) => code)).toEqual(['ROLLBACK', 'RESTORED'])
    expect([alice.text, alice.peer.provider.head]).toEqual(['first second ', head])
  })

  it('T5 [K9] [LO6] [CL30] to an older database, and takes nothing back: nothing of it is taken, nothing leaves, and it is asked again', async () => {
    const { stage, alice, old } = await writeAndCopy()
    await whenSigned(alice)
    stage.lying.stand(await startHonestRelay([stage.lying], old))
    stage.lying.toRelay = (frame) => (frame?.type === 'show-head' || frame?.type === 'restore' ? [] : undefined)
    await vi.waitFor(() => expect(alice.reports.map(({ code }) => code)).toEqual(['ROLLBACK']), 10_000)
    alice.peer.text.insert(0, 'kept ')
    const before = pushesOf(stage)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect([alice.text, alice.peer.provider.unsyncedChanges]).toEqual(['kept first second ', 1])
    expect([pushesOf(stage), alice.peer.provider.synced]).toEqual([before, false])
  })

  it('T5 [K9] [LO6] [CL13] to an older database is given back by a device that had seen more before it was started again', async () => {
    const stage = await setStage()
    const store = createMemoryDocumentStore()
    const alice = await stage.watch({ provider: { store } })
    await alice.peer.provider.whenSynced()
    await write(alice, 'first ')
    const old = await copyOf(stage.honest, [stage.lying])
    stage.lying.stand(await startHonestRelay([stage.lying], stage.honest.data))
    await write(alice, 'second ')
    // A head is signed when the document is opened: by then the device has seen both.
    const later = await stage.watch({ provider: { store } })
    await later.peer.provider.whenSynced()
    later.peer.close()
    alice.peer.close()

    stage.lying.stand(await startHonestRelay([stage.lying], old))
    const restarted = await stage.watch({ provider: { store } })
    await whenHealed(restarted)
    expect(restarted.text).toBe('first second ')
    const stranger = await stage.watch()
    await stranger.peer.provider.whenSynced()
    expect(stranger.text).toBe('first second ')
  })

  it('T5 [K9] [LO6] loses none of the edits that were on their way', async () => {
    const { stage, alice, old } = await writeAndCopy()
    stage.lying.toRelay = (frame) => (frame?.type === 'push' ? [] : undefined)
    alice.peer.text.insert(0, 'under way ')
    await vi.waitFor(() => expect(alice.peer.provider.unsyncedChanges).toBe(1))
    await whenSigned(alice)
    stage.lying.stand(await startHonestRelay([stage.lying], old))
    await whenHealed(alice)
    expect([alice.text, alice.peer.provider.unsyncedChanges]).toEqual(['under way first second ', 1])
    stage.lying.repent()
    stage.lying.cut()
    await alice.peer.provider.whenSaved()
    const stranger = await stage.watch()
    await stranger.peer.provider.whenSynced()
    expect(stranger.text).toBe('under way first second ')
  })

  it('T5 [K9] [LO6] [CL30] to before the document was made is refused as well', { timeout: 90_000 }, async () => {
    const { stage, alice } = await writeOnce()
    stage.lying.toClient = (frame) => {
      if (frame?.type !== 'opened') return undefined
      const head = { seq: 0, transcript: new Uint8Array(32), signature: new Uint8Array(64) }
      return [encodeRelayFrame({ ...frame, present: false, head, through: 0 })]
    }
    stage.lying.cut()
    expect(await haltOf(alice)).toEqual(halted('ROLLBACK', 'first '))
    // Nobody has signed that: once it shows again what it has signed, all goes on.
    stage.lying.repent()
    await vi.waitFor(() => expect(alice.peer.provider.synced).toBe(true), { timeout: 60_000 })
    await alice.peer.provider.whenSaved()
    expect([alice.text, alice.peer.provider.syncStatus.kind]).toEqual(['first kept', 'saved'])
  })

  it('T5 [LO4] a head that the relay has not signed is none', async () => {
    const { stage, alice } = await writeOnce()
    stage.lying.toClient = (frame) => {
      if (frame?.type !== 'opened') return undefined
      return [encodeRelayFrame({ ...frame, head: { ...frame.head, seq: frame.head.seq + 1 } })]
    }
    stage.lying.cut()
    expect(await haltOf(alice)).toEqual(halted('BAD_HEAD', 'first '))
  })
})

/** The proof that they were given holds, and is about this relay; `y-sealed-relay audit` says so too. */
async function expectProof({ reports, peer }: Witness, { upstream }: LyingRelay): Promise<void> {
  await vi.waitFor(() => expect(reports.at(-1)?.code).toBe('FORK_PROVEN'))
  const proof = reports.at(-1)?.proof as Bytes
  const verdict = verifyForkProof(proof)
  expect(verdict).toMatchObject({ ok: true, proof: { headKey: peer.connection.headKey } })
  expect(verifyForkProof(turnBit(proof, -1)).ok).toBe(false)
  const folder = makeTemporaryFolder()
  writeFileSync(join(folder, 'proof'), proof)
  const { data } = upstream as HonestRelay
  const audit = await runRelayCommand(['audit', '--proof', join(folder, 'proof'), '--data', data])
  expect([audit.exitCode, audit.stderr]).toEqual([0, ''])
  expect(audit.stdout).toMatch(
    /^Holds: the relay whose head key is [\w-]{43} has signed two histories of document [\w-]{22}, which part at or before seq \d+\.\nThat is the relay of this folder\.\n$/,
  )
  writeFileSync(join(folder, 'forged'), turnBit(proof, 200))
  const forged = await runRelayCommand(['audit', '--proof', join(folder, 'forged'), '--data', data])
  expect([forged.exitCode, forged.stdout]).toEqual([1, expect.stringContaining('Proves nothing: ')])
}

interface Fork {
  readonly lying: readonly [LyingRelay, LyingRelay]
  readonly alice: Witness
  readonly bob: Witness
}

/** Alice and Bob have the same two entries and one line; from here on each has a relay of their own, with one head key. */
async function fork(): Promise<Fork> {
  const scene = await createScene()
  const [one, two] = [await startLyingRelay(), await startLyingRelay()]
  const trunk = await startHonestRelay([one, two])
  for (const lying of [one, two]) lying.stand(trunk)
  const alice = await watch({ relay: one, access: scene.access() })
  await alice.peer.provider.whenSynced()
  await write(alice, 'common ')
  const bob = await watch({ relay: two, access: scene.access() })
  await bob.peer.provider.whenSynced()
  const copy = await copyOf(trunk, [one, two])
  one.stand(await startHonestRelay([one, two], trunk.data))
  two.stand(await startHonestRelay([one, two], copy))
  return { lying: [one, two], alice, bob }
}

/** Alice's presence, with the newest head that her relay has signed, as it left her. */
async function presenceOf({ lying: [one], alice }: Fork): Promise<Bytes> {
  one.cut()
  alice.peer.provider.awareness.setLocalState({ user: 'alice' })
  const isPresence = ({ place, bytes }: LyingRelay['captured'][number]): boolean =>
    place === 'from-client' && bytes[0] === CLIENT_FRAME.awareness
  const before = one.captured.filter(isPresence).length
  await vi.waitFor(() => expect(one.captured.filter(isPresence).length).toBeGreaterThan(before), { timeout: 10_000 })
  return one.captured.filter(isPresence).at(-1)?.bytes as Bytes
}

describe('a relay that shows two histories', () => {
  it('T6 [K10] [LO6] is found out when it lets one meet the other branch', async () => {
    const { lying, alice, bob } = await fork()
    await write(alice, 'hers')
    await write(bob, 'his')
    await whenSigned(alice, bob)
    const [one, two] = lying
    one.stand(two.upstream)
    expect(await haltOf(alice)).toEqual(halted('FORK', 'common hers'))
    expect(bob.text).toBe('common his')
    await expectProof(alice, one)
    // It was shown its own signature on hers: it takes nothing more until somebody decides.
    bob.peer.text.insert(0, 'and ')
    await vi.waitFor(() => expect(pushesRefusedOf(two)).toContain(REFUSALS.NEEDS_RESTORE.number))
    expect(bob.peer.provider.unsyncedChanges).toBe(1)
  })

  it('T6 [K10] [LO6] [CL30] has signed nothing of a branch: it is told of, and what was written there is written anew', async () => {
    const { lying, alice, bob } = await fork()
    const [one, two] = lying
    one.toClient = (frame) => (frame?.type === 'head' ? [] : undefined)
    await write(alice, 'hers ')
    await write(bob, 'his ')
    one.stand(two.upstream)
    await whenHealed(alice)
    await vi.waitFor(() => expect(bob.text.length).toBe('common hers his '.length))
    expect(bob.text).toBe(alice.text)
    expect([bob.text.includes('hers '), bob.text.includes('his ')]).toEqual([true, true])
  })

  it('T6 [K10] [LO4] [CL7] is found out by one head that crosses with presence', async () => {
    const branches = await fork()
    await write(branches.alice, 'hers')
    await write(branches.bob, 'his')
    const presence = await presenceOf(branches)
    await whenSigned(branches.bob)
    branches.lying[1].links.at(-1)?.toClient(presence)
    expect(await haltOf(branches.bob)).toEqual(halted('FORK', 'common his'))
    await expectProof(branches.bob, branches.lying[1])
  })

  it('T6 [K10] [LO4] a head from beyond is remembered until its place is reached', async () => {
    const branches = await fork()
    for (const line of ['hers ', 'and ', 'more ']) await write(branches.alice, line)
    await write(branches.bob, 'his ')
    const presence = await presenceOf(branches)
    const { bob } = branches
    // One that knows what it is doing passes no signature of its own on.
    branches.lying[1].toRelay = (frame) => (frame?.type === 'show-head' ? [] : undefined)
    branches.lying[1].links.at(-1)?.toClient(presence)
    await vi.waitFor(() => expect(bob.reports.map((report) => report.code)).toEqual(['WITHHELD']))
    bob.peer.text.insert(0, 'on ')
    await bob.peer.provider.whenSaved()
    bob.peer.text.insert(0, 'and ')
    expect(await haltOf(bob)).toEqual(halted('FORK', 'and on common his '))
  })
})

describe('a relay that puts something else in place', () => {
  it('T7 [K19] [KM3] another genesis is not this document', async () => {
    const { stage } = await writeOnce()
    const other = await createScene()
    const impostor = createTestDevice()
    const genesis = new Session(stage.document.id, impostor).sealEntry(
      KIND.record,
      other.document.body,
      other.document.key,
      other.document.start,
    )
    stage.lying.toClient = showEntries(({ seq, envelope }) => [
      { seq, envelope: seq === 1 ? genesis.envelope.bytes : envelope },
    ])
    const bob = await stage.watch()
    expect(await haltOf(bob)).toEqual(halted('LOG_INVALID', ''))
  })

  it('T7 [KM3] one bit of the genesis is enough', async () => {
    const { stage } = await writeOnce()
    stage.lying.toClient = showEntries(({ seq, envelope }) => [
      { seq, envelope: seq === 1 ? turnBit(envelope, -80) : envelope },
    ])
    const bob = await stage.watch()
    expect(await haltOf(bob)).toEqual(halted('LOG_INVALID', ''))
  })

  it('T7 [K5] [K6] a member or a key that the relay adds by itself counts for nothing', async () => {
    const { stage, alice } = await writeOnce()
    const [planted, key] = [createTestDevice(), createEpochKey(1)]
    const body = encodeRecord({
      type: 'add',
      recordPrev: new Uint8Array(32),
      sponsored: false,
      role: 'admin',
      certificate: planted.certificate(),
      wrap: wrapKey(key, planted.boxPublic),
      sealedName: new Uint8Array(0),
    })
    const { seq, transcript } = alice.peer.provider.head
    const record = new Session(stage.document.id, planted).sealEntry(KIND.record, body, key, { seq, transcript })
    stage.lying.links.at(-1)?.toClient(encodeEntries(seq + 1, [record.envelope.bytes]))
    await vi.waitFor(() => expect(alice.reports).toHaveLength(1))
    expect(alice.reports[0]).toMatchObject({
      code: 'ENTRY_REFUSED',
      reason: 'record',
      record: 'malformed',
      seq: seq + 1,
    })
    // It has signed for none of that: the log goes back to where it has.
    stage.lying.cut()
    await whenHealed(alice)
    expect(alice.text).toBe('first ')
  })
})

/** Signs the relay's heads anew under another key. */
function underKey(document: Bytes, device: Device, headKeyStatements: readonly HeadKeyStatement[]): Trick<RelayFrame> {
  const sign = ({ seq, transcript }: SignedHead): SignedHead => {
    return { seq, transcript, signature: device.sign(headInput(document, seq, transcript)) }
  }
  return (frame) => {
    if (frame?.type === 'welcome') {
      return [encodeRelayFrame({ ...frame, headKey: device.signPublic, headKeyStatements })]
    }
    if ((frame?.type === 'opened' && frame.present) || frame?.type === 'head') {
      return [encodeRelayFrame({ ...frame, head: sign(frame.head) })]
    }
    return undefined
  }
}

/** `by`'s word that `to` follows `from`. */
function statement(from: Device, to: Device, by: Device = from): HeadKeyStatement {
  const signature = by.sign(headKeyInput(from.signPublic, to.signPublic))
  return { oldKey: from.signPublic, newKey: to.signPublic, signature }
}

describe('a relay that changes its head key', () => {
  it.each([
    ['without a word', () => []],
    ["with its own word in place of the old key's", (old: Device, key: Device) => [statement(old, key, key)]],
    ["with another key's word", (_: Device, key: Device) => [statement(createTestDevice(), key)]],
    ['with the word that led to the old key', (old: Device, key: Device) => [statement(key, old)]],
  ])('T8 [LO5] is left: %s', async (_, statementsOf) => {
    const stage = await setStage()
    const [old, key] = [createTestDevice(), createTestDevice()]
    stage.lying.toClient = underKey(stage.document.id, old, [])
    const alice = await stage.watch()
    await alice.peer.provider.whenSynced()
    await write(alice, 'first ')
    stage.lying.toClient = underKey(stage.document.id, key, statementsOf(old, key))
    stage.lying.cut()
    await vi.waitFor(() => expect(alice.closings.map((reason) => reason.code)).toEqual(['HEAD_KEY_CHANGED']))
    alice.peer.text.insert(0, 'kept ')
    expect(alice.text).toBe('kept first ')
    expect(alice.peer.provider.unsyncedChanges).toBe(1)
    expectSound(alice)
  })

  it("T8 [LO5] is followed by the old key's word, through a key between", async () => {
    const stage = await setStage()
    const [old, between, key] = [createTestDevice(), createTestDevice(), createTestDevice()]
    stage.lying.toClient = underKey(stage.document.id, old, [])
    const alice = await stage.watch()
    await alice.peer.provider.whenSynced()
    await write(alice, 'first ')
    stage.lying.toClient = underKey(stage.document.id, key, [statement(old, between), statement(between, key)])
    stage.lying.cut()
    await write(alice, 'second ')
    expect(alice.closings).toEqual([])
    expect(alice.peer.connection.headKey).toEqual(key.signPublic)
  })
})
