/**
 * A process of its own that reads what the relay has stored, of every document, as somebody could who carried its disk away. A process of its
 * own because SQLite's locks are the process's: whoever closes a file of the database beside it gives them up.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { join } from 'node:path'

/** Asks for what was stored after a row; `null`: only which row is the newest. */
export interface TapQuestion {
  readonly after: number | null
}

/** An entry as it is stored; nothing in it is left out. */
export interface TapRow {
  /** Base64url, as everywhere. */
  readonly document: string
  readonly device: string
  readonly seq: number
  readonly kind: number
  /** When it was seen here, Unix ms. */
  readonly at: number
  /** The envelope, whole; base64. */
  readonly envelope: string
}

export interface TapAnswer {
  readonly newest: number
  readonly rows: readonly TapRow[]
}

interface Stored {
  readonly row: number
  readonly document: Buffer
  readonly device: Buffer
  readonly seq: number
  readonly kind: number
  readonly envelope: Buffer
}

/** For one answer: a slow reader gets the rest with the next. */
const MAX_ROWS = 200

const [data = ''] = process.argv.slice(2)
const database = new Database(join(data, 'relay.db'), { readonly: true, fileMustExist: true })
const selectNewest = database.prepare('SELECT coalesce(max(rowid), 0) AS newest FROM entries')
const selectRows = database.prepare(
  `SELECT e.rowid AS row, d.id AS document, s.device, e.seq, e.kind, e.envelope
   FROM entries e JOIN documents d ON d.document = e.document JOIN sessions s ON s.session = e.session
   WHERE e.rowid > ? AND e.envelope IS NOT NULL ORDER BY e.rowid LIMIT ${MAX_ROWS}`,
)

function answer({ after }: TapQuestion): TapAnswer {
  if (after === null) return { newest: (selectNewest.get() as { newest: number }).newest, rows: [] }
  const stored = selectRows.all(after) as Stored[]
  const at = Date.now()
  return {
    newest: stored.at(-1)?.row ?? after,
    rows: stored.map(({ document, device, seq, kind, envelope }) => ({
      document: document.toString('base64url'),
      device: device.toString('base64url'),
      seq,
      kind,
      at,
      envelope: envelope.toString('base64'),
    })),
  }
}

process.on('message', (question: TapQuestion) => process.send?.(answer(question)))
process.once('disconnect', () => process.exit(0))
// Ctrl-C in a terminal reaches every process of it; the host says when to go.
process.on('SIGINT', () => undefined)
