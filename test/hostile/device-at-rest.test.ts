/** Who copies a device's files under Node: nothing in them can be read without the document's key. */
import { openNodeStorage } from '@y-sealed/client/node'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { findLeaks, keyCanaries, textCanary, type Place } from '../support/leak-scan.ts'
import { createScene, startHonestRelay, watch } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

function readPlaces(folder: string): readonly Place[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => statSync(join(folder, name)).isFile())
  return files.map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }))
}

it('T39 [CL14] [CL13] nothing of what was read or typed, online or not, is readable in the files of a device', async () => {
  const relay = await startHonestRelay([])
  const { access, key, room } = await createScene(`Canary room ${crypto.randomUUID()}`)
  const folder = makeTemporaryFolder()
  const storage = await openNodeStorage(folder)
  const { keys, outbox, documents: store } = storage
  const alice = await watch({ relay, access: access(), keys, provider: { outbox, store } })
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'The canary sings online. ')
  await alice.peer.provider.whenSaved()
  const { documentId, head } = alice.peer.provider
  await vi.waitFor(async () => expect((await store.extent(documentId)).lastSeq).toBe(head.seq))
  alice.peer.provider.disconnect()
  alice.peer.text.insert(0, 'The canary sings offline. ')
  alice.peer.text.insert(0, 'A great flock of canaries. '.repeat(10_000))
  await alice.peer.provider.whenKept()
  expect(await outbox.list(documentId)).not.toEqual([])

  const canaries = [
    textCanary('typed online', 'canary sings online'),
    textCanary('typed offline', 'canary sings offline'),
    textCanary('pasted offline', 'flock of canaries'),
    textCanary('room', room),
    ...keyCanaries('room key', key),
  ]
  const places = readPlaces(folder)
  expect(places.map(({ name }) => name.split('/')[0])).toEqual(expect.arrayContaining(['documents', 'outbox', 'keys']))
  expect(findLeaks(places, canaries)).toEqual([])
  // The same scan finds each where it is.
  writeFileSync(join(folder, 'outbox', 'control'), `${alice.text}${room}`)
  writeFileSync(join(folder, 'outbox', 'control.key'), key)
  expect(new Set(findLeaks(readPlaces(folder), canaries).map(({ canary }) => canary)).size).toBe(canaries.length)
  alice.peer.close()
  await storage.close()
})
