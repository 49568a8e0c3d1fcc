/** Row F12 as operators see it: two entries for one counter are refused, and counted where the alert looks. */
import { encodeClientFrame, readWholeEnvelope, type Envelope } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import { turnBit } from '../support/lying-relay.ts'
import { startOperatedRelay } from '../support/operated-relay.ts'
import { createTestDevice } from '../support/raw-client.ts'
import { createRoomDocument, TestWriter } from '../support/room-document.ts'

it('T21 [F12] [J4] a second entry for one counter is counted, once for each; a repetition is not', async () => {
  const { client: connect, metric, log } = await startOperatedRelay()
  const document = createRoomDocument()
  const device = createTestDevice()
  const client = await connect(document.id, undefined, device)
  client.open(document.id)
  await client.nextOf('opened')
  const writer = new TestWriter(document, device)
  for (const { envelope } of [writer.genesis(), writer.bind()]) {
    client.send({ type: 'push', envelopes: [envelope] })
    await client.nextOf('ack')
  }
  const { envelope } = writer.update()
  expect(await metric('y_sealed_equivocations_total')).toBe(0)
  for (let i = 0; i < 2; i++) {
    client.send({ type: 'push', envelopes: [envelope] })
    await client.nextOf('ack')
  }
  expect(await metric('y_sealed_equivocations_total')).toBe(0)
  for (let i = 1; i <= 3; i++) {
    const other = readWholeEnvelope(turnBit(envelope.bytes, -100, i)) as Envelope
    client.sendBytes(encodeClientFrame({ type: 'push', envelopes: [other] }))
    expect(await client.nextOf('nack')).toMatchObject({ code: 40_901, counter: envelope.counter })
    expect(await metric('y_sealed_equivocations_total')).toBe(i)
  }
  expect(await metric('y_sealed_nacks_total{code="EQUIVOCATION"}')).toBe(3)
  expect(log().filter(({ event, code }) => event === 'frame-refused' && code === 'EQUIVOCATION')).toHaveLength(3)
})
