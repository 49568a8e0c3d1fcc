import { cryptoReady, helloInput, sodiumSha512, tokenHash } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { ALL, CoreWorld, type CorePeer } from '../../../support/core-world.ts'
import { createTestDevice } from '../../../support/raw-client.ts'
import { AUDIENCE } from '../../../support/tokens.ts'

await cryptoReady()
const document = randomBytes(16)

async function greeted(): Promise<{ readonly world: CoreWorld; readonly peer: CorePeer }> {
  const world = await CoreWorld.start()
  return { world, peer: world.connect(world.token(document)) }
}

describe('hello', () => {
  it('[FR2] greets with a nonce, the head key and the limits', async () => {
    const { world, peer } = await greeted()
    expect(peer.frames).toMatchObject([
      { type: 'welcome', headKey: world.headKey.publicKey, heartbeatMs: 15_000, maxDocuments: 16, maxPushes: 64 },
    ])
    const other = world.connect(world.token(document))
    expect(other.all('welcome')[0]?.nonce).not.toEqual(peer.all('welcome')[0]?.nonce)
  })

  it('[D26] [AU8] takes a proof for this nonce, this audience and this token', async () => {
    const { peer } = await greeted()
    await peer.say(peer.hello())
    await peer.say({ type: 'ping', nonce: 7 })
    expect(peer.frames.at(-1)).toEqual({ type: 'pong', nonce: 7 })
  })

  it('[D26] refuses a proof for another nonce, audience or token, or by another key, with 4401', async () => {
    const stranger = createTestDevice()
    const good = { nonce: null, audience: AUDIENCE, token: 'token-1', signer: null }
    const spoilt = [
      { ...good, nonce: randomBytes(32) },
      { ...good, audience: 'wss://evil.example/sync' },
      { ...good, token: 'token-2' },
      { ...good, signer: stranger },
    ]
    for (const { nonce, audience, token, signer } of spoilt) {
      const { peer } = await greeted()
      const welcome = peer.all('welcome')[0]
      const input = helloInput(nonce ?? welcome?.nonce ?? randomBytes(32), audience, tokenHash(sodiumSha512, token))
      await peer.say(peer.hello({ signature: (signer ?? peer.device).sign(input) }))
      expect(peer.closed).toMatchObject({ code: 4401 })
    }
    const { peer } = await greeted()
    await peer.say(peer.hello({ signature: new Uint8Array(64) }))
    expect(peer.closed).toMatchObject({ code: 4401 })
  })

  it('[D26] refuses a proof that was good on another socket', async () => {
    const { world, peer } = await greeted()
    const recorded = peer.hello()
    await peer.say(recorded)
    const replay = world.connect(world.token(document), peer.device)
    await replay.say(recorded)
    expect(replay.closed).toMatchObject({ code: 4401 })
  })

  it('[D26] [AU5] refuses an audience that is not this relay’s', async () => {
    const { peer } = await greeted()
    const audience = 'wss://relay.example.org/sync'
    const nonce = peer.all('welcome')[0]?.nonce ?? randomBytes(32)
    const signature = peer.device.sign(helloInput(nonce, audience, tokenHash(sodiumSha512, 'token-1')))
    await peer.say(peer.hello({ audience, signature }))
    expect(peer.closed).toMatchObject({ code: 4401 })
  })

  it('[AU6] [D25] refuses a device that the token does not name', async () => {
    const world = await CoreWorld.start()
    const named = createTestDevice()
    const token = world.token(document, ALL, { device: named.id })
    const thief = world.connect(token)
    await thief.say(thief.hello())
    expect(thief.closed).toMatchObject({ code: 4401 })
    const owner = world.connect(token, named)
    await owner.say(owner.hello())
    expect(owner.closed).toBeNull()
  })

  it('[F20] [FR2] closes with 4400 on anything else first, and on a second HELLO', async () => {
    const early = (await greeted()).peer
    await early.open(document)
    expect(early.closed).toMatchObject({ code: 4400 })
    const twice = (await greeted()).peer
    const hello = twice.hello()
    await twice.say(hello)
    await twice.say(hello)
    expect(twice.closed).toMatchObject({ code: 4400 })
  })

  it('[FR2] waits five seconds for HELLO and no longer', async () => {
    const { world, peer } = await greeted()
    await world.pass(4750)
    expect(peer.closed).toBeNull()
    await world.pass(250)
    expect(peer.closed).toMatchObject({ code: 4508 })
  })

  it('does nothing more once a socket is closing', async () => {
    const { peer } = await greeted()
    await peer.say(new Uint8Array([0xff]))
    expect(peer.closed).toMatchObject({ code: 4400 })
    peer.take()
    await peer.say({ type: 'ping', nonce: 1 })
    expect(peer.frames).toEqual([])
  })
})
