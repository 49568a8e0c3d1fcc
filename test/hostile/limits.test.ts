/** Rows C17 and H of the security cases: whoever asks for too much, too fast or for too long, beside somebody who asks for little. */
import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'

import type { RelayLimits } from '../../server/core/limits.ts'
import { createScene, type Scene } from '../support/aftermath.ts'
import { startCpuClock } from '../support/cpu-clock.ts'
import { createTestDevice, type RawClient } from '../support/raw-client.ts'
import { nextCloseCode, nextServerFrame, RawSocket, sendRequest, upgradeRequest } from '../support/raw-http.ts'
import { TestWriter } from '../support/room-document.ts'
import { startTestRelay } from '../support/test-relay.ts'

const start = async (limits: Partial<RelayLimits> = {}): Promise<Scene> =>
  createScene(await startTestRelay({ limits: { socketsPerSubject: 100, ...limits } }))

async function upgraded({ relay, document }: Scene): Promise<RawSocket> {
  const socket = await RawSocket.connect(relay)
  socket.write(upgradeRequest(relay.token(document.id, null)))
  expect((await socket.answer()).status).toBe(101)
  await nextServerFrame(socket)
  return socket
}

/** A client of `subject` that has the document open. */
async function opened({ relay, document }: Scene, subject: string): Promise<RawClient> {
  const device = createTestDevice()
  const token = relay.token(document.id, device, ['read', 'write', 'awareness'], { sub: subject })
  const client = await relay.client({ document: document.id, device, token })
  client.open(document.id)
  await client.nextOf('opened')
  return client
}

describe('floods', () => {
  it('T23 [H1] acknowledges a burst, says when to come again, then closes with 4529; others write meanwhile', async () => {
    const scene = await start()
    const mallory = await opened(scene, 'mallory')
    const writer = new TestWriter(scene.document, mallory.device)
    const beganAt = performance.now()
    mallory.send({ type: 'push', envelopes: [writer.bind().envelope] })
    const pushes = writer.updates(2_000)
    for (const { envelope } of pushes) mallory.send({ type: 'push', envelopes: [envelope] })
    const cpuMs = startCpuClock()
    scene.writerClient.send({ type: 'push', envelopes: [scene.writer.bind().envelope] })
    await scene.writerClient.nextOf('ack')
    // Of the relay's and the test's work, whatever else the machine has to do.
    expect(cpuMs()).toBeLessThan(2_000)
    expect((await mallory.ended).code).toBe(4529)
    const stored = mallory.frames.reduce((sum, frame) => sum + (frame.type === 'ack' ? frame.count : 0), 0)
    expect(stored).toBeGreaterThanOrEqual(500)
    // The burst, and a hundred a second for as long as it took.
    expect(stored).toBeLessThanOrEqual(501 + (performance.now() - beganAt) / 10)
    const nacks = mallory.frames.filter((frame) => frame.type === 'nack')
    expect(new Set(nacks.map((nack) => nack.code))).toEqual(new Set([42900]))
    expect(nacks.every((nack) => nack.retryAfterMs > 0)).toBe(true)
    // One line for the beginning would do, but never one for every push.
    expect(scene.relay.log.filter(({ event }) => event === 'frame-refused').length).toBeLessThan(20)
  })

  it('T23 [H6] refuses a seventeenth document, then ends a socket that asks for thousands; no row is made', async () => {
    const scene = await start()
    const client = await opened(scene, 'mallory')
    for (let i = 0; i < 10_000; i++) client.open(crypto.getRandomValues(new Uint8Array(16)))
    expect((await client.ended).code).toBe(4529)
    client.terminate()
    await scene.expectUnharmed()
  })

  it('T23 [H9] reads one page after another for one person, however many are asked for at once', async () => {
    const scene = await start({ readsInFlight: 1_000 })
    const clients = await Promise.all(Array.from({ length: 4 }, () => opened(scene, 'mallory')))
    for (const client of clients) {
      for (let i = 0; i < 250; i++)
        client.send({ type: 'read', document: scene.document.id, after: 0, maxBytes: 1_000 })
    }
    await Promise.all(clients.map((client) => client.settle()))
    const answers = (): unknown[] =>
      clients.flatMap(({ frames }) => frames.filter(({ type }) => type === 'read-done' || type === 'nack'))
    await vi.waitFor(() => expect(answers()).toHaveLength(1_000))
    expect(clients.flatMap(({ frames }) => frames.filter(({ type }) => type === 'read-done')).length).toBeGreaterThan(
      30,
    )
    for (const client of clients) client.terminate()
    await scene.expectUnharmed()
  })
})

describe('what lasts', () => {
  it('T23 [H3] closes with 4508 whoever never says HELLO', async () => {
    const scene = await start({ helloDeadlineMs: 300 })
    const socket = await upgraded(scene)
    expect(await nextCloseCode(socket)).toBe(4508)
    socket.socket.destroy()
    await scene.expectUnharmed()
  })

  it('T23 [H4] asks the silent twice whether they are there, and cuts off who says nothing', async () => {
    const scene = await start({ silenceMs: 300 })
    const quiet = await opened(scene, 'quiet')
    const deaf = await upgraded(scene)
    const opcodes: number[] = []
    const listening = (async () => {
      for (;;) opcodes.push((await nextServerFrame(deaf)).opcode)
    })().catch(() => {})
    await deaf.ended
    await listening
    expect(opcodes).toEqual([9, 9])
    // A library answers by itself.
    await quiet.settle()
    quiet.terminate()
    await scene.expectUnharmed()
  })

  it('T23 [H5] tells a subscriber that never reads that it lags, cuts it off, and goes on with the others', async () => {
    const limits = { liveQueueBytes: 65_536, hardQueueBytes: 8_388_608, stallMs: 500, silenceMs: 60_000 }
    const scene = await start({
      ...limits,
      socketPushes: { perSecond: 1e6, burst: 1e6 },
      socketBytes: { perSecond: 1e9, burst: 1e9 },
    })
    const sleeper = await opened(scene, 'sleeper')
    sleeper.pause()
    const reader = await opened(scene, 'reader')
    const { writerClient, writer, relay } = scene
    writerClient.send({ type: 'push', envelopes: [writer.bind().envelope] })
    await writerClient.nextOf('ack')
    const content = new Uint8Array(40_000)
    let largest = 0
    for (let i = 0; i < 400; i++) {
      writerClient.send({ type: 'push', envelopes: [writer.update(content).envelope] })
      await writerClient.nextOf('ack')
      largest = Math.max(largest, relay.relay.readFigures().largestQueueBytes)
    }
    // 16 MB were written; what waits for one who does not read is little more than what may.
    expect(largest).toBeLessThan(2 * 65_536 + 65_536)
    await vi.waitFor(() => expect(relay.log.some(({ event }) => event === 'socket-cut-off')).toBe(true), 8_000)
    expect(relay.log.filter(({ event }) => event === 'peer-lags').length).toBeGreaterThan(0)
    await vi.waitFor(() => expect(relay.relay.readFigures().sockets).toBe(3), 5_000)
    await reader.settle()
    sleeper.terminate()
  })
})

describe('who comes in', () => {
  it('T23 [C17] [H7] answers 429 with Retry-After to one socket too many of a network, and not to others', async () => {
    const scene = await start({ countsLoopback: true, socketsPerNetwork: 6 })
    const { relay, document } = scene
    // Two of them are the scene's own.
    const sockets = await Promise.all(Array.from({ length: 4 }, () => upgraded(scene)))
    const refused = await sendRequest(relay, upgradeRequest(relay.token(document.id, null)))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10'])
    const elsewhere = await RawSocket.connect({ ...relay, localAddress: '127.0.0.2' })
    elsewhere.write(upgradeRequest(relay.token(document.id, null)))
    expect((await elsewhere.answer()).status).toBe(101)
    elsewhere.socket.destroy()
    sockets[0]?.socket.destroy()
    await vi.waitFor(async () => {
      const again = await RawSocket.connect(relay)
      again.write(upgradeRequest(relay.token(document.id, null)))
      const { status } = await again.answer()
      again.socket.destroy()
      expect(status).toBe(101)
    })
    for (const socket of sockets) socket.socket.destroy()
    await scene.expectUnharmed()
  })

  it('T23 [C17] spends no TLS handshake on a network that has had its share, and one on everybody else', async () => {
    const scene = await start({ countsLoopback: true, networkHandshakes: { perSecond: 0.1, burst: 8 } })
    const { relay, document } = scene
    // Each is a handshake, whatever comes of it; the scene has had some already.
    const storm = await Promise.allSettled(Array.from({ length: 20 }, () => RawSocket.connect(relay)))
    const reasons = storm.flatMap((one) =>
      one.status === 'rejected' ? [(one.reason as NodeJS.ErrnoException).code] : [],
    )
    expect(reasons.length).toBeGreaterThanOrEqual(12)
    expect(new Set(reasons)).toEqual(new Set(['ECONNRESET']))
    for (const one of storm) if (one.status === 'fulfilled') one.value.socket.destroy()
    const elsewhere = await RawSocket.connect({ ...relay, localAddress: '127.0.0.2' })
    elsewhere.write(upgradeRequest(relay.token(document.id, null)))
    expect((await elsewhere.answer()).status).toBe(101)
    elsewhere.socket.destroy()
    expect(relay.log.filter(({ event }) => event === 'handshake-refused').length).toBeGreaterThan(0)
    // A proxy comes for everybody.
    const behind = await startTestRelay({
      limits: { countsLoopback: true, networkHandshakes: { perSecond: 0.1, burst: 1 } },
      trustedProxies: ['127.0.0.1'],
    })
    for (let i = 0; i < 4; i++) (await RawSocket.connect(behind)).socket.destroy()
    // Who is inside is not asked again.
    await scene.writerClient.settle()
  })

  it('T23 [H7] answers 429 to a ninth socket of one person', async () => {
    const scene = await start({ socketsPerSubject: 8 })
    const { relay, document } = scene
    const sockets = await Promise.all(Array.from({ length: 8 }, () => upgraded(scene)))
    const token = relay.token(document.id, null)
    const refused = await sendRequest(relay, upgradeRequest(token))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10'])
    for (const socket of sockets) socket.socket.destroy()
    await scene.expectUnharmed([token])
  })

  it('T23 [C17] answers 429 to half of forty upgrades at once of one network, while their tokens are being judged', async () => {
    let letThrough = (): void => {}
    const gate = new Promise<void>((resolve) => (letThrough = resolve))
    let isClosed = false
    const relay = await startTestRelay({
      limits: { countsLoopback: true, socketsPerSubject: 200 },
      wrapAuth: (auth) => ({
        async verify(token) {
          if (isClosed) await gate
          return auth.verify(token)
        },
      }),
    })
    const scene = await createScene(relay)
    isClosed = true
    const sockets = await Promise.all(Array.from({ length: 40 }, () => RawSocket.connect(relay)))
    for (const socket of sockets) socket.write(upgradeRequest(relay.token(scene.document.id, null)))
    const statuses: number[] = []
    const answered = sockets.map(async (socket) => statuses.push((await socket.answer()).status))
    await vi.waitFor(() => expect(statuses).toHaveLength(20))
    letThrough()
    await Promise.all(answered)
    expect(statuses.filter((status) => status === 429)).toHaveLength(20)
    expect(statuses.filter((status) => status === 101)).toHaveLength(20)
    for (const socket of sockets) socket.socket.destroy()
    await scene.expectUnharmed()
  })

  it('T23 [H8] answers 503 with the second to come again when too many come at once', async () => {
    // So few that none comes to be let in while the others are asked for.
    const scene = await start({ accepts: { perSecond: 0.1, burst: 4 } })
    const { relay, document } = scene
    const answers = []
    for (let i = 0; i < 5; i++) answers.push(await sendRequest(relay, upgradeRequest(relay.token(document.id, null))))
    expect(answers.map(({ status }) => status)).toEqual([101, 101, 503, 503, 503])
    const seconds = answers.slice(2).map(({ headers }) => Number(headers.get('retry-after')))
    expect(seconds.map((each) => Math.ceil(each / 10))).toEqual([1, 2, 3])
    await scene.expectUnharmed()
  })

  it(
    'T23 [H13] sixty connections that send headers a byte at a time keep nobody out',
    { timeout: 20_000 },
    async () => {
      const scene = await start()
      const sockets = await Promise.all(Array.from({ length: 60 }, () => RawSocket.connect(scene.relay)))
      const request = Buffer.from(upgradeRequest(scene.relay.token(scene.document.id, null)))
      let at = 0
      const trickle = setInterval(() => {
        for (const { socket } of sockets) if (!socket.destroyed) socket.write(request.subarray(at, at + 1))
        at++
      }, 200)
      try {
        const newcomer = await upgraded(scene)
        newcomer.socket.destroy()
        await Promise.all(sockets.map((socket) => socket.ended))
        expect(sockets.filter(({ received }) => received.includes(' 101 '))).toEqual([])
      } finally {
        clearInterval(trickle)
      }
      await scene.expectUnharmed()
    },
  )
})

it('T23 [C14] forgets the place of a peer that goes away while its token is judged', async () => {
  const scene = await start({ countsLoopback: true, upgradesPerNetwork: 2 })
  for (let i = 0; i < 10; i++) {
    const socket = await RawSocket.connect(scene.relay)
    socket.write(upgradeRequest(scene.relay.token(scene.document.id, null)))
    socket.socket.destroy()
    await once(socket.socket, 'close')
  }
  await vi.waitFor(() => expect(scene.relay.relay.readFigures().sockets).toBe(2))
  const next = await upgraded(scene)
  next.socket.destroy()
  await scene.expectUnharmed()
})
