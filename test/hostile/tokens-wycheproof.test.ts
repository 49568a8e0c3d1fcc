/**
 * Wycheproof's JSON Web Signature vectors, where they have been put beside the others. SECURITY-CASES D34.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

import { parseJwks } from '../../server/auth/jwks.ts'
import { createStaticKeys } from '../../server/auth/key-source.ts'
import { checkJws, type Jws } from '../../server/auth/jws.ts'

const PATH = fileURLToPath(new URL('../vectors/json_web_signature_test.json', import.meta.url))
const isThere = existsSync(PATH)
if (!isThere) console.warn('\n!! test/vectors/json_web_signature_test.json is not here; SKIPPING row D34.\n')

interface Group {
  readonly public?: Readonly<Record<string, unknown>>
  readonly tests: readonly { readonly tcId: number; readonly jws: string; readonly result: string }[]
}

it.skipIf(!isThere)('[D34] no vector that Wycheproof calls invalid verifies under Ed25519 or P-256', async () => {
  const { testGroups } = JSON.parse(readFileSync(PATH, 'utf8')) as { testGroups: readonly Group[] }
  const ours = testGroups.filter(({ public: jwk }) => jwk?.['crv'] === 'Ed25519' || jwk?.['crv'] === 'P-256')
  expect(ours.length).toBeGreaterThan(0)
  for (const { public: jwk, tests } of ours) {
    const [key] = await parseJwks(JSON.stringify({ keys: [{ ...jwk, kid: 'k' }] }))
    if (key === undefined) throw new Error('a group without a key')
    for (const { tcId, jws: text, result } of tests) {
      const jws: Jws = { text, algorithm: key.algorithm, kid: 'k', claims: new Map() }
      const fault = await checkJws(jws, createStaticKeys([key]))
      expect([tcId, fault === null]).toEqual([tcId, result === 'valid'])
    }
  }
})
