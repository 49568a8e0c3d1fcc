import { bytesToBase64url, concatBytes, frameFields, toBytes, type Bytes } from '@y-sealed/protocol'
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'

import { parseJwks } from '../../../../server/auth/jwks.ts'
import { createStaticKeys } from '../../../../server/auth/key-source.ts'
import { createEmbeddedIssuer, type CreatePolicy } from '../../../../server/auth/embedded-issuer.ts'
import { issueInvitation, issuerNameOf, issueToken, type IssuerKey } from '../../../../server/auth/issue-token.ts'
import { createTokenVerifier } from '../../../../server/auth/token-verifier.ts'
import type { DocumentStatus, Grant, Role } from '../../../../server/core/ports.ts'
import { AUDIENCE, createTestClock, NOW_S } from '../../../support/tokens.ts'

function createPair() {
  const { privateKey } = generateKeyPairSync('ed25519')
  const x = createPublicKey(privateKey).export({ format: 'jwk' }).x as string
  return { privateKey, publicKey: toBytes(Buffer.from(x, 'base64url')).slice() }
}

function createIssuerKey(kid = 'issuer-1'): IssuerKey {
  const { privateKey, publicKey } = createPair()
  return { kid, publicKey, sign: (message) => toBytes(sign(null, message, privateKey)) }
}

function createDevice() {
  const pair = createPair()
  const boxKey = toBytes(randomBytes(32)).slice()
  return { ...pair, boxKey, id: hash('y-sealed/v1/device', pair.publicKey, boxKey).slice(0, 16) }
}

function hash(label: `y-sealed/v1/${string}`, ...fields: Bytes[]): Bytes {
  return toBytes(
    createHash('sha512')
      .update(frameFields(label, ...fields))
      .digest(),
  ).slice(0, 32)
}

function createRoom() {
  const pair = createPair()
  const commitment = toBytes(randomBytes(32)).slice()
  const body = concatBytes(Uint8Array.of(1), new Uint8Array(32), Uint8Array.of(2, 1), commitment, pair.publicKey)
  return { ...pair, commitment, document: hash('y-sealed/v1/genesis', body).slice(0, 16) }
}

const text = (value: string): Bytes => new TextEncoder().encode(value)
const prove = (key: KeyObject, label: `y-sealed/v1/${string}`, ...fields: Bytes[]): string =>
  bytesToBase64url(toBytes(sign(null, frameFields(label, ...fields), key)))

interface Setting {
  readonly create?: CreatePolicy
  readonly status?: Partial<DocumentStatus> | null
  readonly role?: Role
  readonly link?: { readonly expiresAt: number } | null
}

async function setUp({ create = 'open', status = null, role = 'none', link = null }: Setting = {}) {
  const clock = createTestClock()
  const key = createIssuerKey()
  const x = bytesToBase64url(key.publicKey)
  const keys = createStaticKeys(
    await parseJwks(JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', kid: key.kid, x }] })),
  )
  const documents = {
    status: () =>
      Promise.resolve([status === null ? null : ({ deleted: false, mode: 'members', ...status } as DocumentStatus)]),
    roleOf: () => Promise.resolve(role),
    linkOf: () => Promise.resolve(link),
  }
  const issuer = createEmbeddedIssuer({
    key,
    keys,
    audiences: [AUDIENCE, 'wss://localhost:8443/sync'],
    documents,
    create,
    clock,
  })
  const verifier = createTokenVerifier({ keys, issuers: [issuerNameOf(key)], audiences: [AUDIENCE], clock })
  const device = createDevice()
  const room = createRoom()
  const document = toBytes(randomBytes(16)).slice()

  /** A good request for `document`; tests spoil what they are about. */
  function request(changes: Record<string, unknown> = {}): Record<string, unknown> {
    const nonce = issuer.challenge()
    const body = {
      nonce,
      audience: AUDIENCE,
      document: bytesToBase64url(document),
      signKey: bytesToBase64url(device.publicKey),
      boxKey: bytesToBase64url(device.boxKey),
      proof: prove(device.privateKey, 'y-sealed/v1/token-request', text(nonce), text(AUDIENCE), document, device.id),
    }
    return { ...body, ...changes }
  }

  /** A good request of somebody who holds the room's key. */
  function roomRequest(roomChanges: Record<string, unknown> = {}): Record<string, unknown> {
    const nonce = issuer.challenge()
    const fields = [text(nonce), text(AUDIENCE), room.document, device.id]
    const claim = {
      commitment: bytesToBase64url(room.commitment),
      key: bytesToBase64url(room.publicKey),
      proof: prove(room.privateKey, 'y-sealed/v1/room-token', ...fields),
    }
    return request({
      nonce,
      document: bytesToBase64url(room.document),
      proof: prove(device.privateKey, 'y-sealed/v1/token-request', ...fields),
      room: { ...claim, ...roomChanges },
    })
  }

  const ask = async (body: unknown): Promise<string> => {
    const { status: code, body: result } = await issuer.answer(
      text(typeof body === 'string' ? body : JSON.stringify(body)),
    )
    return 'code' in result ? `${code} ${result.code}` : String(code)
  }
  const grantOf = async (body: unknown): Promise<Grant> => {
    const { body: result } = await issuer.answer(text(JSON.stringify(body)))
    if (!('token' in result)) throw new Error(`refused: ${result.code}`)
    const verdict = await verifier.verify(result.token)
    if (!verdict.ok) throw new Error(`a token of our own is refused: ${verdict.reason}`)
    return verdict.grant
  }
  return { clock, key, issuer, verifier, device, room, document, request, roomRequest, ask, grantOf }
}

describe('the embedded issuer', () => {
  it.each([
    ['reader', ['awareness', 'read']],
    ['writer', ['awareness', 'read', 'snapshot', 'write']],
    ['admin', ['awareness', 'delete', 'members', 'read', 'snapshot', 'write']],
  ] as const)('[AU11] a %s gets what the role allows, for 300 s, bound to the device', async (role, permissions) => {
    const { grantOf, request, device, document } = await setUp({ status: {}, role })
    const grant = await grantOf(request())
    expect([...grant.permissions].sort()).toEqual(permissions)
    expect(grant.expiresAtMs - grant.issuedAtMs).toBe(300_000)
    expect(grant.device).toEqual(device.id)
    expect(grant.subject).toBe(bytesToBase64url(device.id))
    expect(grant.document).toEqual(document)
  })

  it('[AU11] who is no member gets nothing, however the relay is set up', async () => {
    for (const create of ['open', 'invite', 'closed'] as const) {
      const { ask, request } = await setUp({ create, status: {}, role: 'none' })
      expect(await ask(request())).toBe('403 NOT_A_MEMBER')
    }
  })

  it('[AU12] [AU11] a live link’s keys may read, an expired one’s are answered as a stranger’s', async () => {
    for (const expiresAt of [0, NOW_S + 1]) {
      const { grantOf, request } = await setUp({ status: {}, link: { expiresAt } })
      expect([...(await grantOf(request())).permissions]).toEqual(['read'])
    }
    const stranger = await setUp({ status: {} })
    const expired = await setUp({ status: {}, link: { expiresAt: NOW_S } })
    expect(await expired.ask(expired.request())).toEqual(await stranger.ask(stranger.request()))
    expect(await expired.ask(expired.request())).toBe('403 NOT_A_MEMBER')
  })

  it('[G15] a deleted document is gone for everybody', async () => {
    const { ask, request, roomRequest } = await setUp({ status: { deleted: true }, role: 'admin' })
    expect(await ask(request())).toBe('410 DELETED')
    expect(await ask(roomRequest())).toBe('410 DELETED')
  })

  it('[AU11] a document that does not exist may be made by anybody when creation is open', async () => {
    const { grantOf, request } = await setUp({ create: 'open' })
    const all = ['awareness', 'create', 'delete', 'members', 'read', 'snapshot', 'write']
    expect([...(await grantOf(request())).permissions].sort()).toEqual(all)
  })

  it('[AU11] nobody may make a document when creation is closed, invitation or not', async () => {
    const { ask, request, key } = await setUp({ create: 'closed' })
    expect(await ask(request())).toBe('403 CREATE_CLOSED')
    expect(await ask(request({ invite: issueInvitation(key, NOW_S * 1000, AUDIENCE, 60) }))).toBe('403 CREATE_CLOSED')
  })

  it('[AU11] an invitation opens creation until it expires', async () => {
    const { ask, request, key, clock } = await setUp({ create: 'invite' })
    const invite = issueInvitation(key, NOW_S * 1000, AUDIENCE, 3600)
    expect(await ask(request())).toBe('403 CREATE_CLOSED')
    expect(await ask(request({ invite }))).toBe('200')
    clock.advance(3_604_000)
    expect(await ask(request({ invite }))).toBe('200')
    clock.advance(1000)
    expect(await ask(request({ invite }))).toBe('403 INVITE_REFUSED')
  })

  it('[AU11] an invitation that is a token, of another key, for another relay or damaged is refused', async () => {
    const { ask, request, key, device, document } = await setUp({ create: 'invite' })
    const terms = { document, device: device.id, permissions: ['create'], audience: AUDIENCE } as const
    const good = issueInvitation(key, NOW_S * 1000, AUDIENCE, 60)
    for (const invite of [
      issueToken(key, NOW_S * 1000, terms).token,
      issueInvitation(createIssuerKey(), NOW_S * 1000, AUDIENCE, 60),
      issueInvitation(key, NOW_S * 1000, 'wss://other.example/sync', 60),
      `${good.slice(0, -2)}${good.endsWith('AA') ? 'BA' : 'AA'}`,
      'x',
      '',
    ]) {
      expect(await ask(request({ invite }))).toBe('403 INVITE_REFUSED')
    }
  })

  it('[AU1] an invitation is no token', async () => {
    const { key, verifier } = await setUp()
    const verdict = await verifier.verify(issueInvitation(key, NOW_S * 1000, AUDIENCE, 60))
    expect(verdict).toEqual({ ok: false, reason: 'wrong-type' })
  })

  it('[AU11] an invitation gives nothing in a document that exists', async () => {
    const { ask, request, key } = await setUp({ create: 'invite', status: {}, role: 'none' })
    expect(await ask(request({ invite: issueInvitation(key, NOW_S * 1000, AUDIENCE, 60) }))).toBe('403 NOT_A_MEMBER')
  })

  it('[AU11] the holder of a room’s key gets the room', async () => {
    const { grantOf, roomRequest } = await setUp({ status: { mode: 'shared-key' } })
    const permissions = ['awareness', 'delete', 'read', 'snapshot', 'write']
    expect([...(await grantOf(roomRequest())).permissions].sort()).toEqual(permissions)
  })

  it('[AU11] a room without its proof gives nothing, though the device is good', async () => {
    const { ask, roomRequest } = await setUp({ status: { mode: 'shared-key' }, role: 'admin' })
    expect(await ask({ ...roomRequest(), room: undefined })).toBe('403 NOT_A_MEMBER')
  })

  it('[KM3] a room proof for a document that is not of that room is refused, also for creation', async () => {
    const { ask, roomRequest } = await setUp({ create: 'open' })
    const other = createRoom()
    expect(await ask(roomRequest({ commitment: bytesToBase64url(other.commitment) }))).toBe('401 PROOF_REFUSED')
    expect(await ask(roomRequest({ key: bytesToBase64url(other.publicKey) }))).toBe('401 PROOF_REFUSED')
    expect(await ask(roomRequest())).toBe('200')
  })

  it('[AU10] a proof of the room by the device’s key, or under the other label, is refused', async () => {
    const { ask, roomRequest } = await setUp({ create: 'open' })
    const good = roomRequest()
    expect(await ask({ ...good, room: { ...(good['room'] as object), proof: good['proof'] } })).toBe(
      '401 PROOF_REFUSED',
    )
  })

  it('[AU10] a proof is good for its nonce, audience, document and device alone', async () => {
    const { ask, request } = await setUp()
    const stranger = createDevice()
    expect(await ask(request())).toBe('200')
    expect(await ask({ ...request(), proof: request()['proof'] })).toBe('401 PROOF_REFUSED')
    expect(await ask(request({ audience: 'wss://localhost:8443/sync' }))).toBe('401 PROOF_REFUSED')
    expect(await ask(request({ document: bytesToBase64url(stranger.id) }))).toBe('401 PROOF_REFUSED')
    expect(await ask(request({ boxKey: bytesToBase64url(stranger.boxKey) }))).toBe('401 PROOF_REFUSED')
    expect(await ask(request({ signKey: bytesToBase64url(stranger.publicKey) }))).toBe('401 PROOF_REFUSED')
  })

  it('[WI7] a small-order device key proves nothing', async () => {
    const { ask, request } = await setUp()
    const key = new Uint8Array(32)
    key[0] = 1
    const proof = new Uint8Array(64)
    proof[0] = 1
    expect(await ask(request({ signKey: bytesToBase64url(key), proof: bytesToBase64url(proof) }))).toBe(
      '401 PROOF_REFUSED',
    )
  })

  it('[AU10] a nonce is good for 60 s by the monotonic clock', async () => {
    const { ask, request, clock } = await setUp()
    const early = request()
    clock.stepWall(3_600_000)
    clock.advance(59_999)
    expect(await ask(early)).toBe('200')
    clock.advance(1)
    expect(await ask(early)).toBe('401 PROOF_REFUSED')
  })

  it('[AU10] a nonce of another process, or one that was touched, is refused', async () => {
    const { ask, request, issuer, device, document } = await setUp()
    const foreign = (await setUp()).issuer.challenge()
    const own = issuer.challenge()
    const later = Buffer.from(own, 'base64url')
    later[1] = (later[1] as number) ^ 1
    for (const nonce of [foreign, later.toString('base64url'), `${own}A`, '', 'x'.repeat(4000)]) {
      const proof = prove(
        device.privateKey,
        'y-sealed/v1/token-request',
        text(nonce),
        text(AUDIENCE),
        document,
        device.id,
      )
      expect(await ask(request({ nonce, proof }))).toBe('401 PROOF_REFUSED')
    }
  })

  it('[AU10] a request that is not exactly one is refused', async () => {
    const { ask, request, roomRequest } = await setUp()
    const whole = JSON.stringify(request())
    const zero = bytesToBase64url(new Uint8Array(16))
    for (const body of [
      '',
      'null',
      '[]',
      '{}',
      ` ${whole}`,
      `\ufeff${whole}`,
      whole.replace('{', '{"audience":"x",'),
      request({ extra: 1 }),
      request({ proof: undefined }),
      request({ document: 7 }),
      request({ document: zero }),
      request({ document: `${zero.slice(0, -1)}B` }),
      request({ signKey: 'AAAA' }),
      request({ proof: `${'A'.repeat(85)}B` }),
      request({ nonce: null }),
      request({ invite: 1 }),
      request({ room: null }),
      request({ room: {} }),
      roomRequest({ extra: 1 }),
      roomRequest({ proof: '' }),
      request({ audience: 'wss://other.example/sync' }),
    ]) {
      expect(await ask(body)).toBe('400 BAD_REQUEST')
    }
  })
})
