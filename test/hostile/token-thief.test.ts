/**
 * Somebody who has a token and not the device that it was given to, at the relay as people start it.
 */
import { bytesToBase64url, helloInput, sodiumSha512, tokenHash } from '@y-sealed/protocol'
import { loadDevice, createMemoryKeyStore } from '@y-sealed/client'
import { describe, expect, it, vi } from 'vitest'

import { createTestDevice, RawClient } from '../support/raw-client.ts'
import { setStage, tokensOf, type Stage } from '../support/stage.ts'

/** A token of Alice's that somebody has come by; the note has a line in it. */
async function steal(): Promise<{ stage: Stage; token: string; alice: Awaited<ReturnType<typeof loadDevice>> }> {
  const stage = await setStage()
  const keys = createMemoryKeyStore()
  const alice = await loadDevice(keys)
  const witness = await stage.watchHonestly({ keys })
  await witness.peer.provider.whenSynced()
  witness.peer.text.insert(0, 'line')
  await witness.peer.provider.whenSaved()
  const request = {
    documentId: bytesToBase64url(stage.document.id),
    deviceId: bytesToBase64url(alice.id),
    audience: stage.honest.url,
  }
  return { stage, alice, token: await tokensOf(stage.honest, alice, stage.access())(request) }
}

function dial(stage: Stage, token: string, device = createTestDevice()): RawClient {
  return new RawClient({ url: stage.honest.url, ca: stage.honest.ca, token, device, audience: stage.honest.url })
}

describe('a stolen token', () => {
  it('T13 [AU6] [AU8] opens nothing from another device, however well that device proves itself', async () => {
    const { stage, token } = await steal()
    const thief = dial(stage, token)
    await thief.hello()
    thief.open(stage.document.id)
    await thief.ended.catch(() => undefined)
    expect(thief.frames.map(({ type }) => type)).not.toContain('opened')
    expect(thief.frames.map(({ type }) => type)).not.toContain('entries')
  })

  it("T13 [AU8] is worth nothing with the victim's public keys and no signature of theirs", async () => {
    const { stage, token, alice } = await steal()
    const thief = dial(stage, token)
    const { nonce } = await thief.nextOf('welcome')
    const hello = thief.makeHello(nonce)
    thief.send({ ...hello, signPublic: alice.signPublic, boxPublic: alice.boxPublic })
    expect(await thief.ended).toMatchObject({ code: 4401 })
  })

  it('T13 [AU8] is worth nothing with a proof recorded on another socket, or made for another relay', async () => {
    const { stage, token, alice } = await steal()
    for (const audience of [stage.honest.url, 'wss://relay.example/sync']) {
      const victim = dial(stage, token, alice)
      const { nonce } = await victim.nextOf('welcome')
      const recorded = victim.makeHello(nonce)
      const thief = dial(stage, token)
      const fresh = await thief.nextOf('welcome')
      const signature =
        audience === stage.honest.url
          ? recorded.signature
          : alice.sign(helloInput(fresh.nonce, audience, tokenHash(sodiumSha512, token)))
      thief.send({ ...recorded, signature })
      expect(await thief.ended).toMatchObject({ code: 4401 })
      victim.terminate()
    }
  })

  it('T13 [AU8] serves its owner', async () => {
    const { stage, token, alice } = await steal()
    const owner = dial(stage, token, alice)
    await owner.hello()
    owner.open(stage.document.id)
    await vi.waitFor(() => expect(owner.frames.map(({ type }) => type)).toContain('opened'))
    owner.terminate()
  })
})
