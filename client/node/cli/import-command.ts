/**
 * `import`: seals a document in plaintext on its owner's machine, sends it to a relay, and opens it once more to see that it is the same.
 *
 * @module
 */
import { Command, Option } from 'commander'
import * as Y from 'yjs'
import { MAX_STRUCTS } from '../../yjs/update-limits.ts'
import { MigrateError } from '../migrate/migrate-error.ts'
import { openPlainSource, type PlainSource } from '../migrate/plain-source.ts'
import type { UpdateFormat } from '../migrate/read-update.ts'
import { holdsTheSame } from '../migrate/same-content.ts'
import { addDocumentOptions, type DocumentOptions } from './document-options.ts'
import { openDocument, type OpenDocument } from './open-document.ts'
import { createProgress, formatBytes, formatCount } from './progress.ts'
import { sayLink, warnOfVisibleLink } from './say-link.ts'
import { SettingsError } from './settings-error.ts'

interface ImportOptions extends DocumentOptions {
  readonly document?: string
  readonly list?: boolean
  readonly format?: UpdateFormat
}

/** The command. */
export function createImportCommand(): Command {
  const command = new Command('import')
    .summary('seal a plaintext document and send it to a relay')
    .description(
      'Reads a document from a file with a Yjs update (V1 or V2), a folder of y-leveldb or a SQLite file of Hocuspocus, seals it here, sends it, ' +
        'and opens it again from the relay to compare. The source is not changed. Interrupted, it is run again with the same --link-file and ' +
        '--keys and without --new: it goes on where it was. Every character counts as written by this device from then on; who wrote it before ' +
        'is not carried over. Stop the server of a database first, so that nothing is written while it is read; one of y-leveldb is copied to the ' +
        'temporary folder (0700) while this runs, which nothing but a kill leaves there.',
    )
    .argument('<source>', 'file or folder')
  return addDocumentOptions(command)
    .addOption(new Option('--document <name>', 'which document of a database').env('Y_SEALED_DOCUMENT'))
    .addOption(new Option('--list', 'print the names of the documents in a database, and end').env('Y_SEALED_LIST'))
    .addOption(
      new Option('--format <format>', 'encoding of an update file, where it is not found out by itself').choices([
        'v1',
        'v2',
      ]),
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  y-sealed import note.update --new --link-file note.link\n' +
        '  y-sealed import ./y-leveldb --list\n' +
        '  y-sealed import ./y-leveldb --document shopping --new --link-file shopping.link\n' +
        '  y-sealed import hocuspocus.sqlite --document shopping --link-file shopping.link\n' +
        '      go on with one that was interrupted',
    )
    .action(async (path: string, options: ImportOptions) => {
      warnOfVisibleLink(command)
      // By way of exit, so that no copy in the clear is left behind.
      process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
      const source = await openPlainSource(path, options.format ?? null)
      try {
        if (options.list === true) for (const name of source.names) console.log(name)
        else await importFrom(source, options)
      } finally {
        await source.close()
      }
    })
}

async function importFrom(source: PlainSource, options: ImportOptions): Promise<void> {
  const name = nameIn(source, options)
  const plain = await source.read(name)
  checkSize(plain)
  const document = await openDocument(options, { isPresent: false, onWarning: warn })
  try {
    if (document.isNew) sayLink(document.link, options)
    await send(document, plain)
  } finally {
    document.close()
  }
  await verify({ ...options, ...reopening(document, options) }, plain)
  const bytes = Y.encodeStateAsUpdateV2(plain).length
  console.log(
    `imported "${name}" (${source.kind}, ${formatBytes(bytes)}, edits of ${formatCount(plain.store.clients.size)} clients)`,
  )
  console.log('opened it again from the relay: it is the same')
}

function nameIn({ names }: PlainSource, { document }: ImportOptions): string {
  if (document !== undefined) return document
  const [only] = names
  if (names.length === 1 && only !== undefined) return only
  throw new SettingsError(
    names.length === 0
      ? 'there is no document in it'
      : `there are ${formatCount(names.length)} documents in it: name one with --document, or see them with --list`,
  )
}

/** Before anything is sent: an edit beyond these counts for nobody. [CL3] */
function checkSize({ store }: Y.Doc): void {
  let structs = 0
  for (const [client, items] of store.clients) {
    structs += items.length
    if (Y.getState(store, client) > MAX_GROWTH) throw tooLarge('one of its writers has made more than 16 million edits')
  }
  if (structs > MAX_STRUCTS) throw tooLarge(`it is made of more than ${formatCount(MAX_STRUCTS)} pieces`)
}

function tooLarge(why: string): MigrateError {
  return new MigrateError(
    'BAD_SOURCE',
    `the document is too large to be imported whole (${why}): copy its text into a new one`,
  )
}

const MAX_GROWTH = 2 ** 24

/** Under the client ids that it has: they are free in a new document, and one that has part of it already takes the rest alone. */
async function send(document: OpenDocument, plain: Y.Doc): Promise<void> {
  const { provider, traffic, failed } = document
  const update = Y.encodeStateAsUpdateV2(plain)
  const before = traffic.bytesSent
  const progress = createProgress({
    label: 'sealing and sending',
    unit: 'bytes',
    total: update.length,
    output: process.stderr,
    clock: () => performance.now(),
  })
  const timer = setInterval(() => progress.report(Math.min(update.length, traffic.bytesSent - before)), 100)
  const stuck = new Promise<never>((_, reject) => {
    const refuse = (code: string): void => reject(new MigrateError('BAD_SOURCE', UNSENDABLE[code] ?? NEVER))
    provider.on('problem', ({ code }) => code in UNSENDABLE && refuse(code))
    provider.on('setAside', ([edit]) => edit && refuse(edit.code))
  })
  stuck.catch(() => undefined)
  try {
    Y.applyUpdateV2(provider.doc, update)
    await Promise.race([provider.flush(), failed, stuck])
  } finally {
    clearInterval(timer)
    progress.close()
  }
}

const NEVER =
  'the document holds something that no client takes (values nested too deep, or a key like __proto__): take it out of the source'

const UNSENDABLE: Readonly<Record<string, string>> = {
  TOO_LARGE: 'the document is larger than 64 MiB, which one edit may not be: split it, or copy its text into a new one',
  CLIENT_ID_TAKEN:
    'another device has begun to import it, or writes in it: go on with the key store (--keys) that began, or import into a new document (--new)',
}

/** As somebody else would open it: over a connection of its own, from the relay's bytes alone. */
async function verify(options: DocumentOptions, plain: Y.Doc): Promise<void> {
  const copy = await openDocument(options, { isPresent: false, onWarning: warn })
  try {
    if (holdsTheSame(copy.provider.doc, plain)) return
    throw new MigrateError(
      'NOT_THE_SAME',
      'what the relay gives back is not what was imported: others have written in it meanwhile, or the source holds content that Yjs shows ' +
        'differently from device to device; keep the source, and compare with "y-sealed export"',
    )
  } finally {
    copy.close()
  }
}

/** The options by which what was opened is opened once more. */
function reopening({ link }: OpenDocument, { linkFile, keyFile }: ImportOptions): Partial<DocumentOptions> {
  if (keyFile !== undefined) return {}
  return { new: false, ...(linkFile === undefined ? { link } : { linkFile }) }
}

function warn(line: string): void {
  console.error(`warning: ${line}`)
}
