/**
 * Vectors of proofs: HELLO, the embedded issuer, joining.
 *
 * @module
 */
import {
  encodeCertificate,
  helloInput,
  joinInput,
  roomTokenInput,
  sodiumSha512,
  tokenHash,
  tokenRequestInput,
} from '@y-sealed/protocol'

import { APP_KEY, counting, filled, ROOM_NAME, SEEDS, type Cast } from './cast.ts'
import { vector, type VectorFile } from './vector.ts'

export const AUDIENCE = 'wss://relay.example/sync'
export const TOKEN = 'eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl'

export function proofVectors({ alice, bob, link, room, document, roomDocument, genesisHash }: Cast): VectorFile {
  const welcomeNonce = counting(32, 0x01)
  const hash = tokenHash(sodiumSha512, TOKEN)
  const hello = helloInput(welcomeNonce, AUDIENCE, hash)
  const request = { nonce: 'bm9uY2U', audience: AUDIENCE, document, device: alice.id }
  const roomRequest = { ...request, document: roomDocument }
  const tokenInput = tokenRequestInput(request)
  const roomInput = roomTokenInput(roomRequest)
  const certificate = encodeCertificate(bob.certificate())
  const recordPrev = filled(32, 0x44)
  const join = joinInput(genesisHash, recordPrev, certificate)
  return {
    about: 'What is signed to prove a key, and the signatures. Byte fields are hexadecimal.',
    vectors: [
      vector('token hash', ['AU8'], { token: TOKEN }, { tokenHash: hash }),
      vector(
        'hello',
        ['AU8'],
        { signSeed: SEEDS.alice.sign, nonce: welcomeNonce, audience: AUDIENCE, tokenHash: hash },
        { signed: hello, signature: alice.sign(hello) },
      ),
      vector(
        'token request',
        ['AU10'],
        { signSeed: SEEDS.alice.sign, ...request },
        { signed: tokenInput, proof: alice.sign(tokenInput) },
      ),
      vector(
        'room token',
        ['AU10'],
        { appKey: APP_KEY, roomName: ROOM_NAME, ...roomRequest },
        { signed: roomInput, proof: room.sign(roomInput) },
      ),
      vector(
        'join',
        ['KM9'],
        { linkSignSeed: SEEDS.link.sign, genesisHash, recordPrev, certificate },
        { signed: join, signature: link.sign(join) },
      ),
    ],
  }
}
