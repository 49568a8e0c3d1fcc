/** Reader and writer, field by field. */
import { Reader, Writer } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

const reader = (...bytes: readonly number[]): Reader => new Reader(Uint8Array.from(bytes))

describe('Reader', () => {
  it('[WI1] reads big-endian unsigned integers', () => {
    const r = reader(1, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xfe, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
    expect([r.u8(), r.u16(), r.u32(), r.u64()]).toEqual([1, 0xfffe, 0xfffffffe, Number.MAX_SAFE_INTEGER])
    expect(r.finish('whole')).toEqual({ ok: true, value: 'whole' })
  })

  it.each([[0x00, 0x20, 0, 0, 0, 0, 0, 0], Array<number>(8).fill(0xff)])(
    '[WI1] refuses a u64 above 2^53 − 1',
    (...bytes) => {
      const r = reader(...bytes)
      expect(r.u64()).toBe(0)
      expect(r.fault).toBe('range')
    },
  )

  it('[WI3] keeps the first fault, and gives zero values after it', () => {
    const r = reader(2, 9, 9, 9, 9, 9, 9, 9, 9, 9)
    expect(r.flag()).toBe(false)
    expect(r.fault).toBe('flag')
    expect([r.u8(), r.u16(), r.u32(), r.u64(), r.flag(), r.text(9), r.remaining]).toEqual([0, 0, 0, 0, false, '', 0])
    expect([r.fixed(4), r.bytes16(9), r.bytes32(9), r.rest()].map(({ length }) => length)).toEqual([0, 0, 0, 0])
    expect(r.envelope().bytes).toHaveLength(0)
    r.fail('count')
    expect(r.finish('whole')).toEqual({ ok: false, fault: 'flag' })
  })

  it('[WI3] refuses bytes missing and bytes left over', () => {
    const short = reader(0)
    short.u16()
    expect(short.finish(1)).toEqual({ ok: false, fault: 'truncated' })
    expect(reader(0).finish(1)).toEqual({ ok: false, fault: 'trailing' })
  })

  it('[WI2] checks a length against its limit before the bytes', () => {
    const r = reader(0xff, 0xff, 0xff, 0xff)
    expect(r.bytes32(10)).toHaveLength(0)
    expect(r.fault).toBe('limit')
    const s = reader(0, 11, 1, 2)
    expect(s.bytes16(11)).toHaveLength(0)
    expect(s.fault).toBe('truncated')
  })

  it('copies nothing', () => {
    const bytes = Uint8Array.from([0, 2, 7, 8, 9])
    const r = new Reader(bytes)
    expect([r.bytes16(2).buffer, r.fixed(1).buffer]).toEqual([bytes.buffer, bytes.buffer])
  })
})

describe('Writer', () => {
  it('[WI1] [WI2] writes what the reader reads', () => {
    const bytes = new Writer(1)
      .u8(255)
      .u16(65_535)
      .u32(4_294_967_295)
      .u64(Number.MAX_SAFE_INTEGER)
      .flag(true)
      .bytes16(Uint8Array.of(7), 1)
      .bytes32(Uint8Array.of(8), 1)
      .text('é', 2)
      .finish()
    const r = new Reader(bytes)
    const read = [r.u8(), r.u16(), r.u32(), r.u64(), r.flag(), r.bytes16(1), r.bytes32(1), r.text(2)]
    const expected = [
      255,
      65_535,
      4_294_967_295,
      Number.MAX_SAFE_INTEGER,
      true,
      Uint8Array.of(7),
      Uint8Array.of(8),
      'é',
    ]
    expect(read).toEqual(expected)
    expect(r.finish(0).ok).toBe(true)
  })

  it.each([
    ['a negative', (w: Writer) => w.u8(-1)],
    ['a fraction', (w: Writer) => w.u16(0.5)],
    ['NaN', (w: Writer) => w.u32(Number.NaN)],
    ['256 in a u8', (w: Writer) => w.u8(256)],
    ['2^32 in a u32', (w: Writer) => w.u32(2 ** 32)],
    ['2^53 in a u64', (w: Writer) => w.u64(2 ** 53)],
    ['bytes over their limit', (w: Writer) => w.bytes16(new Uint8Array(3), 2)],
    ['a text over its limit', (w: Writer) => w.text('éé', 3)],
    ['a text with U+0000', (w: Writer) => w.text('\0', 3)],
  ])('throws RangeError for %s', (_, write) => {
    expect(() => write(new Writer())).toThrow(RangeError)
  })

  it('throws TypeError for bytes of another length', () => {
    expect(() => new Writer().fixed(new Uint8Array(15), 16)).toThrow(TypeError)
  })
})
