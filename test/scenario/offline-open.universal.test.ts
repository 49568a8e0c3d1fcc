/** Documents that open from what the device has kept: without a relay, and with one that is asked only for what is new. */
import type { DeviceStorage, DocumentStore, StoredEntry } from '@y-sealed/client'
import { describe, expect, inject, it, vi } from 'vitest'

import { makeDeviceDisk } from '../support/device-storage.ts'
import { createMeteredSocket } from '../support/metered-socket.ts'
import { createRoom, join, platformFor, type Peer } from '../support/peer.ts'
import { createPerson, eventually, expectText, textOf, whoIsIn, write } from '../support/person.ts'

const relay = inject('relay')
/** Nobody listens there. */
const nowhere = { ...relay, url: 'wss://localhost:9/sync' }
const ALL = Number.MAX_SAFE_INTEGER

async function type(peer: Peer, text: string): Promise<void> {
  peer.text.insert(peer.text.length, text)
  await peer.provider.whenSaved()
}

/** Waits until the store has the log up to where the peer has come. */
async function keepAll({ provider }: Pick<Peer, 'provider'>, store: DocumentStore): Promise<void> {
  await vi.waitFor(async () => expect((await store.extent(provider.documentId)).lastSeq).toBe(provider.head.seq))
}

describe('a document that this device has kept', () => {
  it('[CL13] is shown without a relay, whole, and is not called synced', async () => {
    const room = await createRoom()
    const disk = await makeDeviceDisk()
    let storage = await disk.open()
    const alice = await join({ relay, access: room(), ...kept(storage) })
    await alice.provider.whenSynced()
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    await type(alice, 'by Alice, ')
    await type(bob, 'by Bob')
    await vi.waitFor(() => expect(alice.text.toJSON()).toContain('by Bob'))
    const text = alice.text.toJSON()
    await keepAll(alice, storage.documents)
    alice.close()
    await storage.close()

    storage = await disk.open()
    const again = await join({ relay: nowhere, access: room(), ...kept(storage) })
    await again.provider.whenLoaded()
    expect(again.text.toJSON()).toBe(text)
    expect(again.provider).toMatchObject({ loaded: true, synced: false, readOnly: false, unsyncedChanges: 0 })
    const disconnected = await join({ relay, access: room(), ...kept(storage, { connect: false }) })
    await disconnected.provider.whenLoaded()
    expect(disconnected.text.toJSON()).toBe(text)
  })

  it('[CL13] asks the relay for what is new alone', async () => {
    const room = await createRoom()
    const storage = await (await makeDeviceDisk()).open()
    const alice = await join({ relay, access: room(), ...kept(storage) })
    await alice.provider.whenSynced()
    for (let line = 0; line < 40; line++)
      await type(alice, `line ${line}: ${'lorem ipsum dolor sit amet '.repeat(40)}\n`)
    await keepAll(alice, storage.documents)
    alice.close()
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    await type(bob, 'the last line')

    const platform = await platformFor(relay)
    const [cold, warm] = [createMeteredSocket(platform.WebSocket), createMeteredSocket(platform.WebSocket)]
    const stranger = await join({ relay, access: room(), WebSocket: cold.WebSocket })
    await stranger.provider.whenSynced()
    const again = await join({ relay, access: room(), ...kept(storage), WebSocket: warm.WebSocket })
    await again.provider.whenSynced()
    expect(again.text.toJSON()).toBe(bob.text.toJSON())
    expect(cold.received).toBeGreaterThan(40_000)
    // A greeting, a signed head, what Bob wrote and his bind.
    expect(warm.received).toBeLessThan(3_000)
  })

  it.each([
    ['the header of the first', 0, 300],
    ['the ciphertext of one in the middle', 4, 8 * 150],
    ['the signature of one in the middle', 4, -8],
    ['the last', -1, 8 * 120],
  ])(
    '[CL13] [K1] is read anew from where a bit was turned on its disk, in %s, and nothing of it is fed',
    async (_which, at, bit) => {
      const room = await createRoom()
      const disk = await makeDeviceDisk()
      let storage = await disk.open()
      const alice = await join({ relay, access: room(), ...kept(storage) })
      await alice.provider.whenSynced()
      for (const word of ['one ', 'two ', 'three ', 'four ', 'five ', 'six ', 'seven ']) await type(alice, word)
      const [text, { documentId }] = [alice.text.toJSON(), alice.provider]
      await keepAll(alice, storage.documents)
      alice.close()
      const entry = (await storage.documents.read(documentId, 1, ALL)).at(at) as StoredEntry
      await storage.close()
      await disk.damage(documentId, entry, bit < 0 ? entry.envelope.length * 8 + bit : bit)

      storage = await disk.open()
      const offline = await join({ relay: nowhere, access: room(), ...kept(storage) })
      await offline.provider.whenLoaded()
      expect(offline.provider.head.seq).toBe(entry.seq - 1)
      expect(text.startsWith(offline.text.toJSON())).toBe(true)
      offline.close()
      const again = await join({ relay, access: room(), ...kept(storage) })
      await again.provider.whenSynced()
      expect(again.text.toJSON()).toBe(text)
      await keepAll(again, storage.documents)
      expect(await storage.documents.read(documentId, entry.seq, 1)).toEqual([entry])
    },
  )
})

describe('a person without a network', () => {
  it('[CL13] [CL12] sees the list of documents, opens each, and sees who is in it', async () => {
    const disk = await makeDeviceDisk()
    let storage = await disk.open()
    const first = await createPerson({ relay, name: 'Alice', storage, personal: true })
    const note = await first.documents.createDocument({ name: 'Shopping' })
    await write(note, 'milk')
    await eventually(() => expect(first.documents.list()).toMatchObject([{ name: 'Shopping', isReady: true }]))
    const bob = await createPerson({ relay, name: 'Bob' })
    await expectText(await bob.documents.openDocument(await note.invite()), 'milk')
    await eventually(() => expect(whoIsIn(note)).toEqual(['Alice: admin, 1', 'Bob: writer, 1']))
    await keepAll(note, storage.documents)
    first.documents.close()
    await storage.close()

    storage = await disk.open()
    const { documents } = await createPerson({ relay: nowhere, name: 'Alice', storage, personal: true })
    await eventually(() => expect(documents.list()).toMatchObject([{ name: 'Shopping', isReady: true }]))
    const again = await documents.openDocument(note.id)
    await again.provider.whenLoaded()
    expect(textOf(again)).toBe('milk')
    expect(whoIsIn(again)).toEqual(['Alice: admin, 1', 'Bob: writer, 1'])
    expect(again.provider.readOnly).toBe(false)
  })
})

/** Where a peer keeps what it has. */
function kept(
  storage: DeviceStorage,
  provider: { readonly connect?: boolean } = {},
): Pick<Parameters<typeof join>[0], 'keys' | 'provider'> {
  const { keys, outbox, documents } = storage
  return { keys, provider: { store: documents, outbox, ...provider } }
}
