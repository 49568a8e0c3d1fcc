import { cryptoReady, type Bytes } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

import { readRecovery, writeRecovery } from '../../../../client/recovery/recovery-file.ts'

beforeAll(() => cryptoReady())

const entries = (): Map<string, Bytes> =>
  new Map([
    ['device', randomBytes(64)],
    ['document/abc', randomBytes(400)],
  ])

function code(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'none'
}

describe('a recovery file', () => {
  it('[KM21] opens with its key, as people type it and as its QR code has it', () => {
    const kept = entries()
    const { key, qr, file } = writeRecovery(kept)
    expect(readRecovery(file, key)).toEqual(kept)
    expect(readRecovery(file, key.toLowerCase().replaceAll('-', ' '))).toEqual(kept)
    expect(readRecovery(file, qr)).toEqual(kept)
    expect(qr).toMatch(/^[0-9A-Z]{28}$/)
  })

  it('[KM21] holds nothing of the keys in clear, and never the same bytes twice', () => {
    const kept = entries()
    const [one, two] = [writeRecovery(kept), writeRecovery(kept)]
    const hex = (bytes: Bytes): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    for (const value of kept.values()) expect(hex(one.file)).not.toContain(hex(value.slice(0, 16)))
    expect(hex(one.file).slice(0, 80)).not.toBe(hex(two.file).slice(0, 80))
    expect(one.key).not.toBe(two.key)
  })

  it('[KM21] says whether the key is mistyped, the file another, or both too new', () => {
    const { key, file } = writeRecovery(entries())
    const other = writeRecovery(entries())
    const mistyped = (key[0] === '7' ? '8' : '7') + key.slice(1)
    expect(code(() => readRecovery(file, other.key))).toBe('RECOVERY_FILE')
    expect(['RECOVERY_KEY', 'RECOVERY_FILE']).toContain(code(() => readRecovery(file, mistyped)))
    expect(code(() => readRecovery(file, 'hello'))).toBe('RECOVERY_KEY')
    expect(code(() => readRecovery(new Uint8Array(0), key))).toBe('RECOVERY_FILE')
    const newer = file.slice()
    newer[0] = 2
    expect(code(() => readRecovery(newer, key))).toBe('RECOVERY_VERSION')
    for (const at of [1, 30, file.length - 1]) {
      const bent = file.slice()
      bent[at] = (bent[at] ?? 0) ^ 1
      expect(code(() => readRecovery(bent, key))).toBe('RECOVERY_FILE')
    }
  })
})
