/**
 * The relay dies in the middle of writing, again and again.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { startRelayProcess } from '../support/relay-process.ts'
import { createScene, expectSound, findFreePort, watch } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

const CRASHES = 3
const EDITS_BEFORE_A_CRASH = 40

it(
  'T20 [LO7] [I2] kill -9 under writing: nothing acknowledged is missing, nothing is doubled',
  { timeout: 90_000 },
  async () => {
    const [port, data] = [await findFreePort(), makeTemporaryFolder()]
    const args = ['--data', data, '--port', String(port), '--log-level', 'error']
    let relay = await startRelayProcess(args)
    const address = { url: `wss://localhost:${port}/sync`, ca: readFileSync(join(data, 'tls', 'ca.pem'), 'utf8') }
    const scene = await createScene()
    const alice = await watch({ relay: address, access: scene.access() })
    await alice.peer.provider.whenSynced()
    const { provider, text } = alice.peer
    let expected = ''
    let edits = 0
    const type = (): void => {
      const word = `${edits++} `
      text.insert(expected.length, word)
      expected += word
    }
    for (let crash = 0; crash < CRASHES; crash++) {
      for (let i = 0; i < EDITS_BEFORE_A_CRASH; i++) {
        const { seq } = provider.head
        type()
        if (i % 4 === 0) await vi.waitUntil(() => provider.head.seq > seq, { interval: 2, timeout: 20_000 })
      }
      expect(provider.unsyncedChanges).toBeGreaterThan(0)
      await relay.kill()
      // Had the relay lost what it acknowledged, its head would lie behind Alice's: she would report a rollback.
      relay = await startRelayProcess(args)
    }
    await provider.whenSaved()
    expect(alice.reports).toEqual([])
    const bob = await watch({ relay: address, access: scene.access() })
    await bob.peer.provider.whenSynced()
    expect(bob.text).toBe(expected)
    expect(bob.reports).toEqual([])
    expect(bob.peer.provider.head.seq).toBe(provider.head.seq)
    expectSound(alice, bob)
    await relay.stop()
  },
)
