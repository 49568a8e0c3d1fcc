import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { parseJwks } from '../../../../server/auth/jwks.ts'
import { createJwksKeys, type JwksKeysOptions } from '../../../../server/auth/jwks-keys.ts'
import type { Log } from '../../../../server/core/ports.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'
import { createTestClock, createTestKey, publicJwk } from '../../../support/tokens.ts'

const A = createTestKey('a')
const B = createTestKey('b', 'ES256')
const setOf = (...keys: readonly object[]): string => JSON.stringify({ keys })
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** A key server on loopback; returns its address and how often it was asked. */
async function startKeyServer(listener: RequestListener) {
  let asked = 0
  const server = createServer((request, response) => {
    asked++
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`, asked: () => asked }
}

function createKeys(source: string, options: Partial<JwksKeysOptions> = {}) {
  const clock = createTestClock()
  return { clock, keys: createJwksKeys({ source, clock, log: silent, ...options }) }
}

describe('a key set', () => {
  it('[AU1] yields Ed25519 and P-256 keys and passes over other kinds', async () => {
    const rsa = { kty: 'RSA', kid: 'r', n: 'AQAB', e: 'AQAB' }
    const found = await parseJwks(setOf(publicJwk(A), rsa, publicJwk(B)))
    expect(found.map(({ kid, algorithm }) => [kid, algorithm])).toEqual([
      ['a', 'EdDSA'],
      ['b', 'ES256'],
    ])
  })

  it.each([
    ['[J7] a private Ed25519 key', setOf({ ...A.privateKey.export({ format: 'jwk' }), kid: 'a' }), 'private'],
    [
      '[J7] a private P-256 key beside a public one',
      setOf(publicJwk(A), { ...B.privateKey.export({ format: 'jwk' }), kid: 'b' }),
      'private',
    ],
    ['[J7] a shared secret', setOf({ kty: 'oct', kid: 'x', k: 'AAAA' }), 'private'],
    ['[AU1] no set', '{}', 'no JSON Web Key Set'],
    ['[AU1] no JSON', '<html>', 'no JSON Web Key Set'],
    ['[D14] a member twice', '{"keys":[],"keys":[]}', 'no JSON Web Key Set'],
    ['[AU1] nothing usable', setOf({ kty: 'RSA', kid: 'r' }), 'no usable key'],
    ['[D6] a key without a name', setOf({ ...publicJwk(A), kid: undefined }), 'no usable key'],
    ['[D6] two keys of one name', setOf(publicJwk(A), publicJwk(A)), 'one "kid"'],
    ['[AU1] a key for encryption', setOf({ ...publicJwk(A), use: 'enc' }), 'no usable key'],
    ['[AU1] a key for another algorithm', setOf({ ...publicJwk(B), alg: 'ES384' }), 'no usable key'],
    ['[AU1] a point beside its curve', setOf({ ...publicJwk(B), y: 'A'.repeat(43) }), 'no point'],
  ])('%s is refused in words', async (_what, text, words) => {
    await expect(parseJwks(text)).rejects.toThrow(words)
  })
})

describe('keys from a file or an address', () => {
  it('[D31] whoever asks for a reading gets what stands there now, though an older one is under way', async () => {
    const answers: (() => void)[] = []
    let list = setOf(publicJwk(A))
    const { url } = await startKeyServer((_, response) => {
      const text = list
      answers.push(() => void response.end(text))
    })
    const { keys } = createKeys(url)
    const found = keys.find('a')
    await vi.waitFor(() => expect(answers).toHaveLength(1))
    list = setOf(publicJwk(A), publicJwk(B))
    const refreshed = keys.refresh()
    answers[0]?.()
    await vi.waitFor(() => expect(answers).toHaveLength(2))
    answers[1]?.()
    await refreshed
    expect((await found)?.kid).toBe('a')
    expect([keys.size, (await keys.find('b'))?.kid]).toEqual([2, 'b'])
  })

  it('[D31] a rotated key is found by its unknown name, and one taken off the list is gone', async () => {
    let list = setOf(publicJwk(A))
    const { url, asked } = await startKeyServer((_, response) => response.end(list))
    const { clock, keys } = createKeys(url)
    expect((await keys.find('a'))?.kid).toBe('a')
    list = setOf(publicJwk(B))
    expect(await keys.find('b')).toBeNull()
    expect(asked()).toBe(1)
    clock.advance(10_000)
    expect((await keys.find('b'))?.kid).toBe('b')
    expect(await keys.find('a')).toBeNull()
    expect(asked()).toBe(2)
  })

  it('[D6] a flood of unknown names asks once a cool-down, and one question serves all who wait', async () => {
    const { url, asked } = await startKeyServer((_, response) => response.end(setOf(publicJwk(A))))
    const { keys } = createKeys(url)
    await Promise.all(Array.from({ length: 50 }, (_, i) => keys.find(`unknown-${i}`)))
    await Promise.all(Array.from({ length: 50 }, (_, i) => keys.find(`unknown-${i}`)))
    expect(asked()).toBe(1)
  })

  it('[D31] a list that has aged is read again though all names are known', async () => {
    let list = setOf(publicJwk(A), publicJwk(B))
    const { url } = await startKeyServer((_, response) => response.end(list))
    const { clock, keys } = createKeys(url)
    expect(await keys.find('a')).not.toBeNull()
    list = setOf(publicJwk(B))
    clock.advance(300_000)
    expect(await keys.find('a')).toBeNull()
  })

  it.each<readonly [string, RequestListener]>([
    ['down', (_, response) => response.destroy()],
    ['failing', (_, response) => response.writeHead(500).end()],
    ['sending 1 MB', (_, response) => response.end(setOf(publicJwk(B)) + ' '.repeat(1_000_000))],
    [
      'sending a redirect to the metadata address',
      (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    ],
    [
      'sending a redirect to itself',
      (request, response) => {
        if (request.url === '/other') response.end(setOf(publicJwk(B)))
        else response.writeHead(302, { location: '/other' }).end()
      },
    ],
    ['silent', () => {}],
    ['sending private keys', (_, response) => response.end(setOf(B.privateKey.export({ format: 'jwk' })))],
    ['sending no list', (_, response) => response.end('{"keys":[]}')],
  ])('[D32] a key server that is %s leaves the old keys in force and adds none', async (_what, listener) => {
    let isWell = true
    const { url } = await startKeyServer((request, response) => {
      if (isWell) response.end(setOf(publicJwk(A)))
      else listener(request, response)
    })
    const { clock, keys } = createKeys(url, { timeoutMs: 200 })
    expect(await keys.find('a')).not.toBeNull()
    isWell = false
    clock.advance(300_000)
    expect(await keys.find('a')).not.toBeNull()
    expect(await keys.find('b')).toBeNull()
    await expect(keys.refresh()).rejects.toThrow(/./)
  })

  it.each([
    'http://keys.example/jwks.json',
    'ftp://127.0.0.1/x',
    'https://user:word@keys.example/x',
    'file:///etc/passwd',
  ])('[D32] the address %s is refused', (source) => {
    expect(() => createKeys(source)).toThrow(/key set/)
  })

  it('[D31] a file is read again for a name that it did not have', async () => {
    const path = join(makeTemporaryFolder(), 'jwks.json')
    writeFileSync(path, setOf(publicJwk(A)))
    const { clock, keys } = createKeys(path)
    await keys.refresh()
    expect(await keys.find('b')).toBeNull()
    writeFileSync(path, setOf(publicJwk(B)))
    clock.advance(10_000)
    expect(await keys.find('b')).not.toBeNull()
    expect(await keys.find('a')).toBeNull()
  })
})
