/** Edits made without a relay: they outlast the run, are shown by the next one, and leave exactly once. */
import {
  createMemoryDocumentStore,
  createMemoryOutbox,
  type DeviceStorage,
  type DocumentAccess,
  type IntegrityReport,
  type SendProblem,
} from '@y-sealed/client'
import { KIND, OFFSET } from '@y-sealed/protocol'
import { describe, expect, inject, it, vi } from 'vitest'

import { makeDeviceDisk } from '../support/device-storage.ts'
import { createRoom, join, type Peer } from '../support/peer.ts'
import { createPerson, eventually, expectText, textOf, write } from '../support/person.ts'

const relay = inject('relay')
/** Nobody listens there. */
const nowhere = { ...relay, url: 'wss://localhost:9/sync' }

/** Where a peer keeps what it has. */
function kept({ keys, outbox, documents }: DeviceStorage): Pick<Parameters<typeof join>[0], 'keys' | 'provider'> {
  return { keys, provider: { store: documents, outbox } }
}

/** Somebody who looks on: what does not count, and how many updates there are. */
interface Witness {
  readonly peer: Peer
  readonly refused: readonly IntegrityReport[]
  readonly countUpdates: () => Promise<number>
}

async function lookOn(access: DocumentAccess): Promise<Witness> {
  const store = createMemoryDocumentStore()
  const peer = await join({ relay, access, provider: { connect: false, store } })
  const refused: IntegrityReport[] = []
  peer.provider.on('integrity', (report) => refused.push(report))
  peer.provider.connect()
  await peer.provider.whenSynced()
  return {
    peer,
    refused,
    countUpdates: async () => {
      const { head, documentId } = peer.provider
      await vi.waitFor(async () => expect((await store.extent(documentId)).lastSeq).toBe(head.seq))
      const entries = await store.read(documentId, 1, Number.MAX_SAFE_INTEGER)
      return entries.filter(({ envelope }) => envelope[OFFSET.kind] === KIND.update).length
    },
  }
}

describe('what is typed without a relay', () => {
  it('[CL14] is there after the app was closed and opened again, and leaves once', async () => {
    const room = await createRoom()
    const disk = await makeDeviceDisk()
    let storage = await disk.open()
    const online = await join({ relay, access: room(), ...kept(storage) })
    await online.provider.whenSynced()
    online.text.insert(0, 'online ')
    await online.provider.whenSaved()
    online.close()
    await storage.close()

    storage = await disk.open()
    const offline = await join({ relay: nowhere, access: room(), ...kept(storage) })
    await offline.provider.whenLoaded()
    for (const word of ['one ', 'two ', 'three ']) offline.text.insert(offline.text.length, word)
    offline.text.delete(0, 1)
    await offline.provider.whenKept()
    offline.close()
    await storage.close()

    storage = await disk.open()
    const reloaded = await join({ relay: nowhere, access: room(), ...kept(storage) })
    await reloaded.provider.whenLoaded()
    expect(reloaded.text.toJSON()).toBe('nline one two three ')
    expect(reloaded.provider.unsyncedChanges).toBeGreaterThan(0)
    reloaded.text.insert(reloaded.text.length, 'four')
    await reloaded.provider.whenKept()
    reloaded.close()
    await storage.close()

    storage = await disk.open()
    const { peer, refused, countUpdates } = await lookOn(room())
    const back = await join({ relay, access: room(), ...kept(storage) })
    await back.provider.whenLoaded()
    await back.provider.whenSaved()
    await vi.waitFor(() => expect(peer.text.toJSON()).toBe('nline one two three four'))
    // The one that was typed online, and all others together.
    expect(await countUpdates()).toBe(2)
    expect(refused).toEqual([])
    await vi.waitFor(async () => expect(await storage.outbox.list(peer.provider.documentId)).toEqual([]))
  })

  it('[CL14] is there once, and so are others’ words, where one Y.Doc goes from a provider to the next', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    await alice.provider.whenSynced()
    alice.text.insert(0, 'hers. ')
    await alice.provider.whenSaved()
    const storage = await (await makeDeviceDisk()).open()
    const bob = await join({ relay, access: room(), ...kept(storage) })
    await bob.provider.whenSynced()
    // Behind the head that the relay has signed for him: what is kept comes back in two runs.
    alice.text.insert(alice.text.length, 'and more. ')
    await vi.waitFor(() => expect(bob.text.toJSON()).toBe('hers. and more. '))
    await bob.provider.whenKept()
    bob.close()
    const { doc } = bob
    for (const word of ['one ', 'two ', 'three ']) {
      const next = await join({ relay: nowhere, access: room(), doc, ...kept(storage) })
      await next.provider.whenLoaded()
      next.text.insert(next.text.length, word)
      await next.provider.whenKept()
      next.close()
    }
    expect(doc.getText('note').toJSON()).toBe('hers. and more. one two three ')
    const back = await join({ relay, access: room(), doc, ...kept(storage) })
    await back.provider.whenSaved()
    await vi.waitFor(() => expect(alice.text.toJSON()).toBe('hers. and more. one two three '))
    expect(back.text.toJSON()).toBe(alice.text.toJSON())
    await storage.close()
  })

  it('[CL14] is there once where the Y.Doc has more of others than the log that is kept', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    await alice.provider.whenSynced()
    alice.text.insert(0, 'hers. ')
    await alice.provider.whenSaved()
    const storage = await (await makeDeviceDisk()).open()
    const bob = await join({ relay, access: room(), ...kept(storage) })
    await bob.provider.whenSynced()
    await bob.provider.whenKept()
    bob.close()
    const { doc } = bob
    alice.text.insert(alice.text.length, 'and more. ')
    await alice.provider.whenSaved()
    // The app has stored what its document showed, and the log of that was not kept any more.
    const unkept = await join({ relay, access: room(), doc, keys: storage.keys })
    await unkept.provider.whenSynced()
    expect(doc.getText('note').toJSON()).toBe('hers. and more. ')
    unkept.close()
    for (const word of ['one ', 'two ', 'three ']) {
      const next = await join({ relay: nowhere, access: room(), doc, ...kept(storage) })
      await next.provider.whenLoaded()
      next.text.insert(next.text.length, word)
      expect(next.provider.unsyncedChanges).toBeGreaterThan(0)
      await next.provider.whenKept()
      next.close()
    }
    expect(doc.getText('note').toJSON()).toBe('hers. and more. one two three ')
    const { peer, refused } = await lookOn(room())
    const back = await join({ relay, access: room(), doc, ...kept(storage) })
    await back.provider.whenSaved()
    for (const { text } of [peer, alice, back]) {
      await vi.waitFor(() => expect(text.toJSON()).toBe('hers. and more. one two three '))
    }
    expect(refused).toEqual([])
    await storage.close()
  })

  it('[CL14] [CL22] is said to be kept once the outbox has it, and not before', async () => {
    const outbox = createMemoryOutbox()
    let goOn = (): void => undefined
    const slow = {
      ...outbox,
      put: async (item: Parameters<typeof outbox.put>[0]): Promise<void> => {
        await new Promise<void>((resolve) => (goOn = resolve))
        await outbox.put(item)
      },
    }
    const room = await createRoom()
    const peer = await join({ relay: nowhere, access: room(), provider: { outbox: slow } })
    const { text, provider } = peer
    await vi.waitFor(() => expect(provider.syncStatus).toMatchObject({ kind: 'offline', isKept: true }))
    const told: boolean[] = []
    provider.on('kept', (isKept) => told.push(isKept))
    for (const letter of 'ab') {
      text.insert(text.length, letter)
      expect(provider.syncStatus).toMatchObject({ kind: 'offline', isKept: false })
    }
    goOn()
    // The second letter was typed while the first was being written.
    await vi.waitFor(async () => expect(await outbox.list(provider.documentId)).toHaveLength(1))
    expect([provider.isKept, provider.syncStatus.isKept]).toEqual([false, false])
    goOn()
    await vi.waitFor(() => expect([provider.isKept, provider.syncStatus.isKept]).toEqual([true, true]))
    expect(await outbox.list(provider.documentId)).toHaveLength(2)
    expect(told).toEqual([false, true])
    peer.close()
  })

  it('[CL14] of which a crash left both the draft and what was sealed of it leaves once', async () => {
    const room = await createRoom()
    const outbox = createMemoryOutbox()
    const { keys, documents } = await (await makeDeviceDisk()).open()
    const first = await join({ relay: nowhere, access: room(), keys, provider: { store: documents, outbox } })
    await first.provider.whenLoaded()
    first.text.insert(0, 'hello')
    first.text.delete(0, 1)
    await first.provider.whenKept()
    const drafts = await outbox.list(first.provider.documentId)
    expect(drafts.length).toBeGreaterThan(0)
    first.close()
    // It seals, and the process ends before the draft is forgotten and before anything has left.
    const second = await join({
      relay,
      access: room(),
      keys,
      provider: { store: documents, outbox: { ...outbox, remove: () => Promise.resolve() } },
    })
    await second.provider.whenSaved()
    second.close()
    await vi.waitFor(async () => expect((await outbox.list(first.provider.documentId)).length).toBeGreaterThan(1))

    const { peer, refused, countUpdates } = await lookOn(room())
    const third = await join({ relay, access: room(), keys, provider: { outbox } })
    await third.provider.whenSynced()
    await third.provider.whenSaved()
    await vi.waitFor(async () => expect(await outbox.list(peer.provider.documentId)).toEqual([]))
    expect(third.text.toJSON()).toBe('ello')
    expect(peer.text.toJSON()).toBe('ello')
    expect(await countUpdates()).toBe(1)
    expect(refused).toEqual([])
  })

  it('[CL14] in two tabs of one device, both closed, is all there in a third', async () => {
    const room = await createRoom()
    const disk = await makeDeviceDisk()
    const storage = await disk.open()
    const one = await join({ relay, access: room(), ...kept(storage) })
    const two = await join({ relay, access: room(), ...kept(storage) })
    await Promise.all([one.provider.whenSynced(), two.provider.whenSynced()])
    for (const { provider } of [one, two]) provider.disconnect()
    one.text.insert(0, 'first tab. ')
    two.text.insert(0, 'second tab. ')
    await Promise.all([one.provider.whenKept(), two.provider.whenKept()])
    one.close()
    two.close()

    const { peer, refused } = await lookOn(room())
    const again = await join({ relay, access: room(), ...kept(storage) })
    await again.provider.whenLoaded()
    expect(again.text.toJSON()).toContain('first tab. ')
    expect(again.text.toJSON()).toContain('second tab. ')
    await again.provider.whenSaved()
    await vi.waitFor(() => expect(peer.text.toJSON()).toBe(again.text.toJSON()))
    expect(peer.text.length).toBe('first tab. second tab. '.length)
    expect(refused).toEqual([])
  })

  it('[CL14] [LO9] a paste too large for one envelope survives as well, and arrives whole', async () => {
    const room = await createRoom()
    const disk = await makeDeviceDisk()
    let storage = await disk.open()
    const offline = await join({ relay: nowhere, access: room(), ...kept(storage) })
    await offline.provider.whenLoaded()
    const book = 'All happy families are alike. '.repeat(10_000)
    offline.text.insert(0, book)
    offline.text.insert(0, 'Anna Karenina. ')
    await offline.provider.whenKept()
    offline.close()
    await storage.close()

    storage = await disk.open()
    const back = await join({ relay, access: room(), ...kept(storage) })
    await back.provider.whenLoaded()
    expect(back.text.toJSON()).toBe(`Anna Karenina. ${book}`)
    await back.provider.whenSaved()
    const { peer, refused } = await lookOn(room())
    expect(peer.text.toJSON()).toBe(`Anna Karenina. ${book}`)
    expect(refused).toEqual([])
  })

  it('[CL14] many edits become few drafts', async () => {
    const room = await createRoom()
    const storage = await (await makeDeviceDisk()).open()
    const offline = await join({ relay: nowhere, access: room(), ...kept(storage) })
    await offline.provider.whenLoaded()
    let text = ''
    for (let i = 0; i < 400; i++) {
      offline.text.insert(offline.text.length, `${i} `)
      text += `${i} `
      if (i % 2 === 0) await offline.provider.whenKept()
    }
    await offline.provider.whenKept()
    await vi.waitFor(async () => {
      expect((await storage.outbox.list(offline.provider.documentId)).length).toBeLessThan(140)
    })
    offline.close()
    const again = await join({ relay: nowhere, access: room(), ...kept(storage) })
    await again.provider.whenLoaded()
    expect(again.text.toJSON()).toBe(text)
  })

  it('[CL14] [KM18] leaves under the epoch that is in force when it comes back, after several missed rotations', async () => {
    const disk = await makeDeviceDisk()
    let storage = await disk.open()
    const alice = await createPerson({ relay, name: 'Alice' })
    const note = await alice.documents.createDocument()
    await write(note, 'Alice. ')
    const bob = await createPerson({ relay, name: 'Bob', storage })
    const copy = await bob.documents.openDocument(await note.invite())
    await expectText(copy, 'Alice. ')
    await write(copy, 'Bob. ')
    await vi.waitFor(async () => {
      expect((await storage.documents.extent(copy.provider.documentId)).lastSeq).toBe(copy.provider.head.seq)
    })
    bob.documents.close()
    await storage.close()

    storage = await disk.open()
    const offline = await createPerson({ relay: nowhere, name: 'Bob', storage })
    const draft = await offline.documents.openDocument(copy.id)
    await draft.provider.whenLoaded()
    draft.doc.getText('note').insert(textOf(draft).length, 'Typed on a train. ')
    await draft.provider.whenKept()
    offline.documents.close()
    await storage.close()
    for (let i = 0; i < 3; i++) await note.rotate()
    await write(note, 'After three keys. ')

    storage = await disk.open()
    const problems: SendProblem[] = []
    const back = await createPerson({ relay, name: 'Bob', storage })
    const again = await back.documents.openDocument(copy.id)
    again.provider.on('problem', (problem) => problems.push(problem))
    await again.provider.whenLoaded()
    expect(textOf(again)).toContain('Typed on a train. ')
    await again.provider.whenSaved()
    await eventually(() => expect(textOf(note)).toBe(textOf(again)))
    expect(textOf(note)).toContain('Typed on a train. ')
    expect(textOf(note)).toContain('After three keys. ')
    expect(problems).toEqual([])
  })
})
