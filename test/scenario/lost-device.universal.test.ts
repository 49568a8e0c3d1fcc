/** A lost device is removed from every document, whatever fails on the way and whichever of the person's devices comes by. */
import {
  createMemoryKeyStore,
  SealedDocuments,
  type FetchJson,
  type KeyStore,
  type SealedDocument,
} from '@y-sealed/client'
import { describe, expect, inject, it, onTestFinished } from 'vitest'

import { documentsOptions, eventually, whoIsIn, write } from '../support/person.ts'

const relay = inject('relay')

/** The issuer as it is, but for one document, of which it says nothing good. */
class PatchyIssuer {
  /** No token for this one. */
  silentFor = ''
  /** No token at all: as in a tunnel. */
  isGone = false
  readonly #platform: FetchJson

  constructor(platform: FetchJson) {
    this.#platform = platform
  }

  readonly fetch: FetchJson = async (url, init) => {
    if (this.isGone) throw new TypeError('no network')
    const isAbout = this.silentFor !== '' && init.body?.includes(this.silentFor) === true
    if (!isAbout) return await this.#platform(url, init)
    return { status: 403, json: () => Promise.resolve({ code: 'INVITE_REFUSED', message: 'not now' }) }
  }
}

interface OwnDevice {
  readonly documents: SealedDocuments
  readonly issuer: PatchyIssuer
  readonly errors: unknown[]
}

async function createDevice(name: string, keys: KeyStore = createMemoryKeyStore()): Promise<OwnDevice> {
  const options = await documentsOptions({ relay, name, keys, personal: true })
  const issuer = new PatchyIssuer(options.fetch ?? ((url, init) => fetch(url, init)))
  const documents = await SealedDocuments.open({ ...options, fetch: issuer.fetch })
  onTestFinished(() => documents.close())
  const errors: unknown[] = []
  documents.on('error', (error) => errors.push(error))
  return { documents, issuer, errors }
}

async function pair(old: OwnDevice, fresh: OwnDevice): Promise<void> {
  const offer = await old.documents.pairDevice()
  const confirmed = (await fresh.documents.acceptPairing(offer.text)).confirm()
  await Promise.all([confirmed, (await offer.request).confirm()])
}

async function openListed({ documents }: OwnDevice, name: string): Promise<SealedDocument> {
  const find = (): string | undefined => documents.list().find((entry) => entry.name === name && entry.isReady)?.id
  await eventually(() => expect(find()).toBeDefined())
  const document = await documents.openDocument(find() ?? '')
  await document.provider.whenSynced()
  return document
}

/** A person's devices, the last of which is lost, with two notes that all are in. */
async function createHome(keys: KeyStore, names: readonly string[]): Promise<OwnDevice[]> {
  const phone = await createDevice('phone', keys)
  for (const name of ['Diary', 'Shopping']) {
    const note = await phone.documents.createDocument({ name })
    await write(note, name)
    note.close()
  }
  await eventually(() => expect(phone.documents.list()).toHaveLength(2))
  const devices = [phone]
  for (const name of names) {
    const device = await createDevice(name)
    await pair(phone, device)
    await openListed(device, 'Shopping')
    devices.push(device)
  }
  return devices
}

/** Does this device's KeyStore say that a device is to be removed? */
async function whenRemoving(keys: KeyStore, expected: number): Promise<void> {
  const count = async (): Promise<number> => (await keys.list('removing/')).length
  await expect.poll(count, { timeout: 15_000 }).toBe(expected)
}

function idOf({ documents }: OwnDevice, name: string): string {
  return documents.list().find((entry) => entry.name === name)?.id ?? ''
}

describe('a lost device', () => {
  it('[CL12] is removed in the next run from the note that failed in this one', async () => {
    const keys = createMemoryKeyStore()
    const [phone, lost] = (await createHome(keys, ['lost'])) as [OwnDevice, OwnDevice]
    phone.issuer.silentFor = idOf(phone, 'Shopping')
    await phone.documents.removeDevice(lost.documents.deviceId)
    expect(phone.documents.devices()).toHaveLength(1)
    expect(phone.errors).toMatchObject([{ code: 'INVITE_REFUSED' }])
    phone.documents.close()

    const stillIn = await openListed(lost, 'Shopping')
    const closed = new Promise<Error>((resolve) => stillIn.once('closed', resolve))
    const again = await createDevice('phone', keys)
    expect(await closed).toMatchObject({ code: 'REMOVED' })
    expect(whoIsIn(await openListed(again, 'Shopping'))).toEqual(['phone: admin, 1'])
    expect(whoIsIn(await openListed(again, 'Diary'))).toEqual(['phone: admin, 1'])
    expect(again.errors).toEqual([])
  })

  it('[CL12] is removed by another device of the person’s where the one that was asked cannot', async () => {
    const [phone, tablet, lost] = (await createHome(createMemoryKeyStore(), ['tablet', 'lost'])) as [
      OwnDevice,
      OwnDevice,
      OwnDevice,
    ]
    const stillIn = await openListed(lost, 'Shopping')
    const closed = new Promise<Error>((resolve) => stillIn.once('closed', resolve))
    phone.issuer.silentFor = idOf(phone, 'Shopping')
    await phone.documents.removeDevice(lost.documents.deviceId)
    expect(await closed).toMatchObject({ code: 'REMOVED' })
    const note = await openListed(tablet, 'Shopping')
    await eventually(() => expect(whoIsIn(note)).toEqual(['phone: admin, 2']))
  })

  it('[CL12] is removed in the next run where nothing could be done in this one', async () => {
    const keys = createMemoryKeyStore()
    const [phone, lost] = (await createHome(keys, ['lost'])) as [OwnDevice, OwnDevice]
    const id = lost.documents.deviceId
    phone.documents.close()

    // In a tunnel: the app is closed before it ends.
    const options = await documentsOptions({ relay, name: 'phone', keys, personal: true })
    const offline = new PatchyIssuer(fetch)
    offline.isGone = true
    const tunnel = await SealedDocuments.open({ ...options, fetch: offline.fetch })
    const removal = tunnel.removeDevice(id)
    const refusal = removal.catch((error: unknown) => error)
    await whenRemoving(keys, 1)
    tunnel.close()
    expect(await refusal).toMatchObject({ code: 'OFFLINE' })

    const stillIn = await openListed(lost, 'Shopping')
    const closed = new Promise<Error>((resolve) => stillIn.once('closed', resolve))
    const again = await createDevice('phone', keys)
    expect(await closed).toMatchObject({ code: 'REMOVED' })
    await eventually(() => expect(again.documents.devices()).toHaveLength(1))
    await whenRemoving(keys, 0)
    expect(again.errors).toEqual([])
  })
})
