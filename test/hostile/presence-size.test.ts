/** An awareness state that does not fit an envelope is thrown out of timers and socket handlers: the process dies. */
import { expect, it } from 'vitest'
import { setStage } from '../support/stage.ts'

it('a presence state that is too large does not crash the process', async () => {
  const faults: unknown[] = []
  const old = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => faults.push(error))
  try {
    const stage = await setStage()
    const alice = await stage.watch({ provider: { connect: false } })
    alice.peer.provider.awareness.setLocalState({ user: { avatar: 'x'.repeat(4_000) } })
    alice.peer.provider.connect()
    await new Promise((r) => setTimeout(r, 1_500))
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of old) process.on('uncaughtException', listener)
  }
  expect(faults).toEqual([])
})
