/**
 * A note that was made and not listed yet when the recovery file was written: it is in the list of the restored device. Rules KM21, CL12.
 *
 * @module
 */
import { createMemoryKeyStore, SealedDocuments } from '@y-sealed/client'
import { expect, it, onTestFinished } from 'vitest'
import { startLyingRelay } from '../support/lying-relay.ts'
import { createPerson, documentsOptions, eventually, whoIsIn } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

it('[KM21] [CL12] a note made offline is in the list of the restored device', async () => {
  const lying = await startLyingRelay()
  const honest = await startHonestRelay([lying])
  lying.stand(honest)
  const phone = (await createPerson({ relay: lying, name: 'phone', personal: true })).documents
  await phone.createDocument({ name: 'Online' })
  await eventually(() => expect(phone.list()).toHaveLength(1))
  lying.stand(null)
  const note = await phone.createDocument({ name: 'Made on the train' })
  const recovery = await phone.exportRecovery()
  phone.close()
  lying.stand(honest)
  const keys = createMemoryKeyStore()
  const options = { ...(await documentsOptions({ relay: lying, name: 'new phone', keys })), personal: true }
  const fresh = await SealedDocuments.restore(options, recovery.file, recovery.key)
  onTestFinished(() => fresh.close())
  const names = (): readonly string[] => fresh.list().map(({ name }) => name)
  await eventually(() => expect(names().toSorted()).toEqual(['Made on the train', 'Online']))
  const again = await fresh.openDocument(note.id)
  await eventually(() => expect(whoIsIn(again)).toEqual(['new phone: admin, 1']))
})
