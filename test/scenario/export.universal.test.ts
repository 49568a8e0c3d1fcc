/** A document in a file: out of one device, into another, without a relay. */
import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  importDocument,
  type DeviceStorage,
  type DocumentExport,
  type SealedDocument,
} from '@y-sealed/client'
import { concatBytes, type Bytes } from '@y-sealed/protocol'
import { describe, expect, inject, it } from 'vitest'

import { createPerson, eventually, expectText, write } from '../support/person.ts'
import { createRoom, join } from '../support/peer.ts'

const relay = inject('relay')

async function fileOf({ chunks }: DocumentExport): Promise<Bytes> {
  const pieces: Bytes[] = []
  for await (const piece of chunks) pieces.push(piece)
  return concatBytes(...pieces)
}

/** In pieces of a size. */
function* inPieces(file: Bytes, size: number): Generator<Bytes, void, undefined> {
  for (let at = 0; at < file.length; at += size) yield file.slice(at, at + size)
}

interface Scene {
  readonly alices: SealedDocument
  readonly exported: DocumentExport
  readonly file: Bytes
}

/** Alice writes, somebody is let in and removed (so that the key changes), and Alice writes more. */
async function exportNote(): Promise<Scene> {
  const { documents } = await createPerson({ relay, name: 'Alice' })
  const alices = await documents.createDocument()
  await write(alices, 'before, ')
  await alices.rotate()
  await write(alices, 'and after')
  const exported = await alices.exportDocument()
  return { alices, exported, file: await fileOf(exported) }
}

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
    return 'fine'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

describe('[EX1] [EX5] an exported document', () => {
  it('opens with its key where nobody is a member, with members and history, and tells nothing without', async () => {
    const { exported, file, alices } = await exportNote()
    expect(exported.key).toMatch(/^(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}$/)
    const imported = await importDocument(file, { key: exported.key.toLowerCase() })
    expect(imported.doc.getText('note').toJSON()).toBe('before, and after')
    expect([imported.id, imported.seq]).toEqual([alices.id, alices.provider.head.seq])
    const { versions } = await imported.history().versions()
    expect(versions.map(({ authors, edits }) => [authors.map(({ name }) => name), edits])).toEqual([[['Alice'], 2]])
    const first = await imported.history().at(3)
    expect(first.getText('note').toJSON()).toBe('before, ')
    await expect(imported.history().restore(3)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await codeOf(importDocument(file))).toBe('EXPORT_KEY')
    expect(new TextDecoder('latin1').decode(file)).not.toMatch(/before|after|Alice/)
  })

  it('refuses a key with a slip and the key of another file', async () => {
    const { exported, file, alices } = await exportNote()
    // In the checksum's own characters: one in the secret goes unnoticed once in 4 096. [KM21]
    const slip = `${exported.key.slice(0, -1)}${exported.key.endsWith('0') ? '1' : '0'}`
    expect(await codeOf(importDocument(file, { key: slip }))).toBe('EXPORT_KEY')
    const other = await alices.exportDocument()
    expect(await codeOf(importDocument(file, { key: other.key }))).toBe('EXPORT_WRONG_KEY')
  })

  it('comes in pieces of any size', async () => {
    const { exported, file } = await exportNote()
    for (const size of [1, 41, 1_000, file.length]) {
      const imported = await importDocument(inPieces(file, size), { key: exported.key })
      expect(imported.doc.getText('note').toJSON()).toBe('before, and after')
    }
  })

  it('[EX3] that was cut anywhere, or had any byte changed, is refused in the same words, and nothing is lost', async () => {
    const { exported, file, alices } = await exportNote()
    const { key } = exported
    const cuts = new Set<string>()
    for (let length = 0; length < file.length; length += 97) {
      cuts.add(await codeOf(importDocument(file.slice(0, length), { key })))
    }
    expect([...cuts]).toEqual(['EXPORT_TRUNCATED'])
    // A length that was changed may ask for more than there is.
    const changes = new Set<string>()
    for (let at = 0; at < file.length; at += 89) {
      const changed = file.slice()
      changed[at] = (changed[at] as number) ^ 1
      changes.add(await codeOf(importDocument(changed, { key })))
    }
    for (const code of changes) expect(['EXPORT_DAMAGED', 'EXPORT_FORMAT', 'EXPORT_TRUNCATED']).toContain(code)
    expect(changes).toContain('EXPORT_DAMAGED')
    expect(await codeOf(importDocument(concatBytes(file, new Uint8Array(1)), { key }))).toBe('EXPORT_DAMAGED')
    const newer = file.slice()
    newer[8] = 2
    expect(await codeOf(importDocument(newer, { key }))).toBe('EXPORT_VERSION')
    expect(alices.doc.getText('note').toJSON()).toBe('before, and after')
  })

  it('opens on a member’s device without a key, which keeps it and opens it offline as its own', async () => {
    const { alices } = await exportNote()
    const storage = (): DeviceStorage => ({
      keys: createMemoryKeyStore(),
      outbox: createMemoryOutbox(),
      documents: createMemoryDocumentStore(),
    })
    const kept = storage()
    const bob = await createPerson({ relay, name: 'Bob', storage: kept })
    const bobs = await bob.documents.openDocument(await alices.invite())
    await expectText(bobs, 'before, and after')
    bobs.provider.disconnect()
    await write(alices, ', and while Bob was away')
    await eventually(() => expect(alices.provider.signedHead?.seq).toBe(alices.provider.head.seq))
    const file = await fileOf(await alices.exportDocument())
    bob.documents.close()

    // Nobody answers at this address, which stands for the relay's: by its name the device knows whose signature to believe.
    const url = 'wss://127.0.0.1:1/sync'
    const pinned = await kept.keys.get(`head-key/${new URL(relay.url).host}`)
    await kept.keys.set(`head-key/${new URL(url).host}`, pinned as Bytes)
    const again = await createPerson({ relay: { ...relay, url }, name: 'Bob', storage: kept })
    const imported = await again.documents.importDocument(file)
    expect(imported.doc.getText('note').toJSON()).toBe('before, and after, and while Bob was away')
    const offline = await again.documents.openDocument(imported.id)
    await expectText(offline, 'before, and after, and while Bob was away')
    expect(offline.role).toBe('writer')

    const stranger = await createPerson({ relay, name: 'Mallory', storage: storage() })
    expect(await codeOf(stranger.documents.importDocument(file))).toBe('EXPORT_KEY')
    expect(await codeOf(stranger.documents.openDocument(imported.id))).toBe('UNKNOWN_DOCUMENT')
  })

  it('says how many edits are not in it', async () => {
    const { alices } = await exportNote()
    alices.provider.disconnect()
    alices.doc.getText('note').insert(0, 'unsaved ')
    const exported = await alices.exportDocument()
    expect(exported.unsaved).toBe(1)
    const imported = await importDocument(await fileOf(exported), { key: exported.key })
    expect(imported.doc.getText('note').toJSON()).toBe('before, and after')
  })

  it('[KM13] of a room opens with its key, or with the app’s', async () => {
    const access = (await createRoom())()
    const peer = await join({ relay, access })
    await peer.provider.whenSynced()
    peer.text.insert(0, 'in a room')
    await peer.provider.whenSaved()
    const exported = await peer.provider.exportDocument()
    const file = await fileOf(exported)
    for (const options of [{ key: exported.key }, { access }]) {
      const imported = await importDocument(file, options)
      expect(imported.doc.getText('note').toJSON()).toBe('in a room')
    }
    expect(await codeOf(importDocument(file))).toBe('EXPORT_KEY')
  })
})
