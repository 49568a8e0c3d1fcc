/** What the hostile suites ask after every attack can fail: a relay that stays larger than it was is seen. */
import { closeSync, openSync } from 'node:fs'
import { expect, it, onTestFinished, vi } from 'vitest'

import { createScene, type Scene } from '../support/aftermath.ts'
import { sendRequest, upgradeRequest } from '../support/raw-http.ts'
import { startTestRelay } from '../support/test-relay.ts'

/** A scene after an attack that did no harm. */
async function attacked(): Promise<Scene> {
  const scene = await createScene(await startTestRelay())
  await sendRequest(scene.relay, upgradeRequest('a.b.c'))
  return scene
}

it('finds no harm where there is none', async () => {
  const scene = await attacked()
  await expect(scene.expectUnharmed()).resolves.toBeUndefined()
})

it.each([
  ['objects', () => Array.from({ length: 1_000_000 }, (_, i) => ({ i })), 'bytes held'],
  ['buffers', () => Buffer.alloc(24 * 1024 ** 2, 1), 'bytes held'],
])('sees %s that are still held', { timeout: 30_000 }, async (_what, leak, words) => {
  const scene = await attacked()
  const held = leak()
  await expect(scene.expectUnharmed()).rejects.toThrow(words)
  expect(held.length).toBeGreaterThan(0)
})

it('sees memory that was not given back', { timeout: 30_000 }, async () => {
  const scene = await attacked()
  const { rss, ...others } = process.memoryUsage()
  const usage = vi.spyOn(process, 'memoryUsage').mockReturnValue({ rss: rss + 96 * 1024 ** 2, ...others })
  onTestFinished(() => usage.mockRestore())
  await expect(scene.expectUnharmed()).rejects.toThrow('resident bytes')
})

it.skipIf(process.platform !== 'linux')('sees a descriptor that stays open', { timeout: 30_000 }, async () => {
  const scene = await attacked()
  const descriptor = openSync(import.meta.filename, 'r')
  onTestFinished(() => closeSync(descriptor))
  await expect(scene.expectUnharmed()).rejects.toThrow('to be less than or equal to')
})
