import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  sharedKeyDocument,
  type SealedDocuments,
} from '@y-sealed/client'
import type { Bytes } from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { describe, expect, inject, it, onTestFinished } from 'vitest'

import { Installation } from '../../client/documents/installation.ts'
import { commitReveal, createReveal, pairingRoomKey } from '../../client/pairing/handshake.ts'
import { PairingRoom } from '../../client/pairing/pairing-room.ts'
import { createPerson, documentsOptions } from '../support/person.ts'

const relay = inject('relay')
const disturbed = { code: 'PAIRING_DISTURBED' }

async function createDevice(name: string): Promise<SealedDocuments> {
  return (await createPerson({ relay, name, personal: true, keys: createMemoryKeyStore() })).documents
}

/** Somebody who knows the code, the relay perhaps, and keeps to no order. */
async function sneakIn(code: string): Promise<PairingRoom> {
  const installation = await Installation.load(await documentsOptions({ relay, name: '' }))
  const room = new PairingRoom(installation, code, 60_000)
  onTestFinished(() => {
    room.leave()
    installation.close()
  })
  return room
}

const createStranger = (): Device => new Device(createDeviceSeeds())

describe('somebody who knows the code of a pairing', () => {
  it('[KM22] and shows other keys than were committed to is found out by the old device', async () => {
    const phone = await createDevice('phone')
    const offer = await phone.pairDevice({ by: 'code' })
    const room = await sneakIn(offer.text)
    room.put('commitment', commitReveal(createReveal(createStranger())))
    await room.take('old')
    room.put('new', createReveal(createStranger()))
    await expect(offer.request).rejects.toMatchObject(disturbed)
  })

  it('[KM22] and shows keys that their device did not sign is found out by the old device', async () => {
    const phone = await createDevice('phone')
    const offer = await phone.pairDevice({ by: 'code' })
    const room = await sneakIn(offer.text)
    const reveal = createReveal(createStranger())
    reveal[40] = (reveal[40] ?? 0) ^ 1
    room.put('commitment', commitReveal(reveal))
    await room.take('old')
    room.put('new', reveal)
    await expect(offer.request).rejects.toMatchObject(disturbed)
  })

  it('[KM22] and changes what the old device showed is found out by the new one, before it has the link', async () => {
    const [phone, laptop] = await Promise.all([createDevice('phone'), createDevice('laptop')])
    const offer = await phone.pairDevice({ by: 'code' })
    const answer = await laptop.acceptPairing(offer.text)
    const request = await offer.request
    const room = await sneakIn(offer.text)
    await room.take('new')
    room.put('old', createReveal(createStranger()))
    await expect(answer.confirm()).rejects.toMatchObject(disturbed)
    await request.reject()
    expect(phone.devices()).toHaveLength(1)
  })

  it('[KM22] and brings a link that the old device did not sign is found out by the new one', async () => {
    const [phone, laptop] = await Promise.all([createDevice('phone'), createDevice('laptop')])
    const offer = await phone.pairDevice({ by: 'code' })
    const answer = await laptop.acceptPairing(offer.text)
    const request = await offer.request
    const room = await sneakIn(offer.text)
    await room.take('new')
    room.put('link', new Uint8Array(313))
    await expect(answer.confirm()).rejects.toMatchObject(disturbed)
    await request.reject()
  })

  it('[KM22] finds the room gone when the pairing is over', async () => {
    const phone = await createDevice('phone')
    const offer = await phone.pairDevice({ by: 'code' })
    await offer.close()
    await expect(offer.request).rejects.toMatchObject({ code: 'PAIRING_CLOSED' })
    const room = await sneakIn(offer.text)
    await expect(room.whenEmpty()).rejects.toMatchObject({ code: 'DELETED' })
  })
})

it('[KM22] nothing of a pairing is kept on either device when it is over', async () => {
  const createKeeping = async (name: string) => {
    const storage = {
      keys: createMemoryKeyStore(),
      outbox: createMemoryOutbox(),
      documents: createMemoryDocumentStore(),
    }
    return { storage, ...(await createPerson({ relay, name, personal: true, storage })) }
  }
  const [phone, laptop] = await Promise.all([createKeeping('phone'), createKeeping('laptop')])
  const offer = await phone.documents.pairDevice({ by: 'code' })
  const answer = await laptop.documents.acceptPairing(offer.text)
  const request = await offer.request
  await Promise.all([answer.confirm(), request.confirm()])
  const { documentId } = sharedKeyDocument({ key: pairingRoomKey(offer.text) as Bytes, room: 'pairing' })
  for (const { storage } of [phone, laptop]) {
    expect(await storage.documents.extent(documentId)).toEqual({ baseSeq: 0, lastSeq: 0, head: null })
    expect(await storage.outbox.list(documentId)).toEqual([])
  }
})

it('[KM22] [KM19] who was shown the door keeps no key of the list that they saw', async () => {
  const phone = await createDevice('phone')
  const keys = createMemoryKeyStore()
  const { documents: stranger } = await createPerson({ relay, name: 'stranger', personal: true, keys })
  const offer = await phone.pairDevice()
  const refused = stranger.acceptPairing(offer.text).then((answer) => answer.confirm())
  const request = await offer.request
  await Promise.all([expect(refused).rejects.toMatchObject({ code: 'PAIRING_REFUSED' }), request.reject()])
  expect(await keys.list('document/')).toEqual([])
})
