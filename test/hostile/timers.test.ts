/** What still runs after destroy(), and what a relay can make the client start. */
import { encodeRelayFrame } from '@y-sealed/protocol'
import { expect, it } from 'vitest'
import { issuerTokens, RelayConnection, SealedProvider, loadDevice, createMemoryKeyStore } from '@y-sealed/client'
import * as Y from 'yjs'
import { platformFor } from '../support/peer.ts'
import { setStage } from '../support/stage.ts'

function timeouts(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

it('destroy() leaves no timer that the relay asked for', async () => {
  const stage = await setStage()
  const alice = await stage.watch()
  await alice.peer.provider.whenSynced()
  const link = stage.lying.links.at(-1)
  for (let i = 0; i < 50; i++)
    link?.toClient(
      encodeRelayFrame({ type: 'closed', document: stage.document.id, code: 50300, retryAfterMs: 3_600_000 }),
    )
  await new Promise((r) => setTimeout(r, 300))
  alice.peer.close()
  alice.peer.doc.destroy()
  await new Promise((r) => setTimeout(r, 300))
  expect(timeouts()).toBeLessThan(30)
})

it('CLOSED UNAVAILABLE a hundred times asks the app for one token, not for a hundred', async () => {
  const stage = await setStage()
  let asked = 0
  const alice = await stage.watch({ provider: { connect: false } })
  const peer = alice.peer
  void peer
  stage.lying.toRelay = () => undefined
  const keys = createMemoryKeyStore()
  const device = await loadDevice(keys)
  const platform = await platformFor(stage.lying)
  const source = issuerTokens({
    device,
    accessOf: () => stage.access(),
    ...(platform.fetch ? { fetch: platform.fetch } : {}),
  })
  const connection = new RelayConnection({
    url: stage.lying.url,
    device,
    token: (request) => ((asked += 1), source(request)),
    ...(platform as object),
  })
  const provider = new SealedProvider({ connection, access: stage.access(), doc: new Y.Doc() })
  await provider.whenSynced()
  const before = asked
  const link = stage.lying.links.at(-1)
  for (let i = 0; i < 100; i++)
    link?.toClient(encodeRelayFrame({ type: 'closed', document: stage.document.id, code: 50300, retryAfterMs: 0 }))
  await new Promise((r) => setTimeout(r, 3_000))
  const more = asked - before
  provider.destroy()
  connection.destroy()
  provider.doc.destroy()
  expect(more).toBeLessThan(10)
})

it('[AU7] a client whose clock is ten minutes ahead does not ask for a token every second', async () => {
  const stage = await setStage()
  let asked = 0
  const device = await loadDevice(createMemoryKeyStore())
  const platform = await platformFor(stage.lying)
  const source = issuerTokens({
    device,
    accessOf: () => stage.access(),
    ...(platform.fetch ? { fetch: platform.fetch } : {}),
  })
  // The relay's clock is what it is; OPENED's `expires` is moved instead, which is the same to the client.
  stage.lying.toClient = (frame) =>
    frame?.type === 'opened' || frame?.type === 'refreshed'
      ? [encodeRelayFrame({ ...frame, expiresAtMs: frame.expiresAtMs - 600_000 })]
      : frame?.type === 'welcome'
        ? [encodeRelayFrame({ ...frame, timeMs: frame.timeMs - 600_000 })]
        : undefined
  const connection = new RelayConnection({
    url: stage.lying.url,
    device,
    token: (request) => ((asked += 1), source(request)),
    ...(platform as object),
  })
  const provider = new SealedProvider({ connection, access: stage.access(), doc: new Y.Doc() })
  await provider.whenSynced()
  const before = asked
  await new Promise((r) => setTimeout(r, 6_000))
  const more = asked - before
  provider.destroy()
  connection.destroy()
  provider.doc.destroy()
  expect(more).toBeLessThan(3)
})
