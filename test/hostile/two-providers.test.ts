/** A second provider for a document on one connection is an unhandled rejection: Node ends the process. */
import { SealedProvider } from '@y-sealed/client'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { setStage } from '../support/stage.ts'

it('a second provider for one document on one connection does not crash the process', async () => {
  const faults: unknown[] = []
  const old = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (error) => faults.push(error))
  try {
    const stage = await setStage()
    const alice = await stage.watch()
    await alice.peer.provider.whenSynced()
    const second = new SealedProvider({ connection: alice.peer.connection, access: stage.access(), doc: new Y.Doc() })
    await new Promise((r) => setTimeout(r, 500))
    second.destroy()
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of old) process.on('unhandledRejection', listener)
  }
  expect(faults).toEqual([])
})
