/** The error event of Node's socket, handed to the app as it is, prints the token. */
import { inspect } from 'node:util'
import { expect, it, vi } from 'vitest'
import { RelayConnection, SealedProvider, loadDevice, createMemoryKeyStore } from '@y-sealed/client'
import * as Y from 'yjs'
import { platformFor } from '../support/peer.ts'
import { setStage } from '../support/stage.ts'

it('an error that the connection tells of does not hold the token', async () => {
  const stage = await setStage()
  const platform = await platformFor(stage.lying)
  const device = await loadDevice(createMemoryKeyStore())
  const secret = `aaaa.SECRETTOKEN.${'b'.repeat(86)}`
  const connection = new RelayConnection({
    url: stage.lying.url,
    device,
    token: () => Promise.resolve(secret),
    ...(platform as object),
  })
  const errors: unknown[] = []
  connection.on('connection-error', (error) => errors.push(error))
  const provider = new SealedProvider({ connection, access: stage.access(), doc: new Y.Doc() })
  await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0))
  provider.destroy()
  connection.destroy()
  for (const error of errors) expect(inspect(error).includes('SECRETTOKEN')).toBe(false)
})
