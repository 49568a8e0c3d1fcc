/**
 * Forged, damaged and stretched tokens against the verifier: each row with the one word that the log gets. Outward they all look
 * the same, which the socket suite proves. SECURITY-CASES D1 to D25, D33; rules AU1 to AU5.
 *
 * @module
 */
import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'

import { createTokenVerifier } from '../../server/auth/token-verifier.ts'
import {
  AUDIENCE,
  createTestClock,
  createTestKey,
  DEVICE,
  DOCUMENT,
  encode,
  goodClaims,
  goodHeader,
  ISSUER,
  keysOf,
  makeHmacToken,
  makeToken,
  NOW_S,
  publicJwk,
  signInput,
  signTexts,
} from '../support/tokens.ts'
import { startCpuClock } from '../support/cpu-clock.ts'

const ED = createTestKey('ed-1')
const EC = createTestKey('ec-1', 'ES256')
const STRANGER = createTestKey('ed-1')
const keys = await keysOf(ED, EC)

async function judge(token: string, audiences: readonly string[] = [AUDIENCE]): Promise<string> {
  const verifier = createTokenVerifier({ keys, issuers: [ISSUER], audiences, clock: createTestClock() })
  const verdict = await verifier.verify(token)
  return verdict.ok ? 'accepted' : verdict.reason
}

const header = JSON.stringify(goodHeader(ED))
const payload = JSON.stringify(goodClaims())
const withClaims = (changes: Record<string, unknown>): string => makeToken(ED, goodClaims(changes))
const withHeader = (changes: Record<string, unknown>): string => makeToken(ED, goodClaims(), goodHeader(ED, changes))
/** The payload with one piece of its text exchanged, for what JSON.stringify would not write. */
const withText = (from: string, to: string): string => {
  if (!payload.includes(from)) throw new Error('the test names a piece that is not there')
  return signTexts(ED, header, payload.replace(from, to))
}
const spki = createPublicKey(ED.privateKey)
const good = makeToken(ED)
const [goodHead = '', goodPayload = '', goodSignature = ''] = good.split('.')

/** L of Ed25519 and n of P-256, for the other signature that says the same. */
const ED_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const EC_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

function addToS(token: string): string {
  const signature = Buffer.from(token.split('.')[2] as string, 'base64url')
  let s = 0n
  for (let i = 63; i >= 32; i--) s = (s << 8n) | BigInt(signature[i] as number)
  s += ED_ORDER
  for (let i = 32; i < 64; i++, s >>= 8n) signature[i] = Number(s & 0xffn)
  return `${token.slice(0, token.lastIndexOf('.'))}.${encode(signature)}`
}

function negateS(token: string): string {
  const signature = Buffer.from(token.split('.')[2] as string, 'base64url')
  const s = EC_ORDER - BigInt(`0x${signature.subarray(32).toString('hex')}`)
  const flipped = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
  return `${token.slice(0, token.lastIndexOf('.'))}.${encode(flipped)}`
}

/** The last character carries 4 bits of the signature and 2 spare ones, which are zero. */
function setSpareBits(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) as string) | 1]
}

type Row = readonly [id: string, what: string, token: string, reason: string]

const ROWS: readonly Row[] = [
  ['AU1', 'a good token under Ed25519', good, 'accepted'],
  ['AU1', 'a good token under P-256', makeToken(EC), 'accepted'],
  ['AU3', 'no cnf', withClaims({ cnf: undefined }), 'accepted'],
  ['AU3', 'nbf now', withClaims({ nbf: NOW_S }), 'accepted'],
  [
    'AU4',
    'all permissions',
    withClaims({ perm: ['read', 'write', 'awareness', 'snapshot', 'members', 'create', 'delete'] }),
    'accepted',
  ],

  ['D1', 'alg none', withHeader({ alg: 'none' }), 'wrong-algorithm'],
  ['D1', 'alg NonE', withHeader({ alg: 'NonE' }), 'wrong-algorithm'],
  ['D1', 'an empty signature', `${goodHead}.${goodPayload}.`, 'bad-form'],
  [
    'D1',
    'alg none and an empty signature',
    `${encode('{"alg":"none","kid":"ed-1","typ":"y-sealed+jwt"}')}.${goodPayload}.`,
    'bad-form',
  ],
  [
    'D2',
    'HS256 keyed with the public key as PEM',
    makeHmacToken(spki.export({ format: 'pem', type: 'spki' }), 'ed-1'),
    'bad-form',
  ],
  [
    'D2',
    'HS512 keyed with the public key as DER',
    makeHmacToken(spki.export({ format: 'der', type: 'spki' }), 'ed-1', 512),
    'wrong-algorithm',
  ],
  [
    'D2',
    'HS512 keyed with the raw public key',
    makeHmacToken(Buffer.from(publicJwk(ED)['x'] as string, 'base64url'), 'ed-1', 512),
    'wrong-algorithm',
  ],
  ['D3', 'signed by another key of the same name', makeToken(STRANGER), 'bad-signature'],
  ['D3', 'RS256', withHeader({ alg: 'RS256' }), 'wrong-algorithm'],
  ['D3', 'ES384', withHeader({ alg: 'ES384' }), 'wrong-algorithm'],
  ['D3', 'PS256', withHeader({ alg: 'PS256' }), 'wrong-algorithm'],
  ['D3', 'Ed25519 by its newer name', withHeader({ alg: 'Ed25519' }), 'wrong-algorithm'],
  [
    'D3',
    'ES256 named for an Ed25519 key',
    makeToken(EC, goodClaims(), goodHeader(EC, { kid: 'ed-1' })),
    'wrong-algorithm',
  ],
  [
    'D4',
    'an embedded jwk',
    makeToken(STRANGER, goodClaims(), goodHeader(STRANGER, { jwk: publicJwk(STRANGER) })),
    'bad-header',
  ],
  ['D4', 'jku', withHeader({ jku: 'https://evil.example/jwks.json' }), 'bad-header'],
  ['D4', 'x5u', withHeader({ x5u: 'https://evil.example/x5u' }), 'bad-header'],
  ['D4', 'x5c', withHeader({ x5c: ['AA=='] }), 'bad-header'],
  ['D4', 'jku in the place of kid', withHeader({ kid: undefined, jku: 'https://evil.example' }), 'bad-header'],
  ['D5', 'crit', withHeader({ crit: ['x'], x: 1 }), 'bad-header'],
  ['D5', 'b64 false', withHeader({ b64: false, crit: ['b64'] }), 'bad-header'],
  ['D6', 'kid unknown', withHeader({ kid: 'ed-2' }), 'unknown-key'],
  ['D6', 'kid a path', withHeader({ kid: '../../dev/null' }), 'unknown-key'],
  ['D6', 'kid a query', withHeader({ kid: "' OR 1=1--" }), 'unknown-key'],
  ['D6', 'kid __proto__', withHeader({ kid: '__proto__' }), 'unknown-key'],
  ['D6', 'kid an array', withHeader({ kid: ['ed-1'] }), 'bad-header'],
  ['D6', 'kid of 10 KB', withHeader({ kid: 'k'.repeat(10_240) }), 'too-long'],
  ['D6', 'kid missing', withHeader({ kid: undefined }), 'bad-header'],
  ['D6', 'kid empty', withHeader({ kid: '' }), 'unknown-key'],
  ['D7', 'exp past by more than the tolerance', withClaims({ iat: NOW_S - 306, exp: NOW_S - 6 }), 'expired'],
  ['D7', 'exp past by the tolerance', withClaims({ iat: NOW_S - 305, exp: NOW_S - 5 }), 'expired'],
  ['D7', 'exp past within the tolerance', withClaims({ iat: NOW_S - 304, exp: NOW_S - 4 }), 'accepted'],
  ['D8', 'exp a string', withClaims({ exp: String(NOW_S + 300) }), 'bad-time'],
  ['D8', 'exp a fraction', withText(`"exp":${NOW_S + 300}`, `"exp":${NOW_S + 300}.5`), 'bad-payload'],
  ['D8', 'exp a fraction of nothing', withText(`"exp":${NOW_S + 300}`, `"exp":${NOW_S + 300}.0`), 'bad-payload'],
  ['D8', 'exp 1e400', withText(`"exp":${NOW_S + 300}`, '"exp":1e400'), 'bad-payload'],
  ['D8', 'exp 2^53', withText(`"exp":${NOW_S + 300}`, '"exp":9007199254740992'), 'bad-payload'],
  ['D8', 'exp negative', withClaims({ exp: -1 }), 'expired'],
  ['D8', 'exp missing', withClaims({ exp: undefined }), 'wrong-claims'],
  ['D8', 'exp null', withClaims({ exp: null }), 'bad-time'],
  ['D8', 'exp in ten years', withClaims({ exp: NOW_S + 315_360_000 }), 'lives-too-long'],
  ['D8', 'a life of 601 s', withClaims({ exp: NOW_S + 601 }), 'lives-too-long'],
  ['D8', 'a life of 600 s', withClaims({ exp: NOW_S + 600 }), 'accepted'],
  ['D9', 'nbf in the future', withClaims({ nbf: NOW_S + 6 }), 'not-yet'],
  ['D9', 'nbf within the tolerance', withClaims({ nbf: NOW_S + 5 }), 'accepted'],
  ['D9', 'nbf a string', withClaims({ nbf: String(NOW_S) }), 'not-yet'],
  ['D10', 'iat in the future', withClaims({ iat: NOW_S + 6 }), 'from-the-future'],
  ['D10', 'iat within the tolerance', withClaims({ iat: NOW_S + 5 }), 'accepted'],
  ['D10', 'iat missing', withClaims({ iat: undefined }), 'wrong-claims'],
  ['D10', 'iat too old for its exp', withClaims({ iat: NOW_S - 400 }), 'lives-too-long'],
  ['D10', 'iat a string', withClaims({ iat: 'now' }), 'bad-time'],
  ['D11', 'aud another', withClaims({ aud: 'wss://other.example/sync' }), 'wrong-audience'],
  ['D11', 'aud missing', withClaims({ aud: undefined }), 'wrong-claims'],
  ['D11', 'aud an array of one', withClaims({ aud: [AUDIENCE] }), 'wrong-audience'],
  ['D11', 'aud an array of two', withClaims({ aud: [AUDIENCE, 'wss://other.example/sync'] }), 'wrong-audience'],
  ['D11', 'aud a prefix', withClaims({ aud: AUDIENCE.slice(0, -1) }), 'wrong-audience'],
  ['D11', 'aud longer', withClaims({ aud: `${AUDIENCE}/` }), 'wrong-audience'],
  ['D11', 'aud with its default port', withClaims({ aud: 'wss://relay.example:443/sync' }), 'wrong-audience'],
  ['D12', 'iss with a slash', withClaims({ iss: `${ISSUER}/` }), 'wrong-issuer'],
  ['D12', 'iss in another case', withClaims({ iss: 'https://App.example' }), 'wrong-issuer'],
  ['D12', 'iss missing', withClaims({ iss: undefined }), 'wrong-claims'],
  ['D13', 'typ JWT', withHeader({ typ: 'JWT' }), 'wrong-type'],
  ['D13', 'typ missing', withHeader({ typ: undefined }), 'bad-header'],
  ['D13', 'typ at+jwt', withHeader({ typ: 'at+jwt' }), 'wrong-type'],
  ['D13', 'typ of an invitation', withHeader({ typ: 'y-sealed-invite+jwt' }), 'wrong-type'],
  ['D13', 'typ in another case', withHeader({ typ: 'Y-Sealed+JWT' }), 'wrong-type'],
  ['D13', 'typ with application/', withHeader({ typ: 'application/y-sealed+jwt' }), 'wrong-type'],
  [
    'D14',
    'a header member twice',
    signTexts(ED, '{"alg":"none","alg":"EdDSA","kid":"ed-1","typ":"y-sealed+jwt"}', payload),
    'bad-header',
  ],
  ['D14', 'doc twice', withText('"doc":', '"doc":"AAAAAAAAAAAAAAAAAAAAAA","doc":'), 'bad-payload'],
  [
    'D14',
    'doc twice, once with an escape',
    withText('"doc":', String.raw`"\u0064oc":"AAAAAAAAAAAAAAAAAAAAAA","doc":`),
    'bad-payload',
  ],
  ['D15', '__proto__', withText('{"iss"', '{"__proto__":{"polluted":true},"iss"'), 'wrong-claims'],
  ['D15', 'constructor', withText('{"iss"', '{"constructor":1,"iss"'), 'wrong-claims'],
  ['D15', 'toString', withText('{"iss"', '{"toString":"x","iss"'), 'wrong-claims'],
  ['D15', 'a claim that nobody knows', withClaims({ scope: 'all' }), 'wrong-claims'],
  ['D16', 'doc an object', withClaims({ doc: {} }), 'bad-document'],
  ['D16', 'doc an array', withClaims({ doc: [DOCUMENT] }), 'bad-document'],
  ['D16', 'doc a number', withClaims({ doc: 7 }), 'bad-document'],
  ['D16', 'doc empty', withClaims({ doc: '' }), 'bad-document'],
  ['D16', 'doc of 129 characters', withClaims({ doc: 'A'.repeat(129) }), 'bad-document'],
  ['D16', 'doc a lone surrogate', withText(`"doc":"${DOCUMENT}"`, String.raw`"doc":"\ud800"`), 'bad-payload'],
  ['D16', 'doc in NFC', withClaims({ doc: 'é'.normalize('NFC').padEnd(22, 'A') }), 'bad-document'],
  ['D16', 'doc in NFD', withClaims({ doc: 'é'.normalize('NFD').padEnd(22, 'A') }), 'bad-document'],
  ['D16', 'doc a star', withClaims({ doc: '*' }), 'bad-document'],
  ['D16', 'doc with spare bits', withClaims({ doc: `${DOCUMENT.slice(0, -1)}x` }), 'bad-document'],
  ['D16', 'doc padded', withClaims({ doc: `${DOCUMENT}==` }), 'bad-document'],
  ['D17', 'sub a number', withClaims({ sub: 7 }), 'bad-subject'],
  ['D17', 'sub missing', withClaims({ sub: undefined }), 'wrong-claims'],
  ['D17', 'sub empty', withClaims({ sub: '' }), 'bad-subject'],
  ['D17', 'sub of 1 KB', withClaims({ sub: 's'.repeat(1024) }), 'bad-subject'],
  ['D17', 'sub of 256', withClaims({ sub: 's'.repeat(256) }), 'accepted'],
  ['D17', 'sub of 257', withClaims({ sub: 's'.repeat(257) }), 'bad-subject'],
  ['D17', 'sub with a newline', withClaims({ sub: 'alice\nbob' }), 'bad-subject'],
  ['D17', 'sub with a final newline', withClaims({ sub: 'alice\n' }), 'bad-subject'],
  ['D17', 'jti a number', withClaims({ jti: 1 }), 'bad-token-id'],
  ['D17', 'jti of 129', withClaims({ jti: 'j'.repeat(129) }), 'bad-token-id'],
  ['D18', 'perm with an unknown value', withClaims({ perm: ['write', 'admin'] }), 'bad-permissions'],
  ['D18', 'perm a string', withClaims({ perm: 'read write' }), 'bad-permissions'],
  ['D18', 'perm an object', withClaims({ perm: {} }), 'bad-permissions'],
  ['D18', 'perm empty', withClaims({ perm: [] }), 'bad-permissions'],
  ['D18', 'perm with a repetition', withClaims({ perm: ['read', 'read'] }), 'bad-permissions'],
  ['D18', 'perm with toString', withClaims({ perm: ['toString'] }), 'bad-permissions'],
  ['D18', 'perm nested', withClaims({ perm: [['read']] }), 'bad-permissions'],
  ['D19', 'two segments', `${goodHead}.${goodPayload}`, 'bad-form'],
  ['D19', 'four segments', `${good}.AAAA`, 'bad-form'],
  ['D19', 'five segments', `${goodHead}.AAAA.AAAA.AAAA.AAAA`, 'bad-form'],
  ['D19', 'nothing', '', 'bad-form'],
  ['D19', 'dots only', '..', 'bad-form'],
  ['D20', 'a trailing space', `${good} `, 'bad-form'],
  ['D20', 'a trailing newline', `${good}\n`, 'bad-form'],
  [
    'D20',
    'a newline inside',
    `${goodHead}.${goodPayload.slice(0, 9)}\n${goodPayload.slice(9)}.${goodSignature}`,
    'bad-form',
  ],
  ['D20', 'padding', `${good}==`, 'bad-form'],
  ['D20', 'the standard alphabet', `${goodHead}.${goodPayload}.${'+/'.repeat(43)}`, 'bad-form'],
  ['D20', 'a last character with spare bits', setSpareBits(good), 'not-canonical'],
  ['D21', 'EdDSA with S + L', addToS(good), 'bad-signature'],
  [
    'D21',
    'ES256 as (r, n − s): the same token in other letters, which is why revocation is by jti',
    negateS(makeToken(EC)),
    'accepted',
  ],
  [
    'D21',
    'one bit of the payload',
    `${goodHead}.${encode(payload.replace('alice', 'alicf'))}.${goodSignature}`,
    'bad-signature',
  ],
  ['D22', '4 097 characters', `${good}${'A'.repeat(4097 - good.length)}`, 'too-long'],
  ['D22', '100 KB', `${goodHead}.${'A'.repeat(100_000)}.${goodSignature}`, 'too-long'],
  ['D22', '1 MB', `${goodHead}.${'A'.repeat(1_000_000)}.${goodSignature}`, 'too-long'],
  ['D23', 'a payload that is an array', signTexts(ED, header, '[]'), 'bad-payload'],
  ['D23', 'a payload that is a string', signTexts(ED, header, '"x"'), 'bad-payload'],
  ['D23', 'a payload that is null', signTexts(ED, header, 'null'), 'bad-payload'],
  [
    'D23',
    'a payload that is no UTF-8',
    signTexts(ED, header, Buffer.from(payload.replace('alice', 'al\u00ffce'), 'latin1')),
    'bad-payload',
  ],
  ['D23', 'a BOM before the payload', signTexts(ED, header, `\ufeff${payload}`), 'bad-payload'],
  ['D23', 'a BOM before the header', signTexts(ED, `\ufeff${header}`, payload), 'bad-header'],
  ['D23', 'space before the payload', signTexts(ED, header, ` ${payload}`), 'bad-payload'],
  ['D23', 'a newline after the payload', signTexts(ED, header, `${payload}\n`), 'bad-payload'],
  ['D23', 'a payload as deep as it can be', signTexts(ED, header, '['.repeat(2000)), 'bad-payload'],
  ['D23', 'a payload of depth 100 000', signTexts(ED, header, '['.repeat(100_000)), 'too-long'],
  ['D23', 'a header that is an array', signTexts(ED, '["EdDSA"]', payload), 'bad-header'],
  ['AU3', 'cnf a number', withClaims({ cnf: 1 }), 'bad-device'],
  ['AU3', 'cnf null', withClaims({ cnf: null }), 'bad-device'],
  ['AU3', 'cnf of 15 bytes', withClaims({ cnf: encode(new Uint8Array(15)) }), 'bad-device'],
]

describe('tokens', () => {
  it.each(ROWS)('T15 [%s] %s', async (_id, _what, token, reason) => {
    expect(await judge(token)).toBe(reason)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('T15 [D33] a token for one tenant’s address is refused at another’s', async () => {
    expect(await judge(good, ['wss://b.example/sync'])).toBe('wrong-audience')
    expect(await judge(good, ['wss://b.example/sync', AUDIENCE])).toBe('accepted')
  })

  it('[D16] the grant holds what the token says, in bytes', async () => {
    const verifier = createTokenVerifier({ keys, issuers: [ISSUER], audiences: [AUDIENCE], clock: createTestClock() })
    expect(await verifier.verify(good)).toEqual({
      ok: true,
      grant: {
        document: Uint8Array.from({ length: 16 }, (_, i) => i),
        device: Uint8Array.from({ length: 16 }, (_, i) => i + 16),
        subject: 'alice',
        tokenId: 'token-1',
        issuedAtMs: NOW_S * 1000,
        expiresAtMs: (NOW_S + 300) * 1000,
        permissions: new Set(['read', 'write']),
      },
    })
  })

  it('[AU2] a key source that fails refuses the token and rejects nothing', async () => {
    const broken = { find: () => Promise.reject(new Error('no')) }
    const verifier = createTokenVerifier({
      keys: broken,
      issuers: [ISSUER],
      audiences: [AUDIENCE],
      clock: createTestClock(),
    })
    expect(await verifier.verify(good)).toEqual({ ok: false, reason: 'internal' })
  })

  it('T15 [D23] hostile nesting and length cost no more than a good token', async () => {
    const cpuMs = startCpuClock()
    for (let i = 0; i < 200; i++) await judge(signTexts(STRANGER, header, '[{"a":'.repeat(370)))
    expect(cpuMs() / 200).toBeLessThan(20)
  })

  it('T15 [WI7] a small-order key verifies nothing', async () => {
    // The key 01 00…, under which OpenSSL and WebCrypto take (identity, 0) for a signature of anything.
    const identity = new Uint8Array(32)
    identity[0] = 1
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: encode(identity), kid: 'ed-1' }
    const { parseJwks } = await import('../../server/auth/jwks.ts')
    const { createStaticKeys } = await import('../../server/auth/key-source.ts')
    const weak = createStaticKeys(await parseJwks(JSON.stringify({ keys: [jwk] })))
    const signature = new Uint8Array(64)
    signature[0] = 1
    const forged = `${goodHead}.${goodPayload}.${encode(signature)}`
    const verifier = createTokenVerifier({
      keys: weak,
      issuers: [ISSUER],
      audiences: [AUDIENCE],
      clock: createTestClock(),
    })
    expect(await verifier.verify(forged)).toEqual({ ok: false, reason: 'bad-signature' })
  })

  it('[D14] what is refused was well signed, so that the refusal is of the content', () => {
    expect(signInput(ED, `${goodHead}.${goodPayload}`).toString('base64url')).toBe(goodSignature)
    expect(DEVICE).not.toBe(DOCUMENT)
  })
})
