/**
 * One document put back by the proof that the relay has signed two histories of it. Rules LO14, LO16.
 */
import Database from 'better-sqlite3'
import { cryptoReady, encodeForkProof, type Bytes } from '@y-sealed/protocol'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { makeBackup } from '../../../../server/backup/make-backup.ts'
import { restoreBackup } from '../../../../server/backup/restore-backup.ts'
import { restoreDocument } from '../../../../server/backup/restore-document.ts'
import type { DocumentStatus, Head } from '../../../../server/core/ports.ts'
import { signHead } from '../../../../server/core/signed-head.ts'
import { keysFolderOf, loadHeadKey } from '../../../../server/ops/signing-key.ts'
import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { toFormat } from '../../../support/old-format.ts'
import { writeStoredLog } from '../../../support/stored-log.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

interface Fork {
  readonly data: string
  readonly path: string
  readonly document: Bytes
  /** The history that is to come back, beyond the backup: 24. */
  readonly right: Head
  /** What the relay goes on with: 26. */
  readonly wrong: Head
  /** Backups: from before the two went apart (21), of the one, and of the other. */
  readonly backups: Readonly<Record<'before' | 'right' | 'wrong', string>>
  readonly proof: string
}

async function fork(): Promise<Fork> {
  await cryptoReady()
  const [data, other] = [makeTemporaryFolder(), makeTemporaryFolder()]
  const path = join(data, 'relay.db')
  const { document, genesisHash, goOn } = await writeStoredLog(path, { entries: 20 })
  copyFileSync(path, join(other, 'relay.db'))
  const backups = { before: join(other, 'before.db'), right: join(other, 'right.db'), wrong: join(other, 'wrong.db') }
  await makeBackup({ data, to: backups.before })
  const right = await goOn(join(other, 'relay.db'), 3)
  await makeBackup({ data: other, to: backups.right })
  const wrong = await goOn(path, 5)
  await makeBackup({ data, to: backups.wrong })

  const headKey = loadHeadKey(keysFolderOf(data))
  const [earlier, later] = [signHead(headKey, document, right), signHead(headKey, document, wrong)]
  const store = openSqliteStore({ path })
  const transcript = (await store.transcriptAt(document, right.seq)) as Bytes
  const marks = new Uint8Array(Buffer.concat(await store.readMarks(document, right.seq, 99)))
  await store.close()
  const proof = join(other, 'fork.proof')
  writeFileSync(proof, encodeForkProof({ genesisHash, headKey: headKey.publicKey, earlier, later, transcript, marks }))
  return { data, path, document, right, wrong, backups, proof }
}

async function look<Result>(
  { path, document }: Fork,
  read: (status: DocumentStatus, note: (head: Head) => Promise<Head | null>) => Result | Promise<Result>,
): Promise<Result> {
  const store = openSqliteStore({ path })
  const [status] = await store.status([document])
  const result = await read(status as DocumentStatus, (head) => store.noteSigned(document, head))
  await store.close()
  return result
}

describe('a document put back by a proof', () => {
  it('[I7] [LO14] [LO16] lacks the head of the other history, whatever further one of its own is shown', async () => {
    const scene = await fork()
    const { data, document, right, wrong, backups, proof } = scene
    expect(await restoreDocument({ data, from: backups.before, proof })).toEqual({
      document,
      before: wrong.seq,
      now: 21,
      lost: right.seq,
    })
    const pinned = { ...right, isPinned: true }
    expect(await look(scene, ({ head, lost }) => [head.seq, lost])).toEqual([21, pinned])
    expect(await look(scene, (_, note) => note(wrong))).toEqual(pinned)
  })

  it('[I7] [LO14] stays so when the whole database is put back after that', async () => {
    const scene = await fork()
    const { data, right, backups, proof } = scene
    await restoreDocument({ data, from: backups.before, proof })
    await restoreBackup({ data, from: backups.before, nowMs: Date.UTC(2026, 10, 22) })
    expect(await look(scene, ({ lost }) => lost)).toEqual({ ...right, isPinned: true })
    await restoreBackup({ data, from: backups.right, nowMs: Date.UTC(2026, 10, 23) })
    expect(await look(scene, ({ head, lost }) => [head.seq, lost])).toEqual([right.seq, null])
  })

  it('[I7] lacks nothing where the backup has that history', async () => {
    const scene = await fork()
    const { data, right, backups, proof } = scene
    expect(await restoreDocument({ data, from: backups.right, proof })).toMatchObject({ now: right.seq, lost: null })
    expect(await look(scene, ({ head, lost }) => [head, lost])).toEqual([right, null])
  })

  it('[I4] [I7] in a database of an earlier format brings it up to date', async () => {
    const scene = await fork()
    const { data, path, right, backups, proof } = scene
    const db = new Database(path)
    toFormat(db, 5)
    db.close()
    expect(await restoreDocument({ data, from: backups.before, proof })).toMatchObject({ lost: right.seq })
    expect(await look(scene, ({ lost }) => lost)).toEqual({ ...right, isPinned: true })
  })

  it('[I7] is left as it is where the backup has the history that is to go', async () => {
    const { data, path, backups, proof } = await fork()
    const before = readFileSync(path)
    await expect(restoreDocument({ data, from: backups.wrong, proof })).rejects.toMatchObject({
      code: 'BAD_SETTINGS',
      message: /has the history that is to go, nothing was changed/,
    })
    expect(readFileSync(path).equals(before)).toBe(true)
  })
})
