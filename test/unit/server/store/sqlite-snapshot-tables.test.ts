import Database from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'

import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { createTestDocument } from '../../../contract/append-units.ts'
import { mustPublish, attest } from '../../../contract/snapshot-units.ts'
import { makeStorePath } from '../../../contract/store-directory.ts'

const blob = (size: number): Buffer => Buffer.alloc(size, 9)

/** A file with one document, one published snapshot and one attestation, opened by the driver alone. */
async function openTables(): Promise<Database.Database> {
  const path = makeStorePath()
  const store = openSqliteStore({ path })
  const { id, creator } = await createTestDocument(store, 'shared-key')
  await store.append([creator.unit({ count: 5 })])
  const snapshot = await mustPublish(store, id, creator.device, 4)
  await attest(store, id, new Uint8Array(16).fill(9), snapshot)
  await store.close()
  const db = new Database(path)
  db.pragma('foreign_keys = ON')
  onTestFinished(() => {
    db.close()
  })
  return db
}

const values = (row: object, over: object): unknown[] => Object.values({ ...row, ...over })
const UPLOAD = 'INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'
const upload = (over: Record<string, unknown>): unknown[] => {
  const row = { snapshot: 7, document: 1, id: blob(32), device: blob(16), bytes: 500, held: 0, touched: 5, state: 0 }
  return values({ ...row, epoch: null, seq: null, transcript: null }, over)
}
const VERIFIED = { held: 500, state: 1, epoch: 1, seq: 4, transcript: blob(16) }
const CHUNK = 'INSERT INTO chunks VALUES (?, ?, ?)'
const PUBLICATION = 'INSERT INTO publications VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'
const publication = (over: Record<string, unknown>): unknown[] => {
  const place = { document: 1, published: 9, id: blob(32), seq: 6, transcript: blob(32), parent: blob(32) }
  const what = { epoch: 1, bytes: 500, digest: blob(32), device: blob(16), member: blob(16) }
  return values({ ...place, ...what, admin: 0, at: 5, attested: 0, disputed: 0, snapshot: null }, over)
}
const ATTESTATION = 'INSERT INTO attestations VALUES (?, ?, ?, ?, ?, ?)'
const attestation = (over: Record<string, unknown>): unknown[] => {
  const row = { document: 1, published: 7, device: blob(16), verdict: 2, member: blob(16), attested: 9 }
  return values(row, over)
}
const WRITER = 'INSERT INTO writers VALUES (?, ?)'

it('[I4] takes rows that are right', async () => {
  const db = await openTables()
  db.prepare(UPLOAD).run(...upload({}))
  db.prepare(UPLOAD).run(...upload({ snapshot: 8, device: blob(16).fill(8), ...VERIFIED }))
  db.prepare(CHUNK).run(7, 0, blob(500))
  db.prepare(PUBLICATION).run(...publication({}))
  db.prepare(ATTESTATION).run(...attestation({}))
  db.prepare(WRITER).run(1, blob(16).fill(3))
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(db.pragma('foreign_key_check')).toEqual([])
})

it.each<[string, string, readonly unknown[]]>([
  ['an upload of no document', UPLOAD, upload({ document: 2 })],
  ['a short name', UPLOAD, upload({ id: blob(31) })],
  ['a short device', UPLOAD, upload({ device: blob(15) })],
  ['no bytes', UPLOAD, upload({ bytes: 0 })],
  ['more bytes than a snapshot has', UPLOAD, upload({ bytes: 67_109_053 })],
  ['more held than there is', UPLOAD, upload({ held: 501 })],
  ['an unknown state', UPLOAD, upload({ state: 4 })],
  ['one found good that is not whole', UPLOAD, upload({ ...VERIFIED, held: 499 })],
  ['one found good without its place', UPLOAD, upload({ ...VERIFIED, seq: null })],
  ['one on its way in with a place', UPLOAD, upload({ ...VERIFIED, state: 0 })],
  ['a long transcript', UPLOAD, upload({ ...VERIFIED, transcript: blob(17) })],
  ['a row beyond the largest', CHUNK, [1, 1_171, blob(9)]],
  ['an empty row', CHUNK, [1, 5, blob(0)]],
  ['a row that is too long', CHUNK, [1, 5, blob(57_345)]],
  ['a row twice', CHUNK, [1, 0, blob(9)]],
  ['a row of no snapshot', CHUNK, [5, 0, blob(9)]],
  ['a row that is text', CHUNK, [1, 5, "'; DROP TABLE chunks --"]],
  ['a publication of no document', PUBLICATION, publication({ document: 2 })],
  ['a publication of its own place', PUBLICATION, publication({ seq: 9 })],
  ['a place twice', PUBLICATION, publication({ seq: 4 })],
  ['a publication at one seq twice', PUBLICATION, publication({ published: 7 })],
  ['a short snapshot id', PUBLICATION, publication({ id: blob(16) })],
  ['a short digest', PUBLICATION, publication({ digest: blob(31) })],
  ['a short transcript', PUBLICATION, publication({ transcript: blob(16) })],
  ['a short parent', PUBLICATION, publication({ parent: blob(0) })],
  ['a publication in epoch 0', PUBLICATION, publication({ epoch: 0 })],
  ['an admin who is two', PUBLICATION, publication({ admin: 2 })],
  ['a dispute before its publication', PUBLICATION, publication({ disputed: 8 })],
  ['attested by half', PUBLICATION, publication({ attested: 3 })],
  ['the bytes of another publication', PUBLICATION, publication({ snapshot: 1 })],
  ['bytes that are not there', PUBLICATION, publication({ snapshot: 5 })],
  ['a word on nothing', ATTESTATION, attestation({ published: 6 })],
  ['a word before what it is on', ATTESTATION, attestation({ attested: 7 })],
  ['a third verdict', ATTESTATION, attestation({ verdict: 3 })],
  ['a word twice', ATTESTATION, attestation({ verdict: 1 })],
  ['a short member', ATTESTATION, attestation({ member: blob(15) })],
  ['a writer twice', 'INSERT INTO writers SELECT * FROM writers', []],
  ['a writer of no document', WRITER, [2, blob(16)]],
  ['a base below nothing', 'UPDATE documents SET base = -1', []],
  ['fewer bytes trimmed than none', 'UPDATE documents SET trimmed_bytes = -1', []],
])('[I4] refuses %s', async (_, sql, row) => {
  const db = await openTables()
  expect(() => db.prepare(sql).run(...row)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) as unknown }),
  )
})

it('[I4] holds one upload of a device under one name, while it is to be had', async () => {
  const db = await openTables()
  db.prepare(UPLOAD).run(...upload({}))
  expect(() => db.prepare(UPLOAD).run(...upload({ snapshot: 8 }))).toThrow(/UNIQUE/)
  db.prepare(UPLOAD).run(...upload({ snapshot: 8, state: 3 }))
})
