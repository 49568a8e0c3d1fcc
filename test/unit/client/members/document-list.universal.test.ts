import { bytesToBase64url, cryptoReady, documentIdOf, type Bytes } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { DocumentList } from '../../../../client/documents/document-list.ts'
import { addPending, dropPending, enlist, listPending } from '../../../../client/documents/pending-documents.ts'
import { createMemoryKeyStore } from '../../../../client/keys/key-store.ts'

beforeAll(() => cryptoReady())

const idOf = (genesisHash: Bytes): string => bytesToBase64url(documentIdOf(genesisHash))

function createList(): { doc: Y.Doc; list: DocumentList } {
  const doc = new Y.Doc()
  return { doc, list: new DocumentList(doc) }
}

describe('the list of a person’s documents', () => {
  it('[CL12] holds what was put, oldest first, under its newest name', () => {
    const { list } = createList()
    const [one, two] = [randomBytes(32), randomBytes(32)]
    list.put(two, 'second', 2)
    list.put(one, 'first', 1)
    list.put(two, 'renamed', 2)
    expect(list.all).toEqual([
      { id: idOf(one), genesisHash: one, name: 'first', addedAt: 1 },
      { id: idOf(two), genesisHash: two, name: 'renamed', addedAt: 2 },
    ])
    list.remove(idOf(one))
    expect(list.all.map(({ name }) => name)).toEqual(['renamed'])
  })

  it('[CL12] tells who is let in, who was taken out, and who waits, and forgets that with the document', () => {
    const { doc, list } = createList()
    const [genesisHash, device] = [randomBytes(32), randomBytes(16)]
    const id = idOf(genesisHash)
    list.put(genesisHash, '', 0)
    expect(list.accessOf(id, device)).toBe('waiting')
    list.noteAccess(id, device, 'in')
    expect(list.accessOf(id, device)).toBe('in')
    const before = Y.encodeStateVector(doc)
    list.noteAccess(id, device, 'in')
    expect(Y.encodeStateVector(doc)).toEqual(before)
    list.noteAccess(id, device, 'out')
    expect(list.accessOf(id, device)).toBe('out')
    list.remove(id)
    expect(list.accessOf(id, device)).toBe('waiting')
  })

  const genesis = new Uint8Array(32).fill(1)
  const good = { genesis: bytesToBase64url(genesis), name: 'a', addedAt: 1 }
  it.each<[string, unknown]>([
    ['a text', 'hello'],
    ['nothing', null],
    ['no genesis', { name: 'a', addedAt: 1 }],
    ['a genesis of 31 bytes', { ...good, genesis: bytesToBase64url(new Uint8Array(31)) }],
    ['a genesis that is no base64url', { ...good, genesis: '!' }],
    ['the genesis of another document', { ...good, genesis: bytesToBase64url(new Uint8Array(32).fill(2)) }],
    ['a name that is no text', { ...good, name: 7 }],
    ['a time that is none', { ...good, addedAt: Number.NaN }],
    ['a shared type', new Y.Map()],
  ])('[CL12] passes over %s', (_, value) => {
    const { doc, list } = createList()
    doc.getMap('documents').set(idOf(genesis), value)
    doc.getMap('access').set(`${idOf(genesis)}/x`, 'yes')
    expect(list.all).toEqual([])
    doc.getMap('documents').set(idOf(genesis), good)
    expect(list.all).toHaveLength(1)
  })
})

describe('a document that waits to be listed', () => {
  it('[CL12] is kept with the keys until it is listed, and changes no name that it has there', async () => {
    const keys = createMemoryKeyStore()
    const pending = { genesisHash: randomBytes(32), name: 'from the train', addedAt: 5 }
    await addPending(keys, pending)
    expect(await listPending(keys)).toEqual([pending])
    const { list } = createList()
    const device = randomBytes(16)
    list.put(pending.genesisHash, 'named elsewhere', 3)
    enlist(list, pending, device)
    expect(list.all).toMatchObject([{ name: 'named elsewhere', addedAt: 3 }])
    expect(list.accessOf(idOf(pending.genesisHash), device)).toBe('in')
    await dropPending(keys, idOf(pending.genesisHash))
    expect(await listPending(keys)).toEqual([])
  })

  it('[CL12] is passed over when what is kept is damaged', async () => {
    const keys = createMemoryKeyStore()
    await keys.set('pending/x', Uint8Array.of(1, 2, 3))
    expect(await listPending(keys)).toEqual([])
  })
})
