/** One unsigned entry, and nobody who opens the document afterwards may ever write: the 256 entries that end the stall never come. */
import { readWholeEnvelope, type Bytes, type Envelope } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'
import * as Y from 'yjs'
import { turnBit } from '../support/lying-relay.ts'
import { setStage } from '../support/stage.ts'

it('T12 [EN13] who opens a document that waits for a signature can still send', async () => {
  const stage = await setStage()
  const alice = await stage.watch()
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'line ')
  await alice.peer.provider.whenSaved()
  const mallory = await stage.intrude()
  mallory.client.send({ type: 'push', envelopes: [mallory.writer.bind(77).envelope] })
  await mallory.client.nextOf('ack')
  const doc = new Y.Doc()
  doc.clientID = 77
  doc.getText('note').insert(0, 'x')
  const spoilt = turnBit(mallory.writer.update(Y.encodeStateAsUpdateV2(doc) as Bytes).envelope.bytes, -1)
  mallory.client.send({ type: 'push', envelopes: [readWholeEnvelope(spoilt) as Envelope] })
  await mallory.client.nextOf('ack')
  await vi.waitFor(() => expect(alice.reports).toMatchObject([{ code: 'WAITING' }]))
  mallory.client.terminate()
  // Her network flickers once.
  const links = stage.lying.links.length
  stage.lying.cut()
  await vi.waitFor(() => expect(stage.lying.links.length).toBeGreaterThan(links))
  await vi.waitFor(() => expect(alice.peer.provider.status).toBe('connected'))
  const before = alice.peer.provider.head.seq
  await vi.waitFor(
    () => {
      alice.peer.text.insert(0, 'a')
      expect(alice.peer.provider.head.seq).toBeGreaterThan(before)
    },
    { interval: 40 },
  )
})
