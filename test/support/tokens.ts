/**
 * Makes tokens, good ones and every kind of bad one: what is signed is exactly the text that the test gives.
 *
 * @module
 */
import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

import { parseJwks } from '../../server/auth/jwks.ts'
import { createStaticKeys, type KeySource } from '../../server/auth/key-source.ts'
import type { Clock } from '../../server/core/ports.ts'

export const ISSUER = 'https://app.example'
export const AUDIENCE = 'wss://relay.example/sync'
/** Sunday 22 November 2026, 12:00 UTC, in seconds. */
export const NOW_S = 1_795_348_800
export const DOCUMENT = 'AAECAwQFBgcICQoLDA0ODw'
export const DEVICE = 'EBESExQVFhcYGRobHB0eHw'

export interface TestKey {
  readonly kid: string
  readonly alg: 'EdDSA' | 'ES256'
  readonly privateKey: KeyObject
}

export function createTestKey(kid: string, alg: TestKey['alg'] = 'EdDSA'): TestKey {
  const { privateKey } =
    alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, alg, privateKey }
}

export function publicJwk(key: TestKey): Record<string, unknown> {
  return { ...createPublicKey(key.privateKey).export({ format: 'jwk' }), kid: key.kid }
}

export async function keysOf(...keys: readonly TestKey[]): Promise<KeySource> {
  return createStaticKeys(await parseJwks(JSON.stringify({ keys: keys.map(publicJwk) })))
}

export function encode(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64url')
}

/** Claims of a good token; each test changes what it is about. `undefined` leaves a claim out. */
export function goodClaims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'alice',
    jti: 'token-1',
    iat: NOW_S,
    exp: NOW_S + 300,
    doc: DOCUMENT,
    perm: ['read', 'write'],
    cnf: DEVICE,
    ...changes,
  }
}

export function goodHeader(key: TestKey, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { alg: key.alg, kid: key.kid, typ: 'y-sealed+jwt', ...changes }
}

/** Signs `header.payload`, both given as the JSON text or bytes that they are to be. */
export function signTexts(key: TestKey, header: string | Uint8Array, payload: string | Uint8Array): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${encode(signInput(key, input))}`
}

export function signInput(key: TestKey, input: string): Buffer {
  return key.alg === 'EdDSA'
    ? sign(null, Buffer.from(input), key.privateKey)
    : sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
}

export function makeToken(
  key: TestKey,
  claims: Record<string, unknown> = goodClaims(),
  header: Record<string, unknown> = goodHeader(key),
): string {
  return signTexts(key, JSON.stringify(header), JSON.stringify(claims))
}

/** A token under an HMAC, as those make it who take a public key for a shared one. */
export function makeHmacToken(secret: string | Uint8Array, kid: string, bits: 256 | 512 = 256): string {
  const input = `${encode(JSON.stringify({ alg: `HS${bits}`, kid, typ: 'y-sealed+jwt' }))}.${encode(JSON.stringify(goodClaims()))}`
  return `${input}.${encode(createHmac(`sha${bits}`, secret).update(input).digest())}`
}

/** A clock that stands still until it is moved. */
export function createTestClock(
  nowMs: number = NOW_S * 1000,
): Clock & { advance(ms: number): void; stepWall(ms: number): void } {
  let monotonic = 0
  let wall = nowMs
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>()
  return {
    now: () => wall,
    monotonic: () => monotonic,
    after(delayMs, callback) {
      const timer = { at: monotonic + delayMs, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(ms) {
      monotonic += ms
      wall += ms
      for (const timer of timers) {
        if (timer.at > monotonic) continue
        timers.delete(timer)
        timer.callback()
      }
    },
    stepWall(ms) {
      wall += ms
    },
  }
}
