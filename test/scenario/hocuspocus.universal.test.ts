import { sharedKeyDocument } from '@y-sealed/client'
import { cryptoReady } from '@y-sealed/protocol'
import { beforeAll, describe, expect, inject, it, vi } from 'vitest'

import { joinHocuspocus } from '../support/adapters/hocuspocus-peer.ts'
import { createAppRoom } from '../support/adapters/y-websocket-peer.ts'
import { join } from '../support/peer.ts'

beforeAll(cryptoReady)

const relay = inject('relay')

describe('the published Hocuspocus provider over our class', () => {
  it('[CL61] edits one document with a SealedProvider', async () => {
    const room = createAppRoom()
    const alice = await joinHocuspocus({ relay, ...room })
    const bob = await join({ relay, access: sharedKeyDocument(room) })
    await bob.provider.whenSynced()
    alice.text.insert(0, 'hello')
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('hello'))
    bob.text.insert(5, ' world')
    await vi.waitFor(() => expect(alice.text.toJSON()).toBe('hello world'))
    await vi.waitFor(() => expect(alice.provider.unsyncedChanges).toBe(0))
    expect(alice.provider.synced).toBe(true)
    expect(alice.provider.authorizedScope).toBe('read-write')
  })
})
