/** Two tabs on the very first run: one KeyStore is one device, and what either tab made is there in the next run. */
import { createMemoryKeyStore, loadDevice, SealedDocuments } from '@y-sealed/client'
import { expect, it, onTestFinished } from 'vitest'

import { startLyingRelay } from '../support/lying-relay.ts'
import { documentsOptions, eventually, textOf, write } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

it('[KM1] tabs that make the device at the same time have the same one, and so has the next run', async () => {
  const keys = createMemoryKeyStore()
  const devices = await Promise.all([loadDevice(keys), loadDevice(keys), loadDevice(keys)])
  devices.push(await loadDevice(keys))
  expect(new Set(devices.map(({ id }) => id.join())).size).toBe(1)
})

it('[KM1] [KM19] two tabs that start together on a new device lose no document', { timeout: 60_000 }, async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const options = await documentsOptions({ relay: lying, name: 'Alice', keys: createMemoryKeyStore() })
  const tabs = await Promise.all([SealedDocuments.open(options), SealedDocuments.open(options)])
  expect(new Set(tabs.map(({ deviceId }) => deviceId)).size).toBe(1)
  const notes = await Promise.all(tabs.map((tab) => tab.createDocument()))
  for (const note of notes) await write(note, 'text')
  for (const tab of tabs) tab.close()
  const next = await SealedDocuments.open(options)
  onTestFinished(() => next.close())
  for (const { id } of notes) {
    const note = await next.openDocument(id)
    await eventually(() => expect(textOf(note)).toBe('text'))
  }
})
