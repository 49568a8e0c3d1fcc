/** An entry of another device that bears this device's 8-byte session id is taken for one's own. */
import type { Bytes, Envelope } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'
import * as Y from 'yjs'
import { TestWriter } from '../support/room-document.ts'
import { Session } from '@y-sealed/protocol/sealing'
import { setStage } from '../support/stage.ts'

function updateUnder(client: number, text: string): Bytes {
  const doc = new Y.Doc()
  doc.clientID = client
  doc.getText('note').insert(0, text)
  return Y.encodeStateAsUpdateV2(doc) as Bytes
}

it('[CL1] an entry under a copied session id is shown to everybody alike', async () => {
  const stage = await setStage()
  const alice = await stage.watch()
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'line ')
  await alice.peer.provider.whenSaved()
  const bob = await stage.watchHonestly()
  await bob.peer.provider.whenSynced()

  // Alice's session id stands in clear in every envelope.
  let session: Bytes | null = null
  stage.lying.toRelay = (frame) => {
    if (frame?.type === 'push') session = (frame.envelopes[0] as Envelope).session.slice()
    return undefined
  }
  alice.peer.text.insert(5, 'two ')
  await alice.peer.provider.whenSaved()
  expect(session).not.toBeNull()

  const mallory = await stage.intrude()
  const writer = new TestWriter(stage.document, mallory.client.device)
  Object.assign(writer, {
    session: new Session(stage.document.id, mallory.client.device, () => (session as unknown as Bytes).slice()),
  })
  mallory.client.send({ type: 'push', envelopes: [writer.bind(77).envelope] })
  await mallory.client.nextOf('ack')
  mallory.client.send({ type: 'push', envelopes: [writer.update(updateUnder(77, 'MALLORY ')).envelope] })
  await mallory.client.nextOf('ack')
  await vi.waitFor(() => expect(bob.text).toContain('MALLORY'))
  await vi.waitFor(() => expect(alice.text).toBe(bob.text))
  expect(alice.peer.provider.head.seq).toBe(bob.peer.provider.head.seq)
})

it('[CL6] an entry under a copied session id does not make an unsaved edit saved', async () => {
  const stage = await setStage()
  const alice = await stage.watch()
  await alice.peer.provider.whenSynced()
  let session: Bytes | null = null
  let next = 0
  stage.lying.toRelay = (frame) => {
    if (frame?.type !== 'push') return undefined
    session = (frame.envelopes[0] as Envelope).session.slice()
    next = (frame.envelopes.at(-1) as Envelope).counter
    return undefined
  }
  alice.peer.text.insert(0, 'one ')
  await alice.peer.provider.whenSaved()
  const used = next
  // What she types now is on its way, slowly.
  let underWay = 0
  stage.lying.toRelay = (frame) => (frame?.type === 'push' ? ((underWay += 1), []) : undefined)
  alice.peer.text.insert(4, 'precious ')
  await vi.waitFor(() => expect(underWay).toBe(1))
  expect(alice.peer.provider.unsyncedChanges).toBe(1)

  const mallory = await stage.intrude()
  const writer = new TestWriter(stage.document, mallory.client.device)
  Object.assign(writer, {
    session: new Session(stage.document.id, mallory.client.device, () => (session as unknown as Bytes).slice()),
  })
  mallory.client.send({ type: 'push', envelopes: [writer.bind(77).envelope] })
  await mallory.client.nextOf('ack')
  const hers = new Y.Doc()
  hers.clientID = 77
  const updates: Bytes[] = []
  hers.on('updateV2', (update: Uint8Array) => updates.push(update as Bytes))
  for (let counter = 2; counter <= used + 1; counter++) {
    hers.getMap('other').set(`k${counter}`, 1)
    mallory.client.send({ type: 'push', envelopes: [writer.update(updates.at(-1)).envelope] })
    await mallory.client.nextOf('ack')
  }
  // She has read all of it.
  const bob = await stage.watchHonestly()
  await bob.peer.provider.whenSynced()
  await vi.waitFor(() => expect(alice.peer.provider.head.seq).toBe(bob.peer.provider.head.seq))
  // The relay never got the edit: it must not be called saved, and it must still come to be sent.
  expect.soft(alice.peer.provider.unsyncedChanges).toBe(1)
  stage.lying.repent()
  stage.lying.cut()
  await vi.waitFor(() => expect(bob.text).toBe('one precious '))
})
