/** A file whose maker was an admin once, and has the log go on otherwise than it did at the relay. */
import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  loadDevice,
  openMembersDocument,
  RecordTools,
  sealRecord,
  type DeviceStorage,
  type DocumentExport,
  type Intent,
  type KeyStore,
  type SealedDocument,
} from '@y-sealed/client'
import {
  bytesToHex,
  base64urlToBytes,
  concatBytes,
  encodeAuthoredUpdate,
  encodeBind,
  ExportReader,
  ExportWriter,
  headInput,
  KIND,
  readWholeEnvelope,
  sodiumSha512,
  type Bytes,
  type Envelope,
  type ExportHeader,
  type ExportPart,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device, Session, type EpochKey } from '@y-sealed/protocol/sealing'
import { generateKeyPairSync, sign } from 'node:crypto'
import { expect, it } from 'vitest'
import * as Y from 'yjs'

import { DocumentLog } from '../../client/log/document-log.ts'
import { loadPin } from '../../client/members/stored-document.ts'
import { addDevice, rotate } from '../support/members/intents.ts'
import type { RelayAddress } from '../support/peer.ts'
import { createPerson, eventually, expectText, write } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

/** A file of all that the relay has signed by then. */
async function fileOf(document: SealedDocument): Promise<Bytes> {
  const { provider } = document
  await eventually(() => expect(provider.signedHead?.seq).toBe(provider.head.seq))
  const { chunks }: DocumentExport = await document.exportDocument()
  const pieces: Bytes[] = []
  for await (const piece of chunks) pieces.push(piece)
  return concatBytes(...pieces)
}

/** The file with a log that goes on as `keys`, an admin's by what the file says, has it: with records, and with words under the last key. */
async function branchOf(file: Bytes, keys: KeyStore, documentId: Bytes, intents: readonly Intent[]): Promise<Bytes> {
  const reader = new ExportReader(sodiumSha512)
  const parts = [...reader.take(file)].map(copyPart)
  const device = await loadDevice(keys)
  const membership = await openMembersDocument(documentId, keys)
  for (const part of parts) if (part.type === 'records') membership.takeRecords(part.records, 0)
  const log = new DocumentLog(membership)
  for (const part of parts) {
    if (part.type !== 'entries') continue
    log.take(part.envelopes.map((envelope, index) => ({ seq: part.seq + index, envelope })))
  }
  const branch = { seq: log.head.seq + 1, envelopes: [] as Envelope[] }
  const append = (envelope: Envelope): void => {
    branch.envelopes.push(envelope)
    log.take([{ seq: log.head.seq + 1, envelope }])
  }
  for (const intent of intents) {
    const fields = intent(membership.members, new RecordTools(membership, Date.now()))
    if (fields !== null) append(sealRecord(membership, device, fields, log.head).envelope)
  }
  const session = new Session(documentId, device)
  const doc = new Y.Doc()
  doc.getText('note').insert(0, 'made up ')
  const key = membership.epochKey as EpochKey
  append(
    session.sealEntry(KIND.bind, encodeBind({ clientId: doc.clientID, introduction: null }), key, log.head).envelope,
  )
  const update = Y.encodeStateAsUpdateV2(doc) as Bytes
  append(session.sealEntry(KIND.update, encodeAuthoredUpdate({ authored: 1, update }), key, log.head).envelope)
  const records = branch.envelopes.flatMap((envelope, index) =>
    envelope.kind === KIND.record ? [{ seq: branch.seq + index, envelope }] : [],
  )
  const writer = new ExportWriter(sodiumSha512, (reader.header as ExportHeader).genesis)
  const written = parts.flatMap((part): ExportPart[] => {
    if (part.type === 'records') return [{ ...part, records: [...part.records, ...records] }]
    return part.type === 'end'
      ? [
          { type: 'entries', ...branch },
          { type: 'end', ...log.head },
        ]
      : [part]
  })
  return concatBytes(writer.header, ...written.map((part) => writer.write(part)))
}

/** With bytes of its own: the reader's are views. */
function copyPart(part: ExportPart): ExportPart {
  const copy = (envelope: Envelope): Envelope => readWholeEnvelope(envelope.bytes.slice()) as Envelope
  if (part.type === 'keys') return { ...part, sealed: part.sealed.slice() }
  if (part.type === 'entries') return { ...part, envelopes: part.envelopes.map(copy) }
  if (part.type === 'end') return { ...part, transcript: part.transcript.slice() }
  if (part.type !== 'records') return part
  return { ...part, records: part.records.map(({ seq, envelope }) => ({ seq, envelope: copy(envelope) })) }
}

interface Scene {
  readonly relay: RelayAddress
  readonly alices: SealedDocument
  readonly mallorys: SealedDocument
  readonly malloryKeys: KeyStore
  readonly bobs: DeviceStorage
  readonly documentId: Bytes
}

/** Alice's note, in which Mallory is an admin and Bob, who is away, a writer. */
async function setScene(): Promise<Scene> {
  const relay = await startHonestRelay([])
  const alice = await createPerson({ relay, name: 'Alice' })
  const alices = await alice.documents.createDocument()
  await write(alices, 'first')
  const malloryKeys = createMemoryKeyStore()
  const mallory = await createPerson({ relay, name: 'Mallory', keys: malloryKeys })
  const mallorys = await mallory.documents.openDocument(await alices.invite({ role: 'admin' }))
  await mallorys.provider.whenSynced()
  const bobs = {
    keys: createMemoryKeyStore(),
    outbox: createMemoryOutbox(),
    documents: createMemoryDocumentStore(),
  }
  const bob = await createPerson({ relay, name: 'Bob', storage: bobs })
  await expectText(await bob.documents.openDocument(await alices.invite()), 'first')
  bob.documents.close()
  const { documentId } = mallorys.provider.membership as { documentId: Bytes }
  return { relay, alices, mallorys, malloryKeys, bobs, documentId }
}

it('T48 [EX5] [CL11] by a demoted admin, whose records leave the log before that, stands against no honest relay', async () => {
  const { relay, alices, mallorys, malloryKeys, bobs, documentId } = await setScene()
  await write(mallorys, ', Mallory’s')
  const file = await fileOf(mallorys)
  await alices.setRole(mallorys.members().find(({ name }) => name === 'Mallory')?.id as string, 'reader')
  await write(alices, ', and on')
  const eve = new Device(createDeviceSeeds())
  const forged = await branchOf(file, malloryKeys, documentId, [addDevice(eve, 'admin'), rotate()])
  const pinned = await loadPin(bobs.keys, documentId)

  const bob = await createPerson({ relay, name: 'Bob', storage: bobs })
  const imported = await bob.documents.importDocument(forged)
  // It is read as what it is: its maker's word, up to its end.
  expect(imported.doc.getText('note').toJSON()).toContain('made up ')
  const note = await bob.documents.openDocument(imported.id)
  const reports: string[] = []
  note.provider.on('integrity', ({ code }) => reports.push(code))
  await expectText(note, 'first, Mallory’s, and on')
  await note.provider.whenSynced()
  await write(note, ', Bob’s')
  await expectText(alices, 'first, Mallory’s, and on, Bob’s')
  // Nothing of his was sealed for whom the file let in.
  expect([reports, note.members().map(({ name, role }) => [name, role])]).toEqual([
    [],
    [
      ['Alice', 'admin'],
      ['Mallory', 'reader'],
      ['Bob', 'writer'],
    ],
  ])
  expect(note.provider.membership?.members.epoch.epoch).toBe(alices.provider.membership?.members.epoch.epoch)
  expect(bytesToHex((await loadPin(bobs.keys, documentId))?.recordHead as Bytes)).not.toBe(
    bytesToHex(pinned?.recordHead as Bytes),
  )
})

/** Bob's device as it is before it has come to the note: its keys, and what it knows of the relay. */
async function freshCopy({ keys }: DeviceStorage): Promise<DeviceStorage> {
  const fresh = createMemoryKeyStore()
  for (const name of await keys.list('')) {
    if (!/^(document|pin|head)\//.test(name)) await fresh.set(name, (await keys.get(name)) as Bytes)
  }
  return { keys: fresh, outbox: createMemoryOutbox(), documents: createMemoryDocumentStore() }
}

const NOWHERE = 'wss://127.0.0.1:1/sync'

it('T48 [EX5] [CL13] is kept up to the head that the relay has signed, and no further, where the device has nothing', async () => {
  const { relay, mallorys, malloryKeys, bobs, documentId } = await setScene()
  await write(mallorys, ', Mallory’s')
  const file = await fileOf(mallorys)
  const forged = await branchOf(file, malloryKeys, documentId, [rotate()])
  const fresh = await freshCopy(bobs)
  const bob = await createPerson({ relay: { ...relay, url: NOWHERE }, name: 'Bob', storage: fresh })
  const pinName = (url: string): string => `head-key/${new URL(url).host}`
  await fresh.keys.set(pinName(NOWHERE), (await fresh.keys.get(pinName(relay.url))) as Bytes)
  const imported = await bob.documents.importDocument(forged)
  expect(imported.membership?.members.epoch.epoch).toBe(2)
  const note = await bob.documents.openDocument(imported.id)
  await expectText(note, 'first, Mallory’s')
  expect([note.role, note.provider.membership?.members.epoch.epoch]).toEqual(['writer', 1])
  const { lastSeq, head } = await fresh.documents.extent(documentId)
  expect([lastSeq, imported.signed?.head.seq]).toEqual([head?.seq, head?.seq])
})

it('T48 [EX5] changes nothing where no head of this device’s relay stands in it, or the device has come further', async () => {
  const { relay, alices, mallorys, malloryKeys, bobs, documentId } = await setScene()
  const old = await fileOf(mallorys)
  const unsigned = rewrite(old, (part) => (part.type === 'head' ? null : part))
  const foreign = signedElsewhere(await branchOf(old, malloryKeys, documentId, [rotate()]), documentId)
  const fresh = await freshCopy(bobs)
  for (const [storage, file] of [
    [fresh, unsigned],
    [bobs, unsigned],
    [fresh, foreign],
    [bobs, foreign],
  ] as const) {
    const before = await allOf(storage, documentId)
    const bob = await createPerson({ relay, name: 'Bob', storage })
    expect((await bob.documents.importDocument(file)).doc.getText('note').toJSON()).toContain('first')
    expect(await allOf(storage, documentId)).toEqual(before)
    bob.documents.close()
  }
  // He comes further, and a record behind what the old file has is pinned.
  await alices.rotate()
  const bob = await createPerson({ relay, name: 'Bob', storage: bobs })
  const note = await bob.documents.openDocument(alices.id)
  await write(note, ', Bob’s')
  await eventually(() => expect(note.provider.signedHead?.seq).toBe(note.provider.head.seq))
  await note.provider.whenKept()
  note.close()
  const before = await allOf(bobs, documentId)
  expect((await bob.documents.importDocument(old)).doc.getText('note').toJSON()).toBe('first')
  expect(await allOf(bobs, documentId)).toEqual(before)
})

it('T48 [EX5] [LO4] of another history that the relay has signed is refused, and pins nothing', async () => {
  const { relay, mallorys, bobs, documentId } = await setScene()
  await write(mallorys, ', Mallory’s')
  await mallorys.rotate()
  const file = await fileOf(mallorys)
  const { head } = await bobs.documents.extent(documentId)
  if (head === null) throw new Error('Bob has been shown no head')
  // What Bob's device keeps is of a history that went another way.
  const turned = head.transcript.slice()
  turned[0] = (turned[0] as number) ^ 1
  await bobs.documents.append(documentId, [], { ...head, seq: head.seq + 1, transcript: turned })
  const before = await allOf(bobs, documentId)
  const bob = await createPerson({ relay, name: 'Bob', storage: bobs })
  await expect(bob.documents.importDocument(file)).rejects.toMatchObject({ code: 'FORK' })
  expect(await allOf(bobs, documentId)).toEqual(before)
})

/** All that a device keeps of a document. */
async function allOf({ keys, documents }: DeviceStorage, documentId: Bytes): Promise<unknown> {
  const names = (await keys.list('')).filter((name) => /^(document|pin|head)\//.test(name))
  const values = await Promise.all(names.map(async (name) => [name, bytesToHex((await keys.get(name)) as Bytes)]))
  return [values, await documents.extent(documentId)]
}

/** The file with other parts; `null` leaves one out. */
function rewrite(file: Bytes, change: (part: ExportPart) => ExportPart | null): Bytes {
  const reader = new ExportReader(sodiumSha512)
  const parts = [...reader.take(file)].map(copyPart).flatMap((part) => change(part) ?? [])
  const writer = new ExportWriter(sodiumSha512, (reader.header as ExportHeader).genesis)
  return concatBytes(writer.header, ...parts.map((part) => writer.write(part)))
}

/** The file with a head at its end, signed by a key of its maker's. */
function signedElsewhere(file: Bytes, documentId: Bytes): Bytes {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const headKey = base64urlToBytes(publicKey.export({ format: 'jwk' }).x as string)
  const end = [...new ExportReader(sodiumSha512).take(file)].map(copyPart).at(-1)
  if (headKey === null || end?.type !== 'end') throw new Error('the file has no end')
  const { seq, transcript } = end
  const signature = new Uint8Array(sign(null, headInput(documentId, seq, transcript), privateKey))
  return rewrite(file, (part) =>
    part.type === 'head' ? { type: 'head', head: { seq, transcript, signature }, headKey } : part,
  )
}
