/** Row H10 at a client: a writer's updates whose signatures do not hold, as fast as the relay takes them. */
import { AUTHENTICATION_WINDOW, readWholeEnvelope, toBytes, type Envelope } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'
import * as Y from 'yjs'

import { turnBit } from '../support/lying-relay.ts'
import { expectSound, setStage } from '../support/stage.ts'

const spoilt = ({ bytes }: Envelope): Envelope => readWholeEnvelope(turnBit(bytes, -1)) as Envelope

it('T12 [H10] [EN13] at line rate: none is applied, each is reported, and others are read on', async () => {
  const stage = await setStage()
  const alice = await stage.watchHonestly()
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'line ')
  await alice.peer.provider.whenSaved()
  const bob = await stage.watchHonestly()
  await bob.peer.provider.whenSynced()
  const { client, writer } = await stage.intrude()
  const forged = new Y.Doc()
  forged.clientID = 77
  forged.getText('note').insert(0, 'forged')
  const content = toBytes(Y.encodeStateAsUpdateV2(forged))
  client.send({ type: 'push', envelopes: [writer.bind(77).envelope] })
  await client.nextOf('ack')
  for (let sent = 0; sent < 2 * AUTHENTICATION_WINDOW; sent += 64) {
    const envelopes = Array.from({ length: 64 }, () => spoilt(writer.update(content).envelope))
    client.send({ type: 'push', envelopes })
    await client.nextOf('ack')
  }
  alice.peer.text.insert(5, 'and on')
  await vi.waitFor(() => expect(bob.text).toBe('line and on'), { timeout: 10_000 })
  await alice.peer.provider.whenSaved()
  for (const person of [alice, bob]) {
    expect(person.text).toBe('line and on')
    expect(person.reports.every(({ fatal }) => !fatal)).toBe(true)
    const refused = (): typeof person.reports => person.reports.filter(({ code }) => code === 'ENTRY_REFUSED')
    await vi.waitFor(() => expect(refused()).toHaveLength(2 * AUTHENTICATION_WINDOW))
    // The first makes the others wait for 256 entries; with it the session is at its end, and its rest keeps nobody waiting.
    expect(refused()[0]).toMatchObject({ reason: 'unsigned', seq: 5 })
    expect(refused().at(-1)).toMatchObject({ reason: 'closed' })
    expect(person.closings).toEqual([])
  }
  expectSound(alice, bob)
})
