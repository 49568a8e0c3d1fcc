/**
 * A process of its own that reads what lies on the relay's disk, as somebody could who carried the disk away: first the rows of one
 * document, then the files whole. A process of its own also because SQLite's locks are the process's, and whoever closes a file of the
 * database beside it gives them up.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { countReadableWords } from './readable-words.ts'

/** Asks for the rows after `after`, and how many of `words` can be read in all rows of the document; with `whole`, in the files. */
export interface DiskQuestion {
  readonly after: number
  readonly words: readonly string[]
  readonly whole: boolean
}

export interface StoredRow {
  readonly seq: number
  readonly kind: number
  readonly length: number
  /** From where the sealed part begins, as far as a screen shows it. */
  readonly hex: string
}

export interface DiskAnswer {
  readonly rows: readonly StoredRow[]
  /** Words that can be read, and the bytes they were looked for in. */
  readonly readable: number
  readonly bytes: number
}

/** The header of an envelope: its fields are no secret. The relay needs them. */
const HEADER_BYTES = 124
const SHOWN_BYTES = 48

const [data = '', documentId = ''] = process.argv.slice(2)
const path = join(data, 'relay.db')
const database = new Database(path, { readonly: true, fileMustExist: true })
const select = database.prepare(
  'SELECT seq, kind, envelope FROM entries JOIN documents USING (document) WHERE documents.id = ? ORDER BY seq',
)

function answer({ after, words, whole }: DiskQuestion): DiskAnswer {
  const stored = select.all(Buffer.from(documentId, 'hex')) as { seq: number; kind: number; envelope: Buffer }[]
  const files = whole ? readdirSync(data).filter((name) => name.startsWith('relay.db')) : []
  const haystack = whole ? files.map((name) => readFileSync(join(data, name))) : stored.map(({ envelope }) => envelope)
  const bytes = Buffer.concat(haystack)
  return {
    rows: stored
      .filter(({ seq }) => seq > after)
      .map(({ seq, kind, envelope }) => ({
        seq,
        kind,
        length: envelope.length,
        hex: envelope.subarray(HEADER_BYTES, HEADER_BYTES + SHOWN_BYTES).toString('hex'),
      })),
    readable: countReadableWords(words, bytes),
    bytes: bytes.length,
  }
}

process.on('message', (question: DiskQuestion) => process.send?.(answer(question)))
process.once('disconnect', () => process.exit(0))
// Ctrl-C in a terminal reaches every process of it; the demo says when to go.
process.on('SIGINT', () => undefined)
