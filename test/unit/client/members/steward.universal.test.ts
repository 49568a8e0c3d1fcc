import { cryptoReady, SyncError } from '@y-sealed/protocol'
import { createDeviceSeeds, Device, randomBytes } from '@y-sealed/protocol/sealing'
import { expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { DocumentList } from '../../../../client/documents/document-list.ts'
import type { PersonalDocument } from '../../../../client/documents/personal-document.ts'
import { Steward } from '../../../../client/documents/steward.ts'

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
