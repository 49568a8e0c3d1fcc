import {
  createMemoryKeyStore,
  SealedDocuments,
  type FetchJson,
  type KeyStore,
  type PairingAnswer,
  type PairingRequest,
  type SealedDocument,
} from '@y-sealed/client'
import { describe, expect, inject, it, onTestFinished } from 'vitest'

import { createPerson, documentsOptions, eventually, expectText, textOf, whoIsIn, write } from '../support/person.ts'

const relay = inject('relay')

async function createDevice(name: string, keys?: KeyStore): Promise<SealedDocuments> {
  const { documents, errors } = await createPerson({ relay, name, personal: true, ...(keys ? { keys } : {}) })
  onTestFinished(() => expect(errors).toEqual([]))
  return documents
}

/** Both sides go on at the same time, as people with two devices in their hands do. */
async function confirm(request: PairingRequest, answer: PairingAnswer): Promise<void> {
  await Promise.all([answer.confirm(), request.confirm()])
}

async function pairByQr(old: SealedDocuments, fresh: SealedDocuments): Promise<void> {
  const offer = await old.pairDevice()
  const answer = await fresh.acceptPairing(offer.text)
  const confirmed = answer.confirm()
  await Promise.all([confirmed, (await offer.request).confirm()])
}

/** Opens what another device has listed, once this one has been let in. */
async function openListed(documents: SealedDocuments, name: string): Promise<SealedDocument> {
  const find = (): string | undefined => documents.list().find((entry) => entry.name === name && entry.isReady)?.id
  await eventually(() => expect(find()).toBeDefined())
  const document = await documents.openDocument(find() ?? '')
  await document.provider.whenSynced()
  return document
}

/** Answers some requests for tokens, and refuses all after them. */
function failAfter(answered: number, platform: FetchJson = (url, init) => fetch(url, init)): FetchJson {
  let asked = 0
  const refusal = { status: 403, json: () => Promise.resolve({ code: 'INVITE_REFUSED', message: 'not now' }) }
  return (url, init) => (++asked > answered ? Promise.resolve(refusal) : platform(url, init))
}

describe('a second device of one person', () => {
  it('[KM22] is paired by a QR code, and has every note and all of its text', async () => {
    const phone = await createDevice('Alice’s phone')
    const shopping = await phone.createDocument({ name: 'Shopping' })
    await write(shopping, 'milk')
    const diary = await phone.createDocument({ name: 'Diary' })
    await write(diary, 'dear diary')
    diary.close()

    const laptop = await createDevice('Alice’s laptop')
    const offer = await phone.pairDevice({ app: 'https://app.example/' })
    expect(offer.text).toMatch(/^https:\/\/app\.example\/#pair=[A-Za-z0-9_-]{268}$/)
    const answer = await laptop.acceptPairing(offer.text)
    expect(answer).toMatchObject({ digits: null, brings: 0 })
    const accepted = answer.confirm()
    const request = await offer.request
    expect(request).toMatchObject({ device: laptop.deviceId, name: 'Alice’s laptop', digits: null })
    expect(phone.devices().find(({ id }) => id === laptop.deviceId)).toMatchObject({ isConfirmed: false })
    await Promise.all([accepted, request.confirm()])

    expect(textOf(await openListed(laptop, 'Shopping'))).toBe('milk')
    const copy = await openListed(laptop, 'Diary')
    expect(textOf(copy)).toBe('dear diary')
    expect(whoIsIn(shopping)).toEqual(['Alice’s phone: admin, 2'])
    await write(copy, ', and more')
    await expectText(await phone.openDocument(diary.id), 'dear diary, and more')
    expect(laptop.devices()).toMatchObject([
      { id: phone.deviceId, isConfirmed: true, isThis: false },
      { id: laptop.deviceId, isConfirmed: true, isThis: true },
    ])
  })

  it('[CL12] sees a note that the first makes later, and the first sees its', async () => {
    const phone = await createDevice('phone')
    const laptop = await createDevice('laptop')
    await pairByQr(phone, laptop)
    const note = await phone.createDocument({ name: 'New on the phone' })
    await write(note, 'from the phone')
    const there = await openListed(laptop, 'New on the phone')
    expect(textOf(there)).toBe('from the phone')
    await write(await laptop.createDocument({ name: 'New on the laptop' }), 'from the laptop')
    expect(textOf(await openListed(phone, 'New on the laptop'))).toBe('from the laptop')
  })

  it('[CL12] brings the notes that it had before it was paired', async () => {
    const phone = await createDevice('phone')
    await write(await phone.createDocument({ name: 'Old on the phone' }), 'phone')
    const laptop = await createDevice('laptop')
    await write(await laptop.createDocument({ name: 'Old on the laptop' }), 'laptop')
    await eventually(() => expect([phone.list(), laptop.list()]).toMatchObject([[{}], [{}]]))
    const offer = await phone.pairDevice()
    const answer = await laptop.acceptPairing(offer.text)
    expect(answer.brings).toBe(1)
    const accepted = answer.confirm()
    await Promise.all([accepted, (await offer.request).confirm()])
    expect(textOf(await openListed(laptop, 'Old on the phone'))).toBe('phone')
    expect(textOf(await openListed(phone, 'Old on the laptop'))).toBe('laptop')
  })

  it('[CL12] is let into a note that the first was invited to, and stays one member with it', async () => {
    const carol = await createPerson({ relay, name: 'Carol' })
    const note = await carol.documents.createDocument()
    await write(note, 'hello')
    const phone = await createDevice('Bob')
    await phone.openDocument(await note.invite({ role: 'reader' }), { name: 'From Carol' })
    const laptop = await createDevice('Bob’s laptop')
    await eventually(() => expect(phone.list()).toHaveLength(1))
    await pairByQr(phone, laptop)
    const there = await openListed(laptop, 'From Carol')
    expect(textOf(there)).toBe('hello')
    expect(there.role).toBe('reader')
    await eventually(() => expect(whoIsIn(note)).toEqual(['Carol: admin, 1', 'Bob: reader, 2']))
  })

  it('[KM22] that is shown the door has seen the list, and gets into no note', async () => {
    const phone = await createDevice('phone')
    const note = await phone.createDocument({ name: 'Secret' })
    await write(note, 'secret')
    await eventually(() => expect(phone.list()).toHaveLength(1))
    const stranger = await createDevice('stranger')
    const offer = await phone.pairDevice()
    const refused = stranger.acceptPairing(offer.text).then((answer) => answer.confirm())
    const request = await offer.request
    await Promise.all([expect(refused).rejects.toMatchObject({ code: 'PAIRING_REFUSED' }), request.reject()])
    expect(phone.devices()).toHaveLength(1)
    expect(whoIsIn(note)).toEqual(['phone: admin, 1'])
    expect(stranger.list()).toEqual([])
    await expect(stranger.openDocument(note.id)).rejects.toMatchObject({ code: 'UNKNOWN_DOCUMENT' })
    const again = await stranger.acceptPairing(offer.text)
    await expect(again.confirm()).rejects.toMatchObject({ code: 'LINK_EXPIRED_OR_REVOKED' })
  })

  it('[KM22] is paired by a typed code; both devices show the same digits', async () => {
    const phone = await createDevice('phone')
    await write(await phone.createDocument({ name: 'Note' }), 'text')
    const laptop = await createDevice('laptop')
    const offer = await phone.pairDevice({ by: 'code' })
    expect(offer.text).toMatch(/^[0-9A-Z]{5}-[0-9A-Z]{5}$/)
    const answer = await laptop.acceptPairing(offer.text.toLowerCase().replace('-', ' '))
    const request = await offer.request
    expect(request.digits).toMatch(/^\d{6}$/)
    expect(request.digits).toBe(answer.digits)
    expect(request.device).toBe(laptop.deviceId)
    await confirm(request, answer)
    expect(textOf(await openListed(laptop, 'Note'))).toBe('text')
    const third = await createDevice('third')
    const used = third.acceptPairing(offer.text)
    await expect(used).rejects.toMatchObject({ code: expect.stringMatching(/^(DELETED|PAIRING_C)/) as string })
  })

  it('[KM22] that somebody stands before shows other digits, and nothing has happened by then', async () => {
    const phone = await createDevice('phone')
    const laptop = await createDevice('laptop')
    // Whoever knows the code, a relay that guessed it say, shows each device a room of its own and sits in both.
    const toPhone = await createDevice('between')
    const offer = await phone.pairDevice({ by: 'code' })
    const forPhone = await toPhone.acceptPairing(offer.text)
    const toLaptop = await createDevice('between again')
    const otherOffer = await toLaptop.pairDevice({ by: 'code' })
    const answer = await laptop.acceptPairing(otherOffer.text)
    const request = await offer.request
    expect(request.digits).toBe(forPhone.digits)
    expect(request.digits).not.toBe(answer.digits)
    expect(request.device).not.toBe(laptop.deviceId)
    await answer.reject()
    await request.reject()
    expect(phone.devices()).toMatchObject([{ isThis: true }])
  })

  it('[KM22] that was switched off before it was confirmed is paired at the next attempt', async () => {
    const phone = await createDevice('phone')
    await write(await phone.createDocument({ name: 'Note' }), 'text')
    const keys = createMemoryKeyStore()
    const early = await createDevice('laptop', keys)
    const offer = await phone.pairDevice()
    const answer = await early.acceptPairing(offer.text)
    const waiting = answer.confirm().catch(() => 'ended')
    await offer.request
    early.close()
    const laptop = await createDevice('laptop', keys)
    await pairByQr(phone, laptop)
    expect(textOf(await openListed(laptop, 'Note'))).toBe('text')
    expect(phone.devices()).toHaveLength(2)
    expect(await waiting).toBe('ended')
  })

  it('[CL12] and the first let a third into a note at the same time, once', async () => {
    const [phone, laptop, tablet] = await Promise.all(['phone', 'laptop', 'tablet'].map((name) => createDevice(name)))
    if (!phone || !laptop || !tablet) throw new Error('three devices')
    const note = await phone.createDocument({ name: 'Note' })
    await write(note, 'text')
    await pairByQr(phone, laptop)
    const there = await openListed(laptop, 'Note')
    await pairByQr(phone, tablet)
    expect(textOf(await openListed(tablet, 'Note'))).toBe('text')
    await eventually(() => expect(whoIsIn(there)).toEqual(['phone: admin, 3']))
    const third = laptop.createDocument({ name: 'Laptop’s' })
    await write(await third, 'from the laptop')
    expect(textOf(await openListed(tablet, 'Laptop’s'))).toBe('from the laptop')
    expect(textOf(await openListed(phone, 'Laptop’s'))).toBe('from the laptop')
  })

  it('[KM21] a mistyped code is told at once', async () => {
    const laptop = await createDevice('laptop')
    for (const text of ['hello', 'AAAAA-AAAAA', '']) {
      await expect(laptop.acceptPairing(text)).rejects.toMatchObject({ code: 'PAIRING_CODE' })
    }
    await expect(laptop.acceptPairing('#AAAA')).rejects.toMatchObject({ code: 'NOT_A_PAIRING' })
  })

  it('[CL12] that is lost is removed from everything by another one', async () => {
    const phone = await createDevice('phone')
    const note = await phone.createDocument({ name: 'Note' })
    await write(note, 'before')
    const laptop = await createDevice('laptop')
    await pairByQr(phone, laptop)
    const lost = await openListed(laptop, 'Note')
    const closed = new Promise<Error>((resolve) => lost.once('closed', resolve))
    await phone.removeDevice(laptop.deviceId)
    expect(await closed).toMatchObject({ code: 'REMOVED' })
    expect(phone.devices()).toHaveLength(1)
    expect(whoIsIn(note)).toEqual(['phone: admin, 1'])
    await write(note, ', after')
    expect(textOf(lost)).toBe('before')
  })
})

describe('a recovery key and file', () => {
  it('[KM21] bring every note to a new device, which takes the old one’s place', async () => {
    const phone = await createDevice('Alice’s phone')
    const note = await phone.createDocument({ name: 'Note' })
    await write(note, 'before the phone fell into the lake')
    const carol = await createPerson({ relay, name: 'Carol' })
    const shared = await carol.documents.createDocument()
    await write(shared, 'shared')
    await phone.openDocument(await shared.invite(), { name: 'From Carol' })
    await eventually(() => expect(phone.list()).toHaveLength(2))
    const recovery = await phone.exportRecovery()
    phone.close()

    const keys = createMemoryKeyStore()
    const options = { ...(await documentsOptions({ relay, name: 'Alice’s new phone', keys })), personal: true }
    const fresh = await SealedDocuments.restore(options, recovery.file, recovery.key)
    onTestFinished(() => fresh.close())
    const restored = await openListed(fresh, 'Note')
    expect(textOf(restored)).toBe('before the phone fell into the lake')
    expect(whoIsIn(restored)).toEqual(['Alice’s new phone: admin, 1'])
    expect(textOf(await openListed(fresh, 'From Carol'))).toBe('shared')
    await eventually(() => expect(whoIsIn(shared)).toEqual(['Carol: admin, 1', 'Alice’s new phone: writer, 1']))
    expect(fresh.devices()).toMatchObject([{ id: fresh.deviceId, isConfirmed: true }])
    await write(restored, ', and after')

    const late = await documentsOptions({ relay, name: 'finder', personal: true })
    const found = SealedDocuments.restore(late, recovery.file, recovery.key)
    await expect(found).rejects.toMatchObject({ code: 'RECOVERY_OUTDATED' })
  })

  it('[KM21] leave the other devices of the person where they are, and may be used once more when cut off in between', async () => {
    const phone = await createDevice('phone')
    const laptop = await createDevice('laptop')
    const note = await phone.createDocument({ name: 'Note' })
    await write(note, 'text')
    await pairByQr(phone, laptop)
    const there = await openListed(laptop, 'Note')
    const { file, key } = await phone.exportRecovery()
    const keys = createMemoryKeyStore()
    const options = { ...(await documentsOptions({ relay, name: 'new phone', keys })), personal: true }
    const cutOff = SealedDocuments.restore({ ...options, fetch: failAfter(4, options.fetch) }, file, key)
    await expect(cutOff).rejects.toMatchObject({ code: 'INVITE_REFUSED' })
    await eventually(() => expect(whoIsIn(there)).toEqual(['phone: admin, 3']))
    const fresh = await SealedDocuments.restore(options, file, key)
    onTestFinished(() => fresh.close())
    expect(textOf(await openListed(fresh, 'Note'))).toBe('text')
    await eventually(() => expect(there.members()[0]?.devices.map(({ name }) => name)).toEqual(['laptop', 'new phone']))
    expect(fresh.devices().map(({ name }) => name)).toEqual(['new phone', 'laptop'])
    await write(there, ', and more')
    expect(phone.devices()).not.toMatchObject([{ isThis: true }])
  })

  it('[KM21] with another key open nothing', async () => {
    const phone = await createDevice('phone')
    const [one, two] = [await phone.exportRecovery(), await phone.exportRecovery()]
    const options = await documentsOptions({ relay, name: 'finder', personal: true })
    await expect(SealedDocuments.restore(options, one.file, two.key)).rejects.toMatchObject({ code: 'RECOVERY_FILE' })
    await expect(SealedDocuments.restore(options, one.file, 'HELLO')).rejects.toMatchObject({ code: 'RECOVERY_KEY' })
  })
})
