/** A device whose second tab is opened while the first shows a pairing code: the offer is the living tab's, and stands. */
import type { BrowserStorage, SealedDocuments } from '@y-sealed/client'
import { expect, inject, it } from 'vitest'

import { makeStorageName, openStorage } from '../support/browser-storage.ts'
import { createPerson, eventually } from '../support/person.ts'

const relay = inject('relay')

interface Tab {
  readonly documents: SealedDocuments
  readonly storage: BrowserStorage
}

async function openTab(name: string): Promise<Tab> {
  const storage = await openStorage(name)
  const { documents } = await createPerson({ relay, name: 'Phone', storage, personal: true })
  return { documents, storage }
}

/** A tab tidies before it lists what it made; the first time perhaps not knowing yet what the relay has. */
async function tidied({ documents }: Tab, other: Tab): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    const { id } = await documents.createDocument()
    await eventually(() => expect(other.documents.list().map((entry) => entry.id)).toContain(id))
  }
}

it('[KM22] leaves the offer alone: the new device is paired by it', { timeout: 90_000 }, async () => {
  const name = makeStorageName()
  const first = await openTab(name)
  const offer = await first.documents.pairDevice()
  const second = await openTab(name)
  await tidied(second, first)
  const laptop = await createPerson({ relay, name: 'Laptop', personal: true })
  const answer = await laptop.documents.acceptPairing(offer.text)
  const confirming = answer.confirm()
  await (await offer.request).confirm()
  await confirming
  await eventually(() => expect(laptop.documents.devices().filter(({ isConfirmed }) => isConfirmed)).toHaveLength(2))
})

it('[KM22] takes it back where the tab that made it is gone', { timeout: 90_000 }, async () => {
  const name = makeStorageName()
  const first = await openTab(name)
  const offer = await first.documents.pairDevice()
  first.documents.close()
  await first.storage.close()
  const [second, third] = [await openTab(name), await openTab(name)]
  await tidied(second, third)
  const laptop = await createPerson({ relay, name: 'Laptop', personal: true })
  const answer = await laptop.documents.acceptPairing(offer.text)
  await expect(answer.confirm()).rejects.toMatchObject({ code: 'LINK_EXPIRED_OR_REVOKED' })
})
