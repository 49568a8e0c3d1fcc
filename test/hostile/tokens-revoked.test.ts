/**
 * Tokens that were good: taken back, of a key that is gone, or of a clock that was moved. SECURITY-CASES D21, D24, D25, D30.
 *
 * @module
 */
import { base64urlToBytes, type Bytes } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { createRevocations } from '../../server/auth/revocations.ts'
import { createTokenVerifier } from '../../server/auth/token-verifier.ts'
import {
  AUDIENCE,
  createTestClock,
  createTestKey,
  DEVICE,
  goodClaims,
  ISSUER,
  keysOf,
  makeToken,
  NOW_S,
} from '../support/tokens.ts'

const KEY = createTestKey('ed-1')
const keys = await keysOf(KEY)
const device = base64urlToBytes(DEVICE) as Bytes

function setUp() {
  const clock = createTestClock()
  const revocations = createRevocations(clock)
  const verifier = createTokenVerifier({ keys, issuers: [ISSUER], audiences: [AUDIENCE], clock, revocations })
  const judge = async (token: string): Promise<string> => {
    const verdict = await verifier.verify(token)
    return verdict.ok ? 'accepted' : verdict.reason
  }
  return { clock, revocations, judge, verifier }
}

describe('revocation', () => {
  it('T13 [D24] a revoked jti is refused, another is not', async () => {
    const { revocations, judge } = setUp()
    revocations.revokeToken('token-1')
    expect(await judge(makeToken(KEY))).toBe('revoked')
    expect(await judge(makeToken(KEY, goodClaims({ jti: 'token-2' })))).toBe('accepted')
  })

  it('T13 [D24] a revoked subject’s earlier tokens are refused, later ones and other subjects’ are not', async () => {
    const { clock, revocations, judge } = setUp()
    revocations.revokeSubject('alice')
    expect(await judge(makeToken(KEY))).toBe('revoked')
    expect(await judge(makeToken(KEY, goodClaims({ sub: 'bob' })))).toBe('accepted')
    clock.advance(1000)
    expect(await judge(makeToken(KEY, goodClaims({ iat: NOW_S + 1, exp: NOW_S + 301 })))).toBe('accepted')
  })

  it('T13 [D24] a revoked device’s earlier tokens are refused', async () => {
    const { revocations, judge } = setUp()
    revocations.revokeDevice(device)
    expect(await judge(makeToken(KEY))).toBe('revoked')
    expect(await judge(makeToken(KEY, goodClaims({ cnf: undefined })))).toBe('accepted')
  })

  it('T13 [D24] a revocation is kept as long as the longest token could live, though others follow', async () => {
    const { clock, revocations, judge } = setUp()
    revocations.revokeToken('token-1')
    clock.advance(604_000)
    revocations.revokeToken('token-9')
    expect(await judge(makeToken(KEY, goodClaims({ iat: NOW_S + 5, exp: NOW_S + 605 })))).toBe('revoked')
  })

  it('[D25] the grant names the device of the token, so that a second device’s socket can be refused', async () => {
    const { verifier } = setUp()
    const verdict = await verifier.verify(makeToken(KEY))
    expect(verdict.ok && verdict.grant.device).toEqual(device)
  })

  it('[D30] stepping the wall clock back revives a token and forward ends it: wall time alone decides', async () => {
    const { clock, judge } = setUp()
    clock.stepWall(600_000)
    expect(await judge(makeToken(KEY))).toBe('expired')
    clock.stepWall(-1_200_000)
    expect(await judge(makeToken(KEY))).toBe('from-the-future')
  })
})
