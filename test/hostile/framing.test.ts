/** Rows E of the security cases by raw bytes: what a peer may do to WebSocket frames, and what is left after it. */
import { encodeClientFrame } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import type { RelayLimits } from '../../server/core/limits.ts'
import { createScene, type Scene } from '../support/aftermath.ts'
import { clientFrame, nextCloseCode, nextServerFrame, RawSocket, upgradeRequest } from '../support/raw-http.ts'
import { startTestRelay } from '../support/test-relay.ts'

const start = async (limits: Partial<RelayLimits> = {}): Promise<Scene> =>
  createScene(await startTestRelay({ limits: { socketsPerSubject: 100, ...limits } }))

/** An upgraded socket that has read WELCOME. */
async function upgraded({ relay, document }: Scene): Promise<RawSocket> {
  const socket = await RawSocket.connect(relay)
  socket.write(upgradeRequest(relay.token(document.id, null)))
  expect((await socket.answer()).status).toBe(101)
  await nextServerFrame(socket)
  return socket
}

/** The code that a socket is closed with after `bytes`; it goes when the relay has closed. */
async function codeAfter(scene: Scene, bytes: Uint8Array): Promise<number> {
  const socket = await upgraded(scene)
  socket.write(bytes)
  const code = await nextCloseCode(socket)
  socket.socket.destroy()
  return code
}

const text = (hex: string): Buffer => clientFrame(1, Buffer.from(hex, 'hex'))
const closing = (code: number, reason: Uint8Array = new Uint8Array(0)): Buffer =>
  clientFrame(8, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), reason]))

describe('frames', () => {
  it('T16 [E6] closes with 1007 on text that is no UTF-8', async () => {
    const scene = await start()
    for (const hex of ['c328', 'eda080', 'c0af', 'e282'])
      expect([hex, await codeAfter(scene, text(hex))]).toEqual([hex, 1007])
    await scene.expectUnharmed()
  })

  it('T16 [E10] closes with 1009 on fragments that are too long together', async () => {
    const scene = await start()
    const half = new Uint8Array(70_000)
    const bytes = Buffer.concat([clientFrame(2, half, { fin: false }), clientFrame(0, half)])
    expect(await codeAfter(scene, bytes)).toBe(1009)
    await scene.expectUnharmed()
  })

  it('T16 [E12] [H2] closes with 4508 on a message that does not come to its end', async () => {
    const scene = await start({ messageDeadlineMs: 300 })
    const fragments = Array.from({ length: 60 }, (_, i) =>
      clientFrame(i === 0 ? 2 : 0, Buffer.from([1]), { fin: false }),
    )
    for (const bytes of [
      Buffer.concat(fragments),
      Buffer.from([0x82]),
      clientFrame(2, new Uint8Array(10), { length: 1_000 }),
      clientFrame(2, new Uint8Array(0), { fin: false }),
    ]) {
      expect(await codeAfter(scene, bytes)).toBe(4508)
    }
    await scene.expectUnharmed()
  })

  it('T16 [H2] counts from the first byte, however steadily the others trickle', async () => {
    const scene = await start({ messageDeadlineMs: 500 })
    const socket = await upgraded(scene)
    const bytes = clientFrame(2, new Uint8Array(2_000))
    let at = 0
    const trickle = setInterval(() => socket.write(bytes.subarray(at, ++at)), 20)
    try {
      expect(await nextCloseCode(socket)).toBe(4508)
    } finally {
      clearInterval(trickle)
    }
    expect(at).toBeLessThan(100)
    socket.socket.destroy()
    await scene.expectUnharmed()
  })

  it('T16 [E13] closes with 1002 or 1007 on a close frame that is none', async () => {
    const scene = await start()
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535]) {
      expect([code, await codeAfter(scene, closing(code))]).toEqual([code, 1002])
    }
    expect(await codeAfter(scene, clientFrame(8, Buffer.from([3])))).toBe(1002)
    expect(await codeAfter(scene, closing(1000, Buffer.from('c328', 'hex')))).toBe(1007)
    await scene.expectUnharmed()
  })

  it('T16 [E14] [E17] answers a close frame with its code, and nothing that follows it', async () => {
    const scene = await start()
    for (const code of [1000, 1001, 3000, 4999]) expect(await codeAfter(scene, closing(code))).toBe(code)
    const socket = await upgraded(scene)
    const late = clientFrame(2, encodeClientFrame({ type: 'ping', nonce: 1 }))
    socket.write(Buffer.concat([closing(1000), late, late]))
    expect(await nextServerFrame(socket)).toMatchObject({ opcode: 8 })
    await socket.ended
    expect(socket.received).toHaveLength(0)
    await scene.expectUnharmed()
  })

  it('T16 [E15] [E16] closes with 4529 on a flood of pings, or of pongs that nobody asked for', async () => {
    const scene = await start()
    for (const opcode of [9, 10]) {
      const flood = Buffer.concat(Array.from({ length: 10_000 }, () => clientFrame(opcode, new Uint8Array(0))))
      expect(await codeAfter(scene, flood)).toBe(4529)
    }
    await scene.expectUnharmed()
  })

  it('T16 [E15] answers the pings that a library sends', async () => {
    const scene = await start()
    const socket = await upgraded(scene)
    for (let i = 0; i < 15; i++) socket.write(clientFrame(9, Buffer.from([i])))
    for (let i = 0; i < 15; i++) expect((await nextServerFrame(socket)).payload[0]).toBe(i)
    socket.socket.destroy()
    await scene.expectUnharmed()
  })

  it('T16 [E18] takes a length that is written longer than need be, and judges the message as any other', async () => {
    const scene = await start()
    // Not to be seen above ws: RFC 6455 §5.2 forbids it, and it does no harm. `ff` is the type of no frame.
    expect(await codeAfter(scene, Buffer.from('82fe000100000000ff', 'hex'))).toBe(4400)
    await scene.expectUnharmed()
  })

  it('T16 [E20] unpacks nothing: a frame that says it is compressed is refused', async () => {
    const scene = await start()
    const compressed = clientFrame(2, new Uint8Array(10))
    compressed[0] = 0xc2
    expect(await codeAfter(scene, compressed)).toBe(1002)
    await scene.expectUnharmed()
  })
})
