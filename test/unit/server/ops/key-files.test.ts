import { base64urlToBytes, cryptoReady, toBytes, verifySignature, type Bytes } from '@y-sealed/protocol'
import { createHash } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { createSecretFile, loadSecretFile, makeSecretFolder } from '../../../../server/ops/secret-file.ts'
import { loadHeadKey, loadIssuerKey } from '../../../../server/ops/signing-key.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe('key files', () => {
  it('[I8] are made on first use, mode 0600 in a folder of mode 0700, and hold 32 bytes', () => {
    const folder = join(makeTemporaryFolder(), 'data', 'keys')
    loadHeadKey(folder)
    expect([modeOf(folder), modeOf(join(folder, 'head.key'))]).toEqual(['700', '600'])
    expect(readFileSync(join(folder, 'head.key'))).toHaveLength(32)
    expect(readdirSync(folder)).toEqual(['head.key'])
  })

  it('[LO5] are the same at the next start', () => {
    const folder = join(makeTemporaryFolder(), 'keys')
    expect(loadHeadKey(folder).publicKey).toEqual(loadHeadKey(folder).publicKey)
    expect(loadIssuerKey(folder).publicKey).not.toEqual(loadHeadKey(folder).publicKey)
  })

  it('[LO4] sign what libsodium verifies', async () => {
    await cryptoReady()
    const head = loadHeadKey(join(makeTemporaryFolder(), 'keys'))
    const message = new TextEncoder().encode('a head')
    expect(verifySignature(head.sign(message), message, head.publicKey)).toBe(true)
    expect(verifySignature(head.sign(message), new TextEncoder().encode('another'), head.publicKey)).toBe(false)
  })

  it('[LO4] sign as RFC 8032 §7.1 test 2 has it', () => {
    const folder = join(makeTemporaryFolder(), 'keys')
    const hex = (text: string): Bytes => toBytes(Buffer.from(text, 'hex'))
    createSecretFile(join(folder, 'head.key'), hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'))
    const head = loadHeadKey(folder)
    expect(Buffer.from(head.publicKey).toString('hex')).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    )
    expect(Buffer.from(head.sign(hex('72'))).toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  it('[AU10] the issuer’s key is called by its thumbprint', () => {
    const { kid, publicKey } = loadIssuerKey(join(makeTemporaryFolder(), 'keys'))
    const jwk = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: Buffer.from(publicKey).toString('base64url') })
    expect(kid).toBe(createHash('sha256').update(jwk).digest('base64url'))
    expect(base64urlToBytes(kid)).toHaveLength(32)
  })

  it.each([0o640, 0o604, 0o660, 0o666, 0o644])(
    '[J6] a file of mode %o is refused with what to do, and left as it is',
    (mode) => {
      const folder = join(makeTemporaryFolder(), 'keys')
      loadHeadKey(folder)
      const path = join(folder, 'head.key')
      const before = readFileSync(path)
      chmodSync(path, mode)
      expect(() => loadHeadKey(folder)).toThrow(/may be read by other users.*chmod 600/)
      expect(readFileSync(path)).toEqual(before)
    },
  )

  it('[J6] a folder that others may write to is refused', () => {
    const folder = join(makeTemporaryFolder(), 'keys')
    loadHeadKey(folder)
    chmodSync(folder, 0o770)
    expect(() => loadHeadKey(folder)).toThrow(/chmod 700/)
    expect(() => makeSecretFolder(folder)).toThrow(/mode 770/)
  })

  it.each([0, 31, 33, 64])('[J6] a file of %i bytes is no key, and the error does not show it', (length) => {
    const folder = join(makeTemporaryFolder(), 'keys')
    createSecretFile(join(folder, 'head.key'), 'x'.repeat(length))
    expect(() => loadHeadKey(folder)).toThrow(/does not hold a key of 32 bytes/)
  })

  it('[J6] two starts at once end with one key: the file that was there first stands', () => {
    const path = join(makeTemporaryFolder(), 'keys', 'a.key')
    expect(createSecretFile(path, 'first')).toBe(true)
    expect(createSecretFile(path, 'second')).toBe(false)
    expect(loadSecretFile(path, () => 'third').toString()).toBe('first')
    writeFileSync(path, 'changed')
    expect(loadSecretFile(path, () => 'third').toString()).toBe('changed')
  })
})
