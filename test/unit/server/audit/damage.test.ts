/**
 * The audit's positive controls: a bit turned in each column of each table, and in each field of an envelope, in a copy of a database that a
 * real relay wrote for several people at once.
 */
import { bytesToHex, KIND, OFFSET } from '@y-sealed/protocol'
import Database from 'better-sqlite3'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

import { auditDatabase } from '../../../../server/audit/audit-database.ts'
import type { Fault } from '../../../../server/audit/fault.ts'
import { copyDatabaseFile, makeUsedDatabase } from '../../../support/audited-relay.ts'
import { writeStoredLog } from '../../../support/stored-log.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

/** Numbers that name rows: another bit is turned in them, so that no other row has that name. */
const KEYS: ReadonlySet<string> = new Set(['document', 'session', 'seq', 'epoch', 'counter'])

interface Damage {
  readonly table: string
  readonly column: string
  /** The row. */
  readonly where: string
  /** Of a blob: the byte; from the end where negative. */
  readonly at?: number
}

/** Turns one bit, whatever SQLite's own checks would say. */
function turnBit(path: string, { table, column, where, at = 0 }: Damage): void {
  const db = new Database(path)
  db.pragma('foreign_keys = OFF')
  db.pragma('ignore_check_constraints = ON')
  const value = db.prepare(`SELECT ${column} FROM ${table} WHERE ${where}`).pluck().get() as number | Buffer
  const turn = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`)
  if (typeof value === 'number') turn.run(value ^ (KEYS.has(column) ? 1 << 20 : 1))
  else {
    const bytes = Buffer.from(value)
    const place = at < 0 ? bytes.length + at : at
    bytes[place] = (bytes[place] as number) ^ 1
    turn.run(bytes)
  }
  db.close()
}

/** What the audit says: codes, each once, `here` at this seq of this document or at others, or of another document. */
async function audit(path: string, document: string, here: number): Promise<string> {
  const found = new Set<string>()
  const say = (of: string, { code, seq }: Fault): void =>
    void found.add(`${of}${code}${seq === null ? '' : seq === here ? ' here' : ' elsewhere'}`)
  await auditDatabase({
    path,
    onDatabaseFault: (fault) => say('', fault),
    onDocument: ({ id, faults }) =>
      faults.forEach((fault) => say(bytesToHex(id) === document ? '' : 'renamed: ', fault)),
  })
  return [...found].join(', ')
}

/** By what was turned. `elsewhere`: in other entries of the document; a session’s row stands behind all of its entries. */
const EXPECTED: Readonly<Record<string, string>> = {
  'a closed epoch': 'EPOCHS_WRONG',
  'a part’s group': 'COLUMN_WRONG here',
  'a room’s epoch': 'EPOCHS_WRONG',
  'a room’s genesis: body': 'GENESIS_WRONG here',
  'a room’s genesis: signature': 'TRANSCRIPT_WRONG here',
  'a room’s update: body': 'ENVELOPE_CHANGED here',
  'a room’s update: signature': 'TRANSCRIPT_WRONG here',
  'documents.document': 'REFERENCE_BROKEN, GENESIS_WRONG',
  'documents.genesis_hash': 'DATABASE_DAMAGED, DOCUMENT_WRONG',
  'documents.id': 'DATABASE_DAMAGED, renamed: DOCUMENT_WRONG',
  'documents.mode': 'DATABASE_DAMAGED, DOCUMENT_WRONG',
  'documents.room_key': 'DOCUMENT_WRONG',
  'entries.counter': 'COLUMN_WRONG here',
  'entries.document':
    'REFERENCE_BROKEN, SEQ_GAP elsewhere, TRANSCRIPT_WRONG elsewhere, BYTES_WRONG elsewhere, SEEN_WRONG elsewhere, CHAIN_BROKEN elsewhere',
  'entries.grouped': 'COLUMN_WRONG here',
  'entries.id': 'ID_WRONG here',
  'entries.kind': 'COLUMN_WRONG here',
  'entries.log_bytes': 'BYTES_WRONG here',
  'entries.record': 'COLUMN_WRONG here',
  'entries.seq': 'SEQ_GAP elsewhere, SESSION_OVER elsewhere',
  'entries.session': 'REFERENCE_BROKEN, COLUMN_WRONG here, SESSION_OVER here, CHAIN_BROKEN elsewhere',
  'entries.transcript': 'TRANSCRIPT_WRONG here',
  'epochs.closed': 'EPOCHS_WRONG',
  'epochs.commitment': 'EPOCHS_WRONG',
  'epochs.document': 'REFERENCE_BROKEN, EPOCHS_WRONG',
  'epochs.epoch': 'EPOCHS_WRONG',
  'genesis: body': 'GENESIS_WRONG here',
  'genesis: signature': 'GENESIS_WRONG here',
  'links.document': 'REFERENCE_BROKEN, LINKS_WRONG',
  'links.expires': 'DATABASE_DAMAGED, LINKS_WRONG',
  'links.link': 'LINKS_WRONG',
  'members.device': 'MEMBERS_WRONG',
  'members.document': 'REFERENCE_BROKEN, MEMBERS_WRONG',
  'members.role': 'MEMBERS_WRONG',
  'part: body': 'ENVELOPE_CHANGED here',
  'part: signature': 'TRANSCRIPT_WRONG here',
  'record: body': 'ENVELOPE_CHANGED here',
  'record: counter': 'ENVELOPE_MALFORMED here',
  'record: device': 'COLUMN_WRONG here, ENVELOPE_CHANGED here',
  'record: document': 'ENVELOPE_MISPLACED here, ENVELOPE_CHANGED here',
  'record: epoch': 'ENVELOPE_MALFORMED here',
  'record: flags': 'ENVELOPE_MALFORMED here',
  'record: kind': 'ENVELOPE_MALFORMED here',
  'record: length': 'ENVELOPE_MALFORMED here',
  'record: nonce': 'ENVELOPE_MALFORMED here',
  'record: prev': 'ENVELOPE_MALFORMED here',
  'record: seenSeq': 'ENVELOPE_CHANGED here',
  'record: seenTranscript': 'ENVELOPE_CHANGED here',
  'record: session': 'COLUMN_WRONG here, ENVELOPE_CHANGED here',
  'record: signature': 'TRANSCRIPT_WRONG here, RECORD_REFUSED here',
  'record: suite': 'ENVELOPE_MALFORMED here',
  'record: version': 'ENVELOPE_MALFORMED here',
  'sessions.device': 'COLUMN_WRONG elsewhere, COLUMN_WRONG here',
  'sessions.document': 'REFERENCE_BROKEN, COLUMN_WRONG elsewhere, COLUMN_WRONG here',
  'sessions.id': 'COLUMN_WRONG elsewhere, COLUMN_WRONG here',
  'sessions.session': 'REFERENCE_BROKEN, COLUMN_WRONG elsewhere, COLUMN_WRONG here',
  'update: body': 'ENVELOPE_CHANGED here',
  'update: counter': 'COLUMN_WRONG here, ENVELOPE_CHANGED here',
  'update: device': 'COLUMN_WRONG here, ENVELOPE_CHANGED here',
  'update: document': 'ENVELOPE_MISPLACED here, ENVELOPE_CHANGED here',
  'update: epoch': 'ENVELOPE_MALFORMED here',
  'update: flags': 'ENVELOPE_MALFORMED here',
  'update: kind': 'ENVELOPE_MALFORMED here',
  'update: length': 'ENVELOPE_MALFORMED here',
  'update: nonce': 'ENVELOPE_CHANGED here',
  'update: prev': 'ENVELOPE_CHANGED here',
  'update: seenSeq': 'ENVELOPE_CHANGED here',
  'update: seenTranscript': 'ENVELOPE_CHANGED here',
  'update: session': 'COLUMN_WRONG here, ENVELOPE_CHANGED here',
  'update: signature': 'TRANSCRIPT_WRONG here',
  'update: suite': 'ENVELOPE_MALFORMED here',
  'update: version': 'ENVELOPE_MALFORMED here',
}

it(
  '[LO2] [LO7] [KM16] [EN12] a bit turned anywhere in a real database is named by the audit, and one damage is one fault',
  { timeout: 180_000 },
  async () => {
    const path = await makeUsedDatabase()
    const db = new Database(path)
    const number = (sql: string): number => db.prepare<[], number>(sql).pluck().get() as number
    const [members, room, closed] = [
      number('SELECT document FROM links LIMIT 1'),
      number('SELECT document FROM documents WHERE mode = 1'),
      number('SELECT document FROM epochs WHERE closed = 1'),
    ]
    const place = (kind: number, skip: number): number =>
      number(`SELECT seq FROM entries WHERE document = ${members} AND kind = ${kind} LIMIT 1 OFFSET ${skip}`)
    const last = number(`SELECT max(seq) FROM entries WHERE document = ${members}`)
    // The fourth record adds a device that writes afterwards.
    const [update, part, record] = [place(KIND.update, 20), place(KIND.part, 1), place(KIND.record, 3)]
    const session = number(`SELECT session FROM entries WHERE document = ${members} AND seq = ${update}`)
    const idOf = (key: number): string =>
      bytesToHex(db.prepare<[], Buffer>(`SELECT id FROM documents WHERE document = ${key}`).pluck().get() as Buffer)
    const idByKey = new Map([members, room, closed].map((key) => [key, idOf(key)]))
    db.close()
    expect(await audit(path, '', 0)).toBe('')

    const found: Record<string, string> = {}
    const damage = async (what: string, how: Damage, document = members, here = update): Promise<void> => {
      const copy = copyDatabaseFile(path)
      turnBit(copy, how)
      found[what] = await audit(copy, idByKey.get(document) as string, here)
      rmSync(copy)
    }
    const columns = async (table: string, where: string, ...names: readonly string[]): Promise<void> => {
      for (const column of names) await damage(`${table}.${column}`, { table, column, where })
    }
    await columns('documents', `document = ${members}`, 'document', 'id', 'mode', 'genesis_hash')
    await damage('documents.room_key', { table: 'documents', column: 'room_key', where: `document = ${room}` }, room)
    await columns('epochs', `document = ${members} AND epoch = 2`, 'document', 'epoch', 'commitment', 'closed')
    await damage('a closed epoch', { table: 'epochs', column: 'closed', where: `document = ${closed}` }, closed)
    await damage('a room’s epoch', { table: 'epochs', column: 'commitment', where: `document = ${room}` }, room)
    await columns('members', `document = ${members} AND role = 3`, 'document', 'device', 'role')
    await columns('links', `document = ${members} AND expires > 0`, 'document', 'link', 'expires')
    await columns('sessions', `session = ${session}`, 'session', 'document', 'device', 'id')
    const entry = (seq: number, document = members): string => `document = ${document} AND seq = ${seq}`
    await columns(
      'entries',
      entry(update),
      'document',
      'session',
      'counter',
      'kind',
      'record',
      'grouped',
      'log_bytes',
      'id',
      'transcript',
    )
    await damage('entries.seq', { table: 'entries', column: 'seq', where: entry(last) })
    await damage('a part’s group', { table: 'entries', column: 'grouped', where: entry(part) }, members, part)
    const lastByte = { epoch: 3, counter: 7, seenSeq: 7, length: 3 } as const
    for (const [field, offset] of Object.entries(OFFSET)) {
      const at = offset + ((lastByte as Partial<Record<string, number>>)[field] ?? 0)
      const of = { table: 'entries', column: 'envelope', at }
      await damage(`update: ${field}`, { ...of, where: entry(update) })
      await damage(`record: ${field}`, { ...of, where: entry(record) }, members, record)
    }
    for (const [what, at] of [
      ['body', 130],
      ['signature', -1],
    ] as const) {
      const of = { table: 'entries', column: 'envelope', at }
      await damage(`update: ${what}`, { ...of, where: entry(update) })
      await damage(`part: ${what}`, { ...of, where: entry(part) }, members, part)
      await damage(`record: ${what}`, { ...of, where: entry(record) }, members, record)
      await damage(`genesis: ${what}`, { ...of, where: entry(1) }, members, 1)
      await damage(`a room’s genesis: ${what}`, { ...of, where: entry(1, room) }, room, 1)
      await damage(`a room’s update: ${what}`, { ...of, where: entry(20, room) }, room, 20)
    }
    expect(found).toEqual(EXPECTED)
  },
)

it('[FR12] [LO7] rows that no relay leaves behind are named by the audit', { timeout: 60_000 }, async () => {
  const path = join(makeTemporaryFolder(), 'relay.db')
  const { document } = await writeStoredLog(path, { entries: 3 })
  for (const [sql, found] of [
    ['INSERT INTO tombstones SELECT id FROM documents', 'TOMBSTONE_WRONG'],
    [
      "INSERT INTO sessions (document, device, id) VALUES (1, zeroblob(16), x'0102030405060708')",
      'TOMBSTONE_WRONG, SESSION_EMPTY',
    ],
  ] as const) {
    const db = new Database(path)
    db.exec(sql)
    db.close()
    expect(await audit(path, bytesToHex(document), 0)).toBe(found)
  }
})
