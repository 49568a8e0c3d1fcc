/**
 * One document put back to a backup because the relay has signed two histories of it, and goes on with the wrong one: with the proof of that,
 * which a device has handed over, the head that is to be given back is known before anybody else comes, and stands whatever they show. Rules LO14, LO16.
 *
 * @module
 */
import { documentIdOf, equalBytes, verifyForkProofWith, type Bytes, type SignedHead } from '@y-sealed/protocol'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { SettingsError } from '../ops/settings-error.ts'
import { keysFolderOf, loadHeadKey } from '../ops/signing-key.ts'
import { nodeSha512 } from '../store/node-sha512.ts'
import { openAuditReader } from '../store/sqlite/audit-reader.ts'
import { putBackDocument, type PutBack } from '../store/sqlite/put-back.ts'
import { createDraftFile } from './draft-file.ts'
import { lockFolder } from './restore-backup.ts'
import { makeVerifiedCopy } from './verified-copy.ts'

export interface DocumentRestoreOptions {
  /** Folder of the relay's data. */
  readonly data: string
  /** The backup with which the history went apart. */
  readonly from: string
  /** File with the proof. */
  readonly proof: string
}

export interface DocumentRestored extends PutBack {
  readonly document: Bytes
  /** Seq up to which it is to be given back; `null` where the backup has all of it. */
  readonly lost: number | null
}

/** Does it, or rejects and leaves the database as it was. */
export async function restoreDocument({ data, from, proof }: DocumentRestoreOptions): Promise<DocumentRestored> {
  for (const file of [from, proof]) if (!existsSync(file)) throw new SettingsError(`there is no file ${file}`)
  const path = join(data, 'relay.db')
  if (!existsSync(path)) throw new SettingsError(`there is no database in ${data}`)
  const verdict = verifyForkProofWith(nodeSha512, new Uint8Array(readFileSync(proof)))
  if (!verdict.ok) throw new SettingsError(`${proof} proves nothing: see y-sealed-relay audit --proof`)
  const { genesisHash, headKey, earlier, later } = verdict.proof
  if (!equalBytes(loadHeadKey(keysFolderOf(data)).publicKey, headKey)) {
    throw new SettingsError(`${proof} is about another relay`)
  }
  const document = documentIdOf(genesisHash)
  const lock = lockFolder(data, path)
  try {
    const lost = findLost(path, document, [earlier, later])
    const draft = createDraftFile(path)
    try {
      await makeVerifiedCopy({ from, to: draft.path, acceptsFaults: false })
      const lacking = lackedBy(draft.path, document, lost) ? lost : null
      return { ...putBackDocument(path, draft.path, document, lacking), document, lost: lacking?.seq ?? null }
    } finally {
      draft.discard()
    }
  } finally {
    lock.release()
  }
}

/** The one of the two heads that the database has not. */
function findLost(path: string, document: Bytes, heads: readonly SignedHead[]): SignedHead {
  const lacking = withTranscripts(path, document, 'the database', (transcriptAt) =>
    heads.filter(({ seq, transcript }) => !isSame(transcriptAt(seq), transcript)),
  )
  const [lost] = lacking
  if (lost === undefined || lacking.length > 1) {
    throw new SettingsError('the database goes on with neither of the two histories: nothing was changed')
  }
  return lost
}

/** Does the backup end before this head? One that has gone the other way by then is of no use. */
function lackedBy(backup: string, document: Bytes, { seq, transcript }: SignedHead): boolean {
  const held = withTranscripts(backup, document, 'the backup', (transcriptAt) => transcriptAt(seq))
  if (held !== null && !isSame(held, transcript)) {
    throw new SettingsError(
      'the backup has the history that is to go, nothing was changed: take one that was made before',
    )
  }
  return held === null
}

function isSame(held: Bytes | null, transcript: Bytes): boolean {
  return held !== null && equalBytes(held, transcript)
}

/** What `read` finds, who is given T by seq. */
function withTranscripts<Result>(
  path: string,
  document: Bytes,
  name: string,
  read: (transcriptAt: (seq: number) => Bytes | null) => Result,
): Result {
  const reader = openAuditReader(path)
  try {
    const row = reader.document(document)
    if (row === null) throw new SettingsError(`${name} has no such document`)
    return read((seq) => reader.transcriptAt(row.key, seq))
  } finally {
    reader.close()
  }
}
