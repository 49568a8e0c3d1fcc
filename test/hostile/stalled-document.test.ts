/**
 * One hostile writer in one shared document, whose last word bears no valid signature: every relay stores that, and it keeps the document
 * from being read to its end. It must keep no lost device in any document, and no new one out. Rules EN13, CL12, KM21.
 *
 * @module
 */
import { createMemoryKeyStore, SealedDocuments, type SealedDocument } from '@y-sealed/client'
import { encodeClientFrame, KIND, readWholeEnvelope, type Envelope } from '@y-sealed/protocol'
import { expect, it, onTestFinished } from 'vitest'

import { startLyingRelay, turnBit, type LyingRelay } from '../support/lying-relay.ts'
import { createPerson, documentsOptions, eventually, expectText, whoIsIn, write } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

interface Notes {
  readonly relay: LyingRelay
  readonly phone: SealedDocuments
  readonly shared: SealedDocument
  readonly diary: SealedDocument
  /** From now on the shared one waits for a signature, and the person has no document open. */
  readonly stall: () => Promise<void>
}

async function stageNotes(): Promise<Notes> {
  const [relay, badRelay] = [await startLyingRelay(), await startLyingRelay()]
  const honest = await startHonestRelay([relay, badRelay])
  relay.stand(honest)
  badRelay.stand(honest)
  const phone = (await createPerson({ relay, name: 'phone', personal: true })).documents
  const shared = await phone.createDocument({ name: 'Shared' })
  await write(shared, 'shared')
  const diary = await phone.createDocument({ name: 'Diary' })
  await write(diary, 'dear diary')
  await eventually(() => expect(phone.list()).toHaveLength(2))
  const stall = async (): Promise<void> => {
    const mallory = (await createPerson({ relay: badRelay, name: 'Mallory' })).documents
    const his = await mallory.openDocument(await shared.invite())
    await expectText(his, 'shared')
    await write(his, ', hi')
    badRelay.toRelay = (frame) => {
      if (frame?.type !== 'push' || frame.envelopes.at(-1)?.kind !== KIND.update) return undefined
      const spoilt = frame.envelopes.map(({ bytes }) => readWholeEnvelope(turnBit(bytes, -1)) as Envelope)
      return [encodeClientFrame({ type: 'push', envelopes: spoilt })]
    }
    const waiting = new Promise((resolve) => {
      shared.provider.on('integrity', ({ code }) => code === 'WAITING' && resolve(code))
    })
    his.doc.getText('note').insert(0, 'x')
    await waiting
    mallory.close()
    shared.close()
    diary.close()
  }
  return { relay, phone, shared, diary, stall }
}

async function pairLaptop(relay: LyingRelay, phone: SealedDocuments): Promise<SealedDocuments> {
  const laptop = (await createPerson({ relay, name: 'laptop', personal: true })).documents
  const offer = await phone.pairDevice()
  const answer = await laptop.acceptPairing(offer.text)
  await Promise.all([answer.confirm(), offer.request.then((request) => request.confirm())])
  await eventually(() => expect(laptop.list().filter(({ isReady }) => isReady)).toHaveLength(2))
  return laptop
}

it('[CL12] [EN13] a lost device is removed from every document, the one that waits for a signature too', async () => {
  const { relay, phone, shared, diary, stall } = await stageNotes()
  const laptop = await pairLaptop(relay, phone)
  await stall()
  await phone.removeDevice(laptop.deviceId)
  expect(phone.devices()).toHaveLength(1)
  const kept = await phone.openDocument(diary.id)
  await eventually(() => expect(whoIsIn(kept)).toEqual(['phone: admin, 1']))
  const stalled = await phone.openDocument(shared.id)
  await eventually(() => expect(whoIsIn(stalled)).toEqual(['phone: admin, 1', 'Mallory: writer, 1']))
})

it('[CL12] [EN13] a new device is let into every document, the one that waits for a signature too', async () => {
  const { relay, phone, stall } = await stageNotes()
  await stall()
  const laptop = await pairLaptop(relay, phone)
  expect(laptop.list().map(({ name, isReady }) => `${name} ${isReady}`)).toEqual(['Shared true', 'Diary true'])
})

it('[KM21] [EN13] a recovery file brings every document back, the one that waits for a signature too', async () => {
  const { relay, phone, shared, diary, stall } = await stageNotes()
  await stall()
  const { file, key } = await phone.exportRecovery()
  phone.close()
  const keys = createMemoryKeyStore()
  const options = { ...(await documentsOptions({ relay, name: 'new phone', keys })), personal: true }
  const fresh = await SealedDocuments.restore(options, file, key)
  onTestFinished(() => fresh.close())
  const kept = await fresh.openDocument(diary.id)
  await expectText(kept, 'dear diary')
  expect(whoIsIn(kept)).toEqual(['new phone: admin, 1'])
  const stalled = await fresh.openDocument(shared.id)
  await eventually(() => expect(whoIsIn(stalled)).toEqual(['new phone: admin, 1', 'Mallory: writer, 1']))
})
