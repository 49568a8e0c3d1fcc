import { createMemoryKeyStore, type SealedDocuments } from '@y-sealed/client'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { describe, expect, inject, it, onTestFinished } from 'vitest'

import { Installation } from '../../client/documents/installation.ts'
import { commitReveal, createReveal } from '../../client/pairing/handshake.ts'
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
