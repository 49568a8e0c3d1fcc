import type { Intent, SealedDocument } from '@y-sealed/client'
import { bytesToBase64url, cryptoReady, SyncError, type MemberDevice } from '@y-sealed/protocol'
import { createDeviceSeeds, Device, randomBytes } from '@y-sealed/protocol/sealing'
import { expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { DocumentList, type ListedDocument } from '../../../../client/documents/document-list.ts'
import type {
  ConfirmedDevice,
  PersonalDocument,
  RemovedDevice,
} from '../../../../client/documents/personal-document.ts'
import { Steward } from '../../../../client/documents/steward.ts'
import { RecordTools } from '../../../../client/members/record-tools.ts'
import { createNote } from '../../../support/members/note.ts'

await cryptoReady()

/** A person's own document, of which another device has still to be let into the one document of its list. */
function createPersonal(own: Device): PersonalDocument {
  const list = new DocumentList(new Y.Doc())
  const genesisHash = randomBytes(32)
  list.put(genesisHash, '', 0)
  for (const { id } of list.all) list.noteAccess(id, own.id, 'in')
  const source = { on: () => undefined, off: () => undefined }
  const personal = {
    list,
    isConfirmed: true,
    document: { ...source, provider: { ...source, synced: true } },
    confirmed: [{ id: randomBytes(16), certificate: own.certificate(), name: '' }],
    removed: [],
  }
  return personal as unknown as PersonalDocument
}

it('[CL12] the steward whose app closes while a document fails leaves no timer behind', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const device = new Device(createDeviceSeeds())
  let fail = (_: Error): void => undefined
  const steward = new Steward({
    personal: createPersonal(device),
    device,
    withDocument: () => new Promise((_, reject) => (fail = reject)),
    onError: () => undefined,
  })
  const idle = steward.whenIdle()
  steward.close()
  fail(new SyncError('OFFLINE', 'the document was closed'))
  await idle
  expect(vi.getTimerCount()).toBe(0)
})

/** A person whose steward sees to a real note, of which `happens` tells, before each change and after it. */
async function createHousehold(happens: (when: 'before' | 'after') => Promise<void> | void) {
  const note = await createNote()
  const { membership, device } = note.creator
  const list = new DocumentList(new Y.Doc())
  list.put(note.genesisHash, '', 0)
  const [{ id }] = list.all as [ListedDocument]
  list.noteAccess(id, device.id, 'in')
  const source = { on: () => undefined, off: () => undefined }
  const personal = {
    list,
    isConfirmed: true,
    document: { ...source, provider: { ...source, synced: true } },
    confirmed: [] as ConfirmedDevice[],
    removed: [] as RemovedDevice[],
  }
  const document = {
    members: () => membership.members.all.map(({ devices }) => ({ devices: devices.map(nameDevice) })),
    change: async (intent: Intent) => {
      await happens('before')
      if (intent(membership.members, new RecordTools(membership, 0)) !== null) note.change(note.creator, intent)
      await happens('after')
    },
  }
  const steward = new Steward({
    personal: personal as unknown as PersonalDocument,
    device,
    withDocument: (_, work) => work(document as unknown as SealedDocument),
    onError: (error) => {
      throw error
    },
  })
  onTestFinished(() => steward.close())
  const isIn = (gone: Device): boolean => membership.members.memberOf(gone.id) !== null
  return { id, personal, steward, isIn }
}

function nameDevice({ id }: MemberDevice) {
  return { id: bytesToBase64url(id) }
}

function confirm(device: Device): ConfirmedDevice {
  return { id: device.id, certificate: device.certificate(), name: '' }
}

const RECORD = new Uint8Array(32).fill(5)

it('[CL12] who is removed while another device is let in is not let in after that', async () => {
  const [stays, lost] = [new Device(createDeviceSeeds()), new Device(createDeviceSeeds())]
  const { personal, steward, isIn } = await createHousehold((when) => {
    if (when === 'before') personal.confirmed = [confirm(stays)]
  })
  personal.confirmed = [confirm(stays), confirm(lost)]
  await steward.whenIdle()
  expect([isIn(stays), isIn(lost)]).toEqual([true, false])
})

it.each(['before this device notes that it was let in', 'after that'])(
  '[CL12] [KM17] who is let in by a device that has not heard of their removal is taken out again, though another one noted that they were %s',
  async (when) => {
    const lost = new Device(createDeviceSeeds())
    const hear = (): void => {
      personal.confirmed = []
      personal.removed = [{ id: lost.id, record: RECORD }]
      // By the device that removed it, when it was not in the document yet.
      personal.list.noteTakenOut(id, lost.id, RECORD)
    }
    let isHeard = false
    const { id, personal, steward, isIn } = await createHousehold((moment) => {
      if (moment !== 'after' || isHeard || when === 'after that') return
      isHeard = true
      hear()
    })
    personal.confirmed = [confirm(lost)]
    await steward.whenIdle()
    if (when === 'after that') hear()
    await steward.whenIdle()
    expect(isIn(lost)).toBe(false)
    expect(personal.list.accessOf(id, lost.id)).toBe('out')
  },
)
