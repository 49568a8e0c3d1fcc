/**
 * `audit --proof`: does a file prove that a relay has signed two histories of a document, and was it this one? Rule LO16.
 *
 * @module
 */
import {
  bytesToBase64url,
  cryptoReady,
  documentIdOf,
  equalBytes,
  sodiumSha512,
  verifyForkProofWith,
  type Bytes,
  type ForkProofFault,
} from '@y-sealed/protocol'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { SettingsError } from '../ops/settings-error.ts'
import { keysFolderOf, loadHeadKey } from '../ops/signing-key.ts'
import { EXIT_DONE, EXIT_FAILED } from './report-error.ts'

const FAULTS: Readonly<Record<ForkProofFault, string>> = {
  malformed: 'it is no proof, or of a later version',
  signature: 'one of its heads is not signed by the head key in it',
  'same-history': 'its two heads are of one history',
  marks: 'what should lead from one head to the other does not',
}

/** Prints the verdict; ends with 1 where it proves nothing. With the keys of a relay in `data` it says whether it is about that one. */
export async function auditProof(file: string, data: string, isJson: boolean): Promise<void> {
  if (!existsSync(file)) throw new SettingsError(`there is no file ${file}`)
  await cryptoReady()
  const verdict = verifyForkProofWith(sodiumSha512, new Uint8Array(readFileSync(file)))
  process.exitCode = verdict.ok ? EXIT_DONE : EXIT_FAILED
  if (!verdict.ok) {
    return console.log(
      isJson
        ? JSON.stringify({ type: 'proof', holds: false, fault: verdict.fault })
        : `Proves nothing: ${FAULTS[verdict.fault]}.`,
    )
  }
  const { genesisHash, headKey, earlier, later } = verdict.proof
  const document = bytesToBase64url(documentIdOf(genesisHash))
  const key = bytesToBase64url(headKey)
  const own = readOwnKey(data)
  const isThisRelay = own === null ? null : equalBytes(own, headKey)
  if (isJson) {
    const seqs = { seq: earlier.seq, through: later.seq }
    return console.log(JSON.stringify({ type: 'proof', holds: true, document, headKey: key, ...seqs, isThisRelay }))
  }
  console.log(
    `Holds: the relay whose head key is ${key} has signed two histories of document ${document}, which part at or before seq ${earlier.seq}.`,
  )
  if (isThisRelay !== null)
    console.log(isThisRelay ? 'That is the relay of this folder.' : 'That is not the relay of this folder.')
}

function readOwnKey(data: string): Bytes | null {
  const folder = keysFolderOf(data)
  return existsSync(join(folder, 'head.key')) ? loadHeadKey(folder).publicKey : null
}
