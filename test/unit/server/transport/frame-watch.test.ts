import { describe, expect, it } from 'vitest'

import { FrameWatch } from '../../../../server/transport/frame-watch.ts'
import { isLoopback, networkKey } from '../../../../server/transport/network-key.ts'
import { clientFrame } from '../../../support/raw-http.ts'

/** Begins by byte: when the watch says that the message under way began, after each byte taken at its index. */
function beginsOf(bytes: Uint8Array): (number | null)[] {
  const watch = new FrameWatch()
  return Array.from(bytes, (byte, i) => {
    watch.take(new Uint8Array([byte]), i)
    return watch.beganAtMs
  })
}

describe('frames', () => {
  it('[E12] knows where a message ends, byte by byte, for every form of length', () => {
    for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
      const frame = clientFrame(2, new Uint8Array(length))
      const begins = beginsOf(Buffer.concat([frame, frame]))
      const expected = Array.from({ length: frame.length }, (_, i) => (i === frame.length - 1 ? null : 0))
      expect(begins.slice(0, frame.length)).toEqual(expected)
      expect(begins.slice(frame.length)).toEqual(expected.map((at) => (at === null ? null : frame.length)))
    }
  })

  it('[E12] counts a message from its first fragment, whatever control frames stand between', () => {
    const watch = new FrameWatch()
    watch.take(clientFrame(2, new Uint8Array(3), { fin: false }), 1)
    expect(watch.beganAtMs).toBe(1)
    watch.take(clientFrame(9, new Uint8Array(2)), 2)
    watch.take(clientFrame(0, new Uint8Array(0), { fin: false }), 3)
    expect(watch.beganAtMs).toBe(1)
    watch.take(Buffer.concat([clientFrame(0, new Uint8Array(1)), clientFrame(2, new Uint8Array(9))]), 4)
    expect(watch.beganAtMs).toBeNull()
  })

  it('[E12] says the same whatever the chunks', () => {
    const bytes = Buffer.concat([
      clientFrame(2, new Uint8Array(300)),
      clientFrame(10, new Uint8Array(0)),
      clientFrame(2, new Uint8Array(70_000)),
      clientFrame(1, new Uint8Array(5), { fin: false }),
    ])
    for (const size of [1, 2, 3, 7, 64, 1_000, bytes.length]) {
      const watch = new FrameWatch()
      for (let at = 0; at < bytes.length; at += size) watch.take(bytes.subarray(at, at + size), at)
      expect(watch.beganAtMs).not.toBeNull()
      watch.take(clientFrame(0, new Uint8Array(1)), 0)
      expect(watch.beganAtMs).toBeNull()
    }
  })
})

describe('networks', () => {
  it('[H7] are an address of IPv4 and a /64 of IPv6', () => {
    expect(networkKey('192.0.2.7')).toBe('192.0.2.7')
    expect(networkKey('::ffff:192.0.2.7')).toBe('192.0.2.7')
    const one = networkKey('2001:db8:1:2:3:4:5:6')
    for (const other of ['2001:db8:1:2::', '2001:DB8:1:2::1', '2001:0db8:0001:0002:ffff::9', '2001:db8:1:2::1%eth0']) {
      expect(networkKey(other)).toBe(one)
    }
    expect(networkKey('2001:db8:1:3::1')).not.toBe(one)
    expect(networkKey('2001:db8::1')).toBe(networkKey('2001:db8:0:0:5::'))
  })

  it('knows the addresses of this machine', () => {
    for (const own of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) expect(isLoopback(own)).toBe(true)
    for (const other of ['128.0.0.1', '::2', '10.0.0.1', '', '::ffff:10.0.0.1']) expect(isLoopback(other)).toBe(false)
  })
})
