/**
 * A thief at a stolen laptop lets in a device of their own before the laptop is removed: that goes with the laptop, or the person is told.
 * Rules CL12, KM17.
 *
 * @module
 */
import { createMemoryKeyStore, type SealedDocuments } from '@y-sealed/client'
import { expect, it, onTestFinished } from 'vitest'
import { Installation } from '../../client/documents/installation.ts'
import { OpenDocuments } from '../../client/documents/open-documents.ts'
import { addOwnDevice } from '../../client/members/intents/let-in.ts'
import { startLyingRelay } from '../support/lying-relay.ts'
import { createPerson, documentsOptions, eventually, textOf, write } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

it('[CL12] [KM17] what a lost device alone let into a document goes with it', async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const { documents: phone, errors } = await createPerson({ relay: lying, name: 'phone', personal: true })
  const diary = await phone.createDocument({ name: 'Diary' })
  await write(diary, 'before')
  const laptop = (await createPerson({ relay: lying, name: 'laptop', personal: true })).documents
  const offer = await phone.pairDevice()
  const answer = await laptop.acceptPairing(offer.text)
  await Promise.all([answer.confirm(), (await offer.request).confirm()])
  await eventually(() => expect(laptop.list().filter(({ isReady }) => isReady)).toHaveLength(1))
  // The thief.
  const thief = await Installation.load(
    await documentsOptions({ relay: lying, name: 'thief', keys: createMemoryKeyStore() }),
  )
  onTestFinished(() => thief.close())
  const stolen = await laptop.openDocument(diary.id)
  await stolen.provider.whenSynced()
  await stolen.change(addOwnDevice(thief.device.certificate(), 'phone'))
  // The person finds the laptop gone.
  await phone.removeDevice(laptop.deviceId)
  expect([phone.devices().length, errors]).toEqual([1, []])
  await write(diary, ', after')
  const open = new OpenDocuments(thief, () => undefined)
  onTestFinished(() => open.close())
  const spied = await open.open(diary.genesisHash)
  await Promise.race([spied.provider.whenSynced().catch(() => undefined), new Promise((r) => setTimeout(r, 3_000))])
  expect(textOf(spied)).not.toContain('after')
})

it('[CL12] the person is told which devices a lost one made theirs, and can remove them too', async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const open = async (name: string): Promise<SealedDocuments> =>
    (await createPerson({ relay: lying, name, personal: true })).documents
  const pair = async (old: SealedDocuments, fresh: SealedDocuments): Promise<void> => {
    const offer = await old.pairDevice()
    const answer = await fresh.acceptPairing(offer.text)
    await Promise.all([answer.confirm(), offer.request.then((request) => request.confirm())])
  }
  const [phone, tablet, laptop, thief] = [
    await open('phone'),
    await open('tablet'),
    await open('laptop'),
    await open('thief'),
  ]
  await phone.createDocument({ name: 'Diary' })
  await pair(phone, tablet)
  await pair(phone, laptop)
  await pair(laptop, thief)
  await eventually(() => expect(phone.devices().filter(({ isConfirmed }) => isConfirmed)).toHaveLength(4))
  const told = await phone.removeDevice(laptop.deviceId)
  expect(told.map(({ id }) => id)).toEqual([thief.deviceId])
  expect(await phone.removeDevice(thief.deviceId)).toEqual([])
  expect(phone.devices().map(({ name }) => name)).toEqual(['phone', 'tablet'])
})
