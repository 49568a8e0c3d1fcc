/** How a token is asked for where the issuer starts anew in the middle of it. */
import { issuerTokens, sharedKeyDocument, TokenDeniedError, type FetchJson, type TokenSource } from '@y-sealed/client'
import { bytesToBase64url, cryptoReady } from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { expect, it } from 'vitest'

await cryptoReady()

/** An issuer that has started anew, after it gave a nonce, as often as `restarts` says. */
function restartingIssuer(restarts: number): { readonly fetch: FetchJson; readonly nonces: string[] } {
  const nonces: string[] = []
  const answer = (status: number, body: object) => Promise.resolve({ status, json: () => Promise.resolve(body) })
  const fetch: FetchJson = (_url, { method, body = '{}' }) => {
    if (method === 'GET') return answer(200, { nonce: `nonce ${nonces.length}` })
    nonces.push((JSON.parse(body) as { nonce: string }).nonce)
    return nonces.length > restarts ? answer(200, { token: 'a.b.c' }) : answer(401, { code: 'PROOF_REFUSED' })
  }
  return { fetch, nonces }
}

function ask(fetch: FetchJson): Promise<string> {
  const device = new Device(createDeviceSeeds())
  const access = sharedKeyDocument({ key: new Uint8Array(32).fill(7), room: 'note' })
  const token: TokenSource = issuerTokens({ device, accessOf: () => access, fetch })
  const documentId = bytesToBase64url(access.documentId)
  return token({ documentId, deviceId: bytesToBase64url(device.id), audience: 'wss://relay.example/sync' })
}

it('[AU10] a relay that starts anew between its nonce and the proof, even twice, ends nothing: it is asked for another', async () => {
  const { fetch, nonces } = restartingIssuer(2)
  await expect(ask(fetch)).resolves.toBe('a.b.c')
  expect(nonces).toEqual(['nonce 0', 'nonce 1', 'nonce 2'])
})

it('[AU10] a proof that is refused with three fresh nonces is refused for good', async () => {
  const { fetch, nonces } = restartingIssuer(99)
  await expect(ask(fetch)).rejects.toBeInstanceOf(TokenDeniedError)
  expect(nonces).toHaveLength(3)
})
