import { createMemoryKeyStore, type MemberChange } from '@y-sealed/client'
import { describe, expect, inject, it } from 'vitest'

import { createPerson, eventually, expectText, textOf, whoIsIn, write } from '../support/person.ts'

const relay = inject('relay')
const app = 'https://app.example/'

describe('one person alone', () => {
  it('[CL12] makes a note, finds it in the list, and opens it again by its id', async () => {
    const { documents } = await createPerson({ relay, name: 'Alice', personal: true })
    const note = await documents.createDocument({ name: 'Shopping' })
    await write(note, 'milk')
    await eventually(() => expect(documents.list()).toMatchObject([{ id: note.id, name: 'Shopping', isReady: true }]))
    expect(whoIsIn(note)).toEqual(['Alice: admin, 1'])
    note.close()
    const again = await documents.openDocument(note.id)
    await again.provider.whenSynced()
    expect(textOf(again)).toBe('milk')
    await documents.rename(note.id, 'Groceries')
    expect(documents.list()).toMatchObject([{ name: 'Groceries' }])
  })

  it('[CL12] finds note and list again after a restart', async () => {
    const keys = createMemoryKeyStore()
    const first = await createPerson({ relay, name: 'Alice', keys, personal: true })
    const note = await first.documents.createDocument({ name: 'Diary' })
    await write(note, 'dear diary')
    await eventually(() => expect(first.documents.list()).toHaveLength(1))
    first.documents.close()
    const { documents } = await createPerson({ relay, name: 'Alice', keys, personal: true })
    await eventually(() => expect(documents.list()).toMatchObject([{ name: 'Diary', isReady: true }]))
    await expectText(await documents.openDocument(note.id), 'dear diary')
  })

  it('[FR13] has fourteen notes open at once beside the list, and is told to close one', async () => {
    const { documents } = await createPerson({ relay, name: 'Alice', personal: true })
    const notes = await Promise.all(Array.from({ length: 14 }, () => documents.createDocument()))
    await expect(documents.createDocument()).rejects.toMatchObject({ code: 'TOO_MANY_OPEN' })
    const [first, second] = notes
    await expect(documents.openDocument('A'.repeat(22))).rejects.toMatchObject({ code: 'TOO_MANY_OPEN' })
    expect(await documents.openDocument(second?.id ?? '')).toBe(second)
    first?.close()
    const another = await documents.createDocument()
    await Promise.all([...notes.slice(1), another].map((note) => note.provider.whenSynced()))
    await eventually(() => expect(documents.list()).toHaveLength(15))
  })

  it('[KM17] is told to promote somebody or delete when they want to leave, and deletes', async () => {
    const { documents } = await createPerson({ relay, name: 'Alice', personal: true })
    const note = await documents.createDocument()
    await note.provider.whenSynced()
    await expect(note.leave()).rejects.toMatchObject({ code: 'LAST_ADMIN', message: /admin first, or delete/ })
    await expect(note.remove('A'.repeat(22))).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER' })
    const [alice] = note.members()
    await expect(note.setRole(alice?.id ?? '', 'writer')).rejects.toMatchObject({ code: 'LAST_ADMIN' })
    await note.deleteDocument()
    await eventually(() => expect(documents.list()).toEqual([]))
  })
})

describe('two people and a link', () => {
  it('[KM12] Alice invites Bob by a link, Bob opens it, and both write one text', async () => {
    const alice = await createPerson({ relay, name: 'Alice' })
    const note = await alice.documents.createDocument()
    await write(note, 'hello')
    const link = await note.invite({ app })
    expect(link).toMatch(/^https:\/\/app\.example\/#[A-Za-z0-9_-]{268}$/)

    const changes: MemberChange[] = []
    note.on('change', (change) => changes.push(change))
    const bob = await createPerson({ relay, name: 'Bob', personal: true })
    const bobs = await bob.documents.openDocument(link)
    await expectText(bobs, 'hello')
    await write(bobs, ' world')
    await expectText(note, 'hello world')
    await eventually(() => expect(whoIsIn(note)).toEqual(['Alice: admin, 1', 'Bob: writer, 1']))
    expect(whoIsIn(bobs)).toEqual(whoIsIn(note))
    expect(changes).toMatchObject([{ kind: 'joined', by: bob.documents.deviceId }])
    expect(bobs.safetyCode()).toEqual(note.safetyCode())
    expect(bobs.members().map(({ isMe }) => isMe)).toEqual([false, true])
    expect(bobs.members()[1]).toMatchObject({ link: note.links()[0]?.id, role: 'writer' })
    await eventually(() => expect(bob.documents.list()).toMatchObject([{ id: note.id, isReady: true }]))
    expect([...alice.errors, ...bob.errors]).toEqual([])
  })

  it('[CL11] opening a link twice on a device is one member, and so it is after a restart', async () => {
    const alice = await createPerson({ relay, name: 'Alice' })
    const note = await alice.documents.createDocument()
    await note.provider.whenSynced()
    const link = await note.invite()
    const keys = createMemoryKeyStore()
    const bob = await createPerson({ relay, name: 'Bob', keys })
    const first = await bob.documents.openDocument(link)
    expect(await bob.documents.openDocument(link)).toBe(first)
    first.close()
    const second = await bob.documents.openDocument(link)
    await second.provider.whenSynced()
    bob.documents.close()
    const again = await createPerson({ relay, name: 'Bob', keys })
    const third = await again.documents.openDocument(link)
    await third.provider.whenSynced()
    expect(whoIsIn(third)).toEqual(['Alice: admin, 1', 'Bob: writer, 1'])
    expect(note.links()).toMatchObject([{ used: 1, uses: 0 }])
  })

  it('[KM17] a link for one is used up by one, who goes on opening it', async () => {
    const alice = await createPerson({ relay, name: 'Alice' })
    const note = await alice.documents.createDocument()
    await note.provider.whenSynced()
    const link = await note.invite({ uses: 1, role: 'reader' })
    const bob = await createPerson({ relay, name: 'Bob' })
    const bobs = await bob.documents.openDocument(link)
    await bobs.provider.whenSynced()
    expect(bobs.provider.readOnly).toBe(true)
    const carol = await createPerson({ relay, name: 'Carol' })
    const refused = carol.documents.openDocument(link)
    await expect(refused).rejects.toMatchObject({ code: 'LINK_EXPIRED_OR_REVOKED', message: /ask for a new one/ })
    bobs.close()
    await (await bob.documents.openDocument(link)).provider.whenSynced()
    await eventually(() => expect(note.links()).toEqual([]))
  })

  it('[AU12] a link that was taken back opens nothing, and one that has expired neither', async () => {
    const alice = await createPerson({ relay, name: 'Alice' })
    const note = await alice.documents.createDocument()
    await note.provider.whenSynced()
    const revoked = await note.invite({ name: 'for the team' })
    expect(note.links()).toMatchObject([{ name: 'for the team', role: 'writer', uses: 0, used: 0 }])
    await note.revokeLink(note.links()[0]?.id ?? '')
    expect(note.links()).toEqual([])
    const other = await note.invite({ app })
    await note.revokeLink(other)
    expect(note.links()).toEqual([])
    const short = await note.invite({ expires: new Date(Date.now() + 1_000) })
    const bob = await createPerson({ relay, name: 'Bob' })
    const over = { code: 'LINK_EXPIRED_OR_REVOKED' }
    await expect(bob.documents.openDocument(revoked)).rejects.toMatchObject(over)
    await eventually(() => expect(Date.now()).toBeGreaterThan((note.links()[0]?.expires?.getTime() ?? 0) + 1_000))
    await expect(bob.documents.openDocument(short)).rejects.toMatchObject(over)
  })

  it('[CL10] ten people open one link at the same time, and all are in', async () => {
    const alice = await createPerson({ relay, name: 'Alice' })
    const note = await alice.documents.createDocument()
    await note.provider.whenSynced()
    const link = await note.invite()
    const people = await Promise.all(Array.from({ length: 10 }, (_, i) => createPerson({ relay, name: `Person ${i}` })))
    const opened = await Promise.all(people.map(({ documents }) => documents.openDocument(link)))
    await Promise.all(opened.map(({ provider }) => provider.whenSynced()))
    await eventually(() => expect(note.members()).toHaveLength(11))
    for (const document of opened) {
      await eventually(() => expect(document.safetyCode()).toEqual(note.safetyCode()))
    }
  })

  it('[KM10] Bob is promoted, becomes an admin, and Alice may leave', async () => {
    const alice = await createPerson({ relay, name: 'Alice' })
    const note = await alice.documents.createDocument()
    await write(note, 'a')
    const bob = await createPerson({ relay, name: 'Bob' })
    const bobs = await bob.documents.openDocument(await note.invite({ role: 'reader' }))
    await bobs.provider.whenSynced()
    await expect(bobs.invite()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const roles: string[] = []
    bobs.on('role', (role) => roles.push(role))
    const id = note.members()[1]?.id ?? ''
    await note.setRole(id, 'admin')
    await eventually(() => expect(roles).toEqual(['admin']))
    await note.leave()
    await eventually(() => expect(whoIsIn(bobs)).toEqual(['Bob: admin, 1']))
    await write(bobs, 'b')
    expect(textOf(bobs)).toBe('ab')
  })

  it('[KM17] Bob is removed, is told so, and his old link lets nobody in; a new one lets him in again', async () => {
    const alice = await createPerson({ relay, name: 'Alice' })
    const note = await alice.documents.createDocument()
    await note.provider.whenSynced()
    const link = await note.invite()
    const bob = await createPerson({ relay, name: 'Bob' })
    const bobs = await bob.documents.openDocument(link)
    await bobs.provider.whenSynced()
    const closed = new Promise<Error>((resolve) => bobs.once('closed', resolve))
    await note.remove(note.members()[1]?.id ?? '')
    expect(await closed).toMatchObject({ code: 'REMOVED' })
    expect(note.links()).toEqual([])
    await expect(bob.documents.openDocument(link)).rejects.toMatchObject({ code: 'LINK_EXPIRED_OR_REVOKED' })
    await write(note, 'after')
    const again = await bob.documents.openDocument(await note.invite())
    await expectText(again, 'after')
    expect(whoIsIn(again)).toEqual(['Alice: admin, 1', 'Bob: writer, 1'])
  })

  it('[KM12] links that are none, or of another app, are told apart', async () => {
    const bob = await createPerson({ relay, name: 'Bob' })
    const open = (link: string): Promise<unknown> => bob.documents.openDocument(link)
    await expect(open('https://app.example/')).rejects.toMatchObject({ code: 'LINK_MALFORMED' })
    await expect(open('#AAAA')).rejects.toMatchObject({ code: 'LINK_MALFORMED' })
    await expect(open('#AgAA')).rejects.toMatchObject({ code: 'LINK_VERSION' })
    await expect(open('#pair=AAAA')).rejects.toMatchObject({ code: 'NOT_A_DOCUMENT' })
    await expect(open('A'.repeat(22))).rejects.toMatchObject({ code: 'UNKNOWN_DOCUMENT' })
  })
})
