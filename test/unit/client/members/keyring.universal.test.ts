/** How a device comes by the keys of a document, what is void, and what it keeps. */
import { createMemoryKeyStore, joinedMembership, openMembership } from '@y-sealed/client'
import { bytesToBase64url, concatBytes, cryptoReady, packWraps, type Bytes, type Rotation } from '@y-sealed/protocol'
import { createDeviceSeeds, createEpochKey, Device, wrapKey, type EpochKey } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { remove, rotate } from '../../../support/members/intents.ts'
import { createNote, type Note, type Person } from '../../../support/members/note.ts'

await cryptoReady()

function held(person: Person, through: number): (boolean | null)[] {
  return Array.from({ length: through }, (_, index) => person.membership.keyOf(index + 1) !== null)
}

/** A rotation with one of its parts spoilt. */
async function rotateBadly(note: Note, spoil: (rotation: Rotation) => Partial<Rotation>): Promise<void> {
  note.change(note.creator, (_members, tools) => {
    const rotation = tools.createRotation()
    return { type: 'epoch', rotation: { ...rotation, ...spoil(rotation) } }
  })
}

function withWrap(wraps: Rotation['wraps'], device: Bytes, wrap: Bytes): Rotation['wraps'] {
  return packWraps([...wraps].map(([id, each]) => (id.join() === device.join() ? [id, wrap] : [id, each])))
}

describe('epoch keys', () => {
  it('[KM19] come to who is added, and older ones by back links, through any number of rotations', async () => {
    const note = await createNote()
    for (let i = 0; i < 5; i++) note.change(note.creator, rotate())
    const bob = await note.add('reader')
    expect(held(bob, 6)).toEqual([true, true, true, true, true, true])
    for (let i = 0; i < 5; i++) note.change(note.creator, rotate())
    const again = await note.arrive(bob.device)
    expect(held(again, 11)).toEqual(Array(11).fill(true))
    expect(again.membership.missingEpochs).toEqual([])
    expect(again.membership.current?.epoch).toBe(11)
  })

  it('[KM17] do not come to who was removed, tried with every key that they ever had', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    const seen = held(bob, 1)
    note.change(note.creator, remove(bob.device.id))
    note.change(note.creator, rotate())
    expect([seen, held(bob, 3)]).toEqual([[true], [true, false, false]])
    expect(bob.membership.isRemoved).toBe(true)
    expect(bob.membership.current).toBeNull()
    expect(bob.membership.missingEpochs).toEqual([])
  })

  it('[KM6] [K7] another key under the same commitment is void, is missed, and a rewrap repairs it', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    const other = wrapKey(createEpochKey(2), bob.device.boxPublic)
    await rotateBadly(note, ({ wraps }) => ({ wraps: withWrap(wraps, bob.device.id, other) }))
    expect(held(bob, 2)).toEqual([true, false])
    expect(bob.membership.missingEpochs).toEqual([2])
    expect(bob.membership.current).toBeNull()
    expect(note.creator.membership.missingEpochs).toEqual([])
    note.change(note.creator, (_members, tools) => tools.createRewrap(2, [bob.device.id]))
    expect(held(bob, 2)).toEqual([true, true])
    await bob.membership.whenStored()
    expect(bob.membership.current?.epoch).toBe(2)
  })

  it('[KM7] a back link that is void hides history from newcomers until a rewrap brings another', async () => {
    const note = await createNote()
    const writer = await note.add('writer')
    note.append(writer.bind(), writer.type('before'))
    await rotateBadly(note, ({ backLink }) => ({ backLink: backLink.slice().fill(9) }))
    note.append(writer.type('after'))
    const bob = await note.add('reader')
    expect(held(bob, 2)).toEqual([false, true])
    expect(bob.membership.missingEpochs).toEqual([1])
    expect(bob.log.opensMore).toBe(false)
    note.change(note.creator, (_members, tools) => tools.createRewrap(2))
    expect(held(bob, 2)).toEqual([true, true])
    expect(bob.log.opensMore).toBe(true)
    bob.log.restart()
    const outcomes = bob.log.take(note.entries)
    expect(bob.log.opensMore).toBe(false)
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toEqual([])
    expect(bob.log.head).toEqual(note.creator.log.head)
  })

  it('[K6] are taken from records that count, from nobody else', async () => {
    const note = await createNote()
    const bob = await note.add('reader')
    const forged = createEpochKey(2)
    const record = bob.record((_members, tools) => ({
      type: 'epoch',
      rotation: {
        ...tools.createRotation(),
        commitment: forged.commitment,
        wraps: packWraps([[note.creator.device.id, wrapKey(forged, note.creator.device.boxPublic)]]),
      },
    }))
    expect(note.append(record)).toMatchObject({ kind: 'refused', reason: 'record' })
    expect(note.creator.membership.current?.epoch).toBe(1)
    expect(note.creator.membership.keyOf(2)).toBeNull()
  })
})

describe('the key store', () => {
  it('[KM19] [CL11] keeps every key and what must not go back, for the next run', async () => {
    const note = await createNote()
    const keys = createMemoryKeyStore()
    const device = new Device(createDeviceSeeds())
    note.change(note.creator, (_members, tools) => ({
      type: 'add',
      sponsored: false,
      role: 'writer',
      certificate: device.certificate(),
      wrap: tools.wrapFor(device.boxPublic),
      sealedName: tools.sealName('Bob', device.id),
    }))
    note.change(note.creator, rotate())
    const { genesisHash, documentId } = note
    const first = await joinedMembership({ genesisHash, device, keys, records: note.records })
    await first.whenStored()
    const again = await openMembership(documentId, keys, device)
    expect([again.keyOf(1), again.keyOf(2)].map((key) => key?.exportKey())).toEqual(
      [first.keyOf(1), first.keyOf(2)].map((key) => (key as EpochKey).exportKey()),
    )
    expect(again.genesisBody).toBeNull()
    // It takes no less than it had.
    again.takeRecords(note.records.slice(0, 2), 0)
    expect(() => again.checkPin()).toThrow(expect.objectContaining({ code: 'ROLLBACK' }))
    again.takeRecords(note.records, 0)
    again.checkPin()
    const [bob] = again.members.all.slice(1)
    expect(bob && again.nameOf(bob.devices[0]!.name, bob.id)).toBe('Bob')
  })

  it('[CL11] a short list of records changes no pin, however often it is shown', async () => {
    const note = await createNote()
    const keys = createMemoryKeyStore()
    const { genesisHash, documentId } = note
    const { device } = note.creator
    note.change(note.creator, rotate())
    await joinedMembership({ genesisHash, device, keys, records: note.records })
    for (let i = 0; i < 2; i++) {
      const shown = await openMembership(documentId, keys, device)
      shown.takeRecords(note.records.slice(0, 1), 0)
      expect(() => shown.checkPin()).toThrow(expect.objectContaining({ code: 'ROLLBACK' }))
      await shown.whenStored()
    }
  })

  it('[K19] [CL11] a known id with another genesis is a hard stop, and nothing is overwritten', async () => {
    const note = await createNote()
    const keys = createMemoryKeyStore()
    const { device } = note.creator
    await joinedMembership({ genesisHash: note.genesisHash, device, keys, records: note.records })
    const name = `document/${bytesToBase64url(note.documentId)}`
    const before = await keys.get(name)
    // The same 16 bytes on the wire, and another document behind them.
    const other = concatBytes(note.documentId, new Uint8Array(16).fill(7))
    await expect(joinedMembership({ genesisHash: other, device, keys })).rejects.toMatchObject({
      code: 'GENESIS_CONFLICT',
    })
    expect(await keys.get(name)).toEqual(before)
    const stranger = await joinedMembership({ genesisHash: other, device, keys: createMemoryKeyStore() })
    expect(() => stranger.takeRecords(note.records, 0)).toThrow(expect.objectContaining({ code: 'GENESIS_CONFLICT' }))
  })

  it('[CL11] records that end in an epoch before the highest accepted are no records', async () => {
    const note = await createNote()
    const keys = createMemoryKeyStore()
    const { genesisHash, documentId, records } = note
    const { device } = note.creator
    await joinedMembership({ genesisHash, device, keys, records })
    const name = `pin/${bytesToBase64url(documentId)}`
    const pin = (await keys.get(name)) as Bytes
    pin[pin.length - 1] = 2
    await keys.set(name, pin)
    const again = await openMembership(documentId, keys, device)
    again.takeRecords(records, 0)
    expect(() => again.checkPin()).toThrow(expect.objectContaining({ code: 'ROLLBACK' }))
  })

  it('[KM19] a stored key that is damaged is found by its commitment, and given again by the records', async () => {
    const note = await createNote()
    const keys = createMemoryKeyStore()
    const { genesisHash, documentId, records } = note
    const { device, membership } = note.creator
    const bob = await note.add('writer')
    await joinedMembership({ genesisHash, device, keys, records })
    const name = `document/${bytesToBase64url(documentId)}`
    const stored = (await keys.get(name)) as Bytes
    stored[stored.length - 1] = (stored[stored.length - 1] as number) ^ 1
    await keys.set(name, stored)
    const again = await openMembership(documentId, keys, device)
    expect(again.keyOf(1)?.exportKey()).not.toEqual(membership.keyOf(1)?.exportKey())
    again.takeRecords(note.records, 0)
    await Promise.all([again.whenStored(), bob.membership.whenStored()])
    expect(again.current?.exportKey()).toEqual(bob.membership.current?.exportKey())
  })

  it('[KM19] two tabs do not store over each other what only one of them has come to', async () => {
    const note = await createNote()
    const keys = createMemoryKeyStore()
    const { genesisHash, documentId } = note
    const bob = await note.add('writer')
    const { device } = bob
    const [one, other] = await Promise.all([1, 2].map(() => joinedMembership({ genesisHash, device, keys })))
    note.change(note.creator, rotate())
    one?.takeRecords(note.records, 0)
    await one?.whenStored()
    other?.takeRecords(note.records.slice(0, 2), 0)
    await other?.whenStored()
    const next = await openMembership(documentId, keys, device)
    expect([next.keyOf(1), next.keyOf(2)].map((key) => key !== null)).toEqual([true, true])
  })

  it('[KM12] a link finds the key that is sealed to it, and may seal nothing with it', async () => {
    const note = await createNote()
    const link = new Device(createDeviceSeeds())
    note.change(note.creator, (_members, tools) => ({
      type: 'link',
      certificate: link.certificate(),
      role: 'writer',
      expiresAt: 0,
      uses: 0,
      wrap: tools.wrapFor(link.boxPublic),
      sealedName: new Uint8Array(0),
    }))
    note.change(note.creator, rotate())
    const { membership } = await note.arrive(link)
    expect([membership.epochKey?.epoch, membership.role, membership.isRemoved]).toEqual([2, 'none', false])
    expect(membership.current).toBeNull()
  })

  it('[KM4] opens what was stored while a document had one key', async () => {
    const note = await createNote()
    const { membership, device } = note.creator
    const keys = createMemoryKeyStore()
    const key = membership.keyOf(1) as EpochKey
    const name = `document/${bytesToBase64url(note.documentId)}`
    await keys.set(name, concatBytes(key.exportKey(), membership.genesisBody as Bytes))
    const opened = await openMembership(note.documentId, keys, device)
    expect(opened.keyOf(1)?.exportKey()).toEqual(key.exportKey())
    expect(opened.genesisBody).toEqual(membership.genesisBody)
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['a byte', new Uint8Array(1)],
    ['bytes of something else', new Uint8Array(300).fill(2)],
  ])('[KM4] says so when it holds %s', async (_what, bytes) => {
    const { documentId, creator } = await createNote()
    const keys = createMemoryKeyStore()
    await keys.set(`document/${bytesToBase64url(documentId)}`, bytes)
    await expect(openMembership(documentId, keys, creator.device)).rejects.toMatchObject({ code: 'KEY_STORE_DAMAGED' })
  })

  it('[KM4] says so when it holds another document, and when it holds none', async () => {
    const [one, other] = [await createNote(), await createNote()]
    const keys = createMemoryKeyStore()
    await expect(openMembership(one.documentId, keys, one.creator.device)).rejects.toMatchObject({ code: 'NO_KEY' })
    await joinedMembership({ genesisHash: other.genesisHash, device: other.creator.device, keys })
    const stored = (await keys.get(`document/${bytesToBase64url(other.documentId)}`)) as Bytes
    await keys.set(`document/${bytesToBase64url(one.documentId)}`, stored)
    await expect(openMembership(one.documentId, keys, one.creator.device)).rejects.toMatchObject({
      code: 'KEY_STORE_DAMAGED',
    })
  })
})
