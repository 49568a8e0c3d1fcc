import { cryptoReady, extendTranscript, sodiumSha512, verifySignedHead } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { createRoomDocument, TestWriter } from '../support/room-document.ts'
import { startTestRelay } from '../support/test-relay.ts'

await cryptoReady()

describe('two clients and a relay', () => {
  it('[FR5] [FR8] [FR9] carries a keystroke from one to the other', async () => {
    const relay = await startTestRelay()
    const document = createRoomDocument()
    const alice = await relay.client({ document: document.id })
    alice.open(document.id)
    expect(await alice.nextOf('opened')).toMatchObject({ present: false, through: 0 })
    const writer = new TestWriter(document, alice.device)
    const genesis = writer.genesis()
    alice.send({ type: 'push', envelopes: [genesis.envelope] })
    expect(await alice.nextOf('ack')).toMatchObject({ counter: 1, count: 1, seq: 1 })

    const bob = await relay.client({ document: document.id })
    bob.open(document.id)
    const opened = await bob.nextOf('opened')
    expect(opened).toMatchObject({ present: true, through: 1 })
    expect(verifySignedHead(document.id, opened.head, relay.headKey.publicKey)).toBe(true)
    expect(opened.head.transcript).toEqual(extendTranscript(sodiumSha512, document.start.transcript, genesis.id))
    expect((await bob.nextOf('records')).records.map((record) => record.seq)).toEqual([1])
    expect((await bob.nextOf('entries')).seq).toBe(1)

    const bind = writer.bind()
    const update = writer.update()
    alice.send({ type: 'push', envelopes: [bind.envelope, update.envelope] })
    expect(await alice.nextOf('ack')).toMatchObject({ counter: 2, count: 2, seq: 2 })
    const entries = await bob.nextOf('entries')
    expect(entries.seq).toBe(2)
    expect(entries.envelopes.map(({ bytes }) => bytes)).toEqual([bind.envelope.bytes, update.envelope.bytes])
  })
})
