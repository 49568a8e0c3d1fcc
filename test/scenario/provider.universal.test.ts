import type { IntegrityReport } from '@y-sealed/client'
import { createMembersDocument, createMemoryKeyStore, loadDevice } from '@y-sealed/client'
import { describe, expect, inject, it, vi } from 'vitest'
import * as Y from 'yjs'

import { createRoom, join } from '../support/peer.ts'

const relay = inject('relay')

describe('two people, one note', () => {
  it('[CL6] Alice types, Bob reads it, and both know when it is saved', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    await alice.provider.whenSynced()
    alice.text.insert(0, 'hello')
    expect(alice.provider.unsyncedChanges).toBe(1)
    await alice.provider.whenSaved()
    expect(alice.provider.unsyncedChanges).toBe(0)

    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    expect(bob.text.toJSON()).toBe('hello')
    bob.text.insert(5, ' world')
    await vi.waitFor(() => expect(alice.text.toJSON()).toBe('hello world'))
  })

  it('[CL5] edits made before the relay was reached arrive once it is', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room(), provider: { connect: false } })
    alice.text.insert(0, 'written on a train')
    expect(alice.provider.unsyncedChanges).toBe(1)
    alice.provider.connect()
    await alice.provider.whenSaved()
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    expect(bob.text.toJSON()).toBe('written on a train')
  })

  it('[CL5] a document that held text before it was given to the provider is sent whole', async () => {
    const room = await createRoom()
    const doc = new Y.Doc()
    doc.getText('note').insert(0, 'an old note')
    const alice = await join({ relay, access: room(), doc })
    await alice.provider.whenSaved()
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    expect(bob.text.toJSON()).toBe('an old note')
  })

  it('[CL2] [CL5] an edit under a client id that an earlier run of the device has bound leaves under a session of this run', async () => {
    const room = await createRoom()
    const keys = createMemoryKeyStore()
    const source = new Y.Doc()
    const addFrom = async (text: string): Promise<void> => {
      source.getText('note').insert(source.getText('note').length, text)
      const alice = await join({ relay, access: room(), keys })
      // Presence would ask for a bind by itself.
      alice.provider.awareness.setLocalState(null)
      await alice.provider.whenSynced()
      Y.applyUpdateV2(alice.doc, Y.encodeStateAsUpdateV2(source))
      await alice.provider.whenSaved()
      alice.close()
    }
    await addFrom('one')
    await addFrom(' two')
    const bob = await join({ relay, access: room() })
    await bob.provider.whenSynced()
    expect(bob.text.toJSON()).toBe('one two')
  })

  it('[CL5] a device that comes back with its stored copy sends what is new in it, whoever wrote the rest', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    await alice.provider.whenSynced()
    alice.text.insert(0, 'shared')
    await alice.provider.whenSaved()
    const keys = createMemoryKeyStore()
    const bob = await join({ relay, access: room(), keys })
    await bob.provider.whenSynced()
    bob.text.insert(6, ', read')
    await bob.provider.whenSaved()
    const stored = Y.encodeStateAsUpdateV2(bob.doc)
    bob.close()

    const doc = new Y.Doc()
    Y.applyUpdateV2(doc, stored)
    doc.getText('note').insert(12, ', edited offline')
    doc.getText('note').delete(0, 1)
    const problems: unknown[] = []
    const again = await join({ relay, access: room(), keys, doc, provider: { connect: false } })
    again.provider.on('problem', (problem) => problems.push(problem))
    again.provider.connect()
    await again.provider.whenSaved()
    expect(problems).toEqual([])
    await vi.waitFor(() => expect(alice.text.toJSON()).toBe('hared, read, edited offline'))
  })

  it('[LO9] a paste larger than one envelope arrives whole, and what is typed after it too', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    const bob = await join({ relay, access: room() })
    await Promise.all([alice.provider.whenSynced(), bob.provider.whenSynced()])
    const book = 'All happy families are alike. '.repeat(10_000)
    alice.text.insert(0, book)
    alice.text.insert(0, 'Anna Karenina. ')
    await alice.provider.whenSaved()
    await vi.waitFor(() => expect(bob.text.length).toBe(alice.text.length))
    expect(bob.text.toJSON()).toBe(`Anna Karenina. ${book}`)
    const carol = await join({ relay, access: room() })
    await carol.provider.whenSynced()
    expect(carol.text.length).toBe(alice.text.length)
  })

  it('[CL5] both go offline, both type, both come back, and both have everything', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    const bob = await join({ relay, access: room() })
    await Promise.all([alice.provider.whenSynced(), bob.provider.whenSynced()])
    alice.provider.disconnect()
    bob.provider.disconnect()
    alice.text.insert(0, 'from Alice. ')
    bob.text.insert(0, 'from Bob. ')
    alice.provider.connect()
    bob.provider.connect()
    await Promise.all([alice.provider.whenSaved(), bob.provider.whenSaved()])
    await vi.waitFor(() => {
      expect(alice.text.toJSON()).toBe(bob.text.toJSON())
      expect(alice.text.length).toBe('from Alice. from Bob. '.length)
    })
  })

  it('[CL1] ten people type at once and converge, and nothing is refused', async () => {
    const room = await createRoom()
    const reports: IntegrityReport[] = []
    const people = await Promise.all(Array.from({ length: 10 }, () => join({ relay, access: room() })))
    for (const person of people) person.provider.on('integrity', (report) => reports.push(report))
    await Promise.all(people.map((person) => person.provider.whenSynced()))
    for (let round = 0; round < 20; round++) {
      for (const [index, person] of people.entries()) {
        const length = person.text.length
        person.text.insert((round * 7 + index) % (length + 1), String(index))
        if (round % 5 === 4) person.text.delete(0, 1)
      }
      await Promise.resolve()
    }
    await Promise.all(people.map((person) => person.provider.flush()))
    const [first] = people
    await vi.waitFor(
      () => {
        for (const person of people) expect(person.text.toJSON()).toBe(first?.text.toJSON())
      },
      { timeout: 10_000 },
    )
    expect(reports).toEqual([])
    expect(first?.doc.store.pendingStructs).toBeNull()
  })

  it('[CL5] remote edits wait while an input method composes, and local ones still leave', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    const bob = await join({ relay, access: room() })
    await Promise.all([alice.provider.whenSynced(), bob.provider.whenSynced()])
    bob.provider.holdRemote()
    alice.text.insert(0, 'remote ')
    await alice.provider.whenSaved()
    bob.text.insert(0, 'local ')
    await bob.provider.whenSaved()
    await vi.waitFor(() => expect(alice.text.toJSON()).toContain('local '))
    expect(bob.text.toJSON()).toBe('local ')
    bob.provider.releaseRemote()
    expect(bob.text.toJSON()).toBe(alice.text.toJSON())
  })

  it('remote edits bear the provider as their origin, and one page is one transaction', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    await alice.provider.whenSynced()
    for (let i = 0; i < 50; i++) {
      alice.text.insert(i, 'x')
      if (i % 10 === 0) await alice.provider.flush()
    }
    await alice.provider.whenSaved()
    const doc = new Y.Doc()
    const origins: unknown[] = []
    doc.on('update', (_update: Uint8Array, origin: unknown) => origins.push(origin))
    const bob = await join({ relay, access: room(), doc })
    await bob.provider.whenSynced()
    expect(bob.text.length).toBe(50)
    expect(new Set(origins)).toEqual(new Set([bob.provider]))
    expect(origins).toHaveLength(1)
  })

  it('[CL7] presence is seen by others, and goes when its owner goes', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    const bob = await join({ relay, access: room() })
    await Promise.all([alice.provider.whenSynced(), bob.provider.whenSynced()])
    alice.provider.awareness.setLocalStateField('user', { name: 'Alice' })
    bob.provider.awareness.setLocalStateField('user', { name: 'Bob' })
    await vi.waitFor(() => {
      expect(bob.provider.awareness.getStates().get(alice.doc.clientID)).toEqual({ user: { name: 'Alice' } })
      expect(alice.provider.awareness.getStates().get(bob.doc.clientID)).toEqual({ user: { name: 'Bob' } })
    })
    const carol = await join({ relay, access: room() })
    await vi.waitFor(() => expect(carol.provider.awareness.getStates().has(alice.doc.clientID)).toBe(true))
    alice.close()
    await vi.waitFor(() => expect(bob.provider.awareness.getStates().has(alice.doc.clientID)).toBe(false))
  })

  it('two notes share one connection and do not mix', async () => {
    const [one, two] = [await createRoom(), await createRoom()]
    const alice = await join({ relay, access: one() })
    await alice.provider.whenSynced()
    const bob = await join({ relay, access: two() })
    await bob.provider.whenSynced()
    alice.text.insert(0, 'first')
    bob.text.insert(0, 'second')
    await Promise.all([alice.provider.whenSaved(), bob.provider.whenSaved()])
    expect(alice.text.toJSON()).toBe('first')
    expect(bob.text.toJSON()).toBe('second')
  })

  it('[FR12] a deleted note is deleted for everybody, and cannot be opened again', async () => {
    const room = await createRoom()
    const alice = await join({ relay, access: room() })
    const bob = await join({ relay, access: room() })
    await Promise.all([alice.provider.whenSynced(), bob.provider.whenSynced()])
    const told = new Promise<void>((resolve) => bob.provider.once('deleted', resolve))
    await alice.provider.deleteDocument()
    await told
    const carol = await join({ relay, access: room() })
    await expect(carol.provider.whenSynced()).rejects.toMatchObject({ code: 'DELETED' })
  })

  it('[KM9] in members mode the creator writes from one device and reads it back after a restart', async () => {
    const keys = createMemoryKeyStore()
    const access = await createMembersDocument(await loadDevice(keys), keys)
    const first = await join({ relay, access, keys })
    await first.provider.whenSynced()
    expect(first.provider.role).toBe('admin')
    first.text.insert(0, 'mine alone')
    await first.provider.whenSaved()
    first.close()
    const again = await join({ relay, access, keys })
    await again.provider.whenSynced()
    expect(again.text.toJSON()).toBe('mine alone')
  })

  it('[AU11] in members mode a stranger gets no token', async () => {
    const keys = createMemoryKeyStore()
    const access = await createMembersDocument(await loadDevice(keys), keys)
    const owner = await join({ relay, access, keys })
    await owner.provider.whenSynced()
    const stranger = await join({ relay, access })
    await expect(stranger.provider.whenSynced()).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  })
})
