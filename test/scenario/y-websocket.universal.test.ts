import { sharedKeyDocument } from '@y-sealed/client'
import { cryptoReady } from '@y-sealed/protocol'
import { beforeAll, describe, expect, inject, it, vi } from 'vitest'

import { join } from '../support/peer.ts'
import { createAppRoom, joinStock } from '../support/adapters/y-websocket-peer.ts'

beforeAll(cryptoReady)

const relay = inject('relay')

describe('the published y-websocket over our class', () => {
  it('[CL61] edits one document with a SealedProvider', async () => {
    const room = createAppRoom()
    const alice = await joinStock({ relay, ...room })
    const bob = await join({ relay, access: sharedKeyDocument(room) })
    await bob.provider.whenSynced()
    alice.text.insert(0, 'hello')
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('hello'))
    bob.text.insert(5, ' world')
    await vi.waitFor(() => expect(alice.text.toJSON()).toBe('hello world'))
    expect(alice.provider.synced).toBe(true)
  })
})
