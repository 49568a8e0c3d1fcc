import { cryptoReady, extendTranscript, sodiumSha512, verifySignedHead } from '@y-sealed/protocol'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { openSqliteStore } from '../../server/store/sqlite/store.ts'
import { createRoomDocument, TestWriter } from '../support/room-document.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { createTestHeadKey, startTestRelay } from '../support/test-relay.ts'

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
    expect(opened.head.transcript).toEqual(
      extendTranscript(sodiumSha512, document.start.transcript, genesis.id, genesis.envelope.signature),
    )
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

  it('[FR5] [FR8] shows a newcomer every entry once, in order, while others type', async () => {
    const relay = await startTestRelay({ limits: { socketsPerSubject: 20 } })
    const document = createRoomDocument()
    const alice = await relay.client({ document: document.id })
    alice.open(document.id)
    await alice.nextOf('opened')
    const writer = new TestWriter(document, alice.device)
    alice.send({ type: 'push', envelopes: [writer.genesis().envelope] })
    await alice.nextOf('ack')
    const newcomers = []
    for (let i = 0; i < 60; i++) {
      alice.send({ type: 'push', envelopes: [writer.update().envelope] })
      if (i % 6 === 0) {
        const bob = await relay.client({ document: document.id, permissions: ['read'] })
        bob.open(document.id)
        newcomers.push(bob)
      }
    }
    await alice.settle()
    for (const bob of newcomers) {
      const seqs = (): number[] =>
        bob.frames.flatMap((frame) => (frame.type === 'entries' ? frame.envelopes.map((_, i) => frame.seq + i) : []))
      await vi.waitFor(() => expect(seqs().at(-1)).toBe(61))
      expect(seqs()).toEqual(Array.from({ length: 61 }, (_, i) => i + 1))
    }
  })

  it('[LO6] [FR6] goes on after a restart where it stopped', async () => {
    const path = join(makeTemporaryFolder(), 'relay.db')
    const headKey = createTestHeadKey()
    const document = createRoomDocument()
    const store = openSqliteStore({ path })
    const first = await startTestRelay({ store, headKey })
    const alice = await first.client({ document: document.id })
    alice.open(document.id)
    await alice.nextOf('opened')
    const writer = new TestWriter(document, alice.device)
    alice.send({ type: 'push', envelopes: [writer.genesis().envelope] })
    await alice.nextOf('ack')
    alice.send({ type: 'push', envelopes: [writer.bind().envelope] })
    await alice.nextOf('ack')
    await first.close()
    await store.close()

    const again = openSqliteStore({ path })
    onTestFinished(() => again.close())
    const second = await startTestRelay({ store: again, headKey })
    const back = await second.client({ document: document.id, device: alice.device })
    const [row] = await again.status([document.id])
    back.open(document.id, {
      cursorSeq: 1,
      cursorTranscript: (await again.transcriptAt(document.id, 1)) ?? new Uint8Array(32),
    })
    const opened = await back.nextOf('opened')
    expect(opened.head).toMatchObject({ seq: row?.head.seq, transcript: row?.head.transcript })
    expect(verifySignedHead(document.id, opened.head, headKey.publicKey)).toBe(true)
    // The session goes on: the relay remembers its counter.
    back.send({ type: 'push', envelopes: [writer.update().envelope] })
    expect(await back.nextOf('ack')).toMatchObject({ counter: 3, seq: 3 })
  })
})
