/**
 * An offer to pair that a stranger has answered, and that nobody confirmed: when it is over the stranger reads no more. Rule KM22.
 *
 * @module
 */
import { createMemoryKeyStore } from '@y-sealed/client'
import { expect, it, onTestFinished } from 'vitest'
import { Installation } from '../../client/documents/installation.ts'
import { becomeMember } from '../../client/documents/enter-by-link.ts'
import { PersonalDocument } from '../../client/documents/personal-document.ts'
import { decodeLinkFragment } from '../../client/links/link-fragment.ts'
import { readLink } from '../../client/links/link-url.ts'
import { startLyingRelay } from '../support/lying-relay.ts'
import { createPerson, documentsOptions, eventually } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

it.each(['closes the offer', 'quits the app, and starts it again'])(
  '[KM22] who answered a QR code and was never confirmed reads no name that is given after the person %s',
  async (what) => {
    const lying = await startLyingRelay()
    lying.stand(await startHonestRelay([lying]))
    const keys = createMemoryKeyStore()
    let phone = (await createPerson({ relay: lying, name: 'phone', personal: true, keys })).documents
    await phone.createDocument({ name: 'Before' })
    await eventually(() => expect(phone.list()).toHaveLength(1))
    const offer = await phone.pairDevice()
    const stranger = await Installation.load(await documentsOptions({ relay: lying, name: 'stranger' }))
    onTestFinished(() => stranger.close())
    const { membership } = await becomeMember(stranger, decodeLinkFragment(readLink(offer.text).fragment))
    const spied = PersonalDocument.openOther(stranger, membership)
    onTestFinished(() => spied.close())
    await offer.request
    if (what.startsWith('closes')) await offer.close()
    else {
      phone.close()
      phone = (await createPerson({ relay: lying, name: 'phone', personal: true, keys })).documents
    }
    await new Promise((r) => setTimeout(r, 1_500))
    await phone.createDocument({ name: 'Diagnosis of Dr. Who' })
    await new Promise((r) => setTimeout(r, 3_000))
    expect(spied.list.all.map(({ name }) => name)).not.toContain('Diagnosis of Dr. Who')
  },
)

it('[KM22] an offer stands while another tab of the device is open', async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const keys = createMemoryKeyStore()
  const phone = (await createPerson({ relay: lying, name: 'phone', personal: true, keys })).documents
  await phone.createDocument({ name: 'Diary' })
  await eventually(() => expect(phone.list()).toHaveLength(1))
  const tab = (await createPerson({ relay: lying, name: 'phone', personal: true, keys })).documents
  // The list may be what the device has kept, and who is in it only the relay tells: the tab has opened the document before the offer is made, and
  // may be anywhere on its way to having read it.
  await eventually(() => expect([tab.list().length, tab.devices().length]).toEqual([1, 1]))
  const offer = await phone.pairDevice()
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const laptop = (await createPerson({ relay: lying, name: 'laptop', personal: true })).documents
  const answer = await laptop.acceptPairing(offer.text)
  await Promise.all([answer.confirm(), offer.request.then((request) => request.confirm())])
  await eventually(() => expect(laptop.list().map(({ name }) => name)).toEqual(['Diary']))
})
