/**
 * `read-document`: an exported document without a relay: its text, its versions, and its text at one of them. Rules EX5, HI1, HI2.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'
import { Command, Option } from 'commander'
import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { importDocument } from '../../export/import-document.ts'
import type { ImportedDocument } from '../../export/imported-document.ts'
import type { Version } from '../../history/sealed-history.ts'
import { loadDevice } from '../../keys/device-identity.ts'
import { openFileKeyStore } from '../file-key-store.ts'
import { toPrintable } from './cells.ts'
import { keysOption, parseWhole, textOption } from './document-options.ts'
import { SettingsError } from './settings-error.ts'

interface ReadOptions {
  readonly fileKey?: string
  readonly fileKeyFile?: string
  readonly keys: string
  readonly text: string
  readonly versions?: boolean
  readonly at?: number
}

/** Versions asked for at a time. */
const PAGE = 200

/** The command. */
export function createReadDocumentCommand(): Command {
  return new Command('read-document')
    .summary('read an exported document without a relay')
    .description(
      'Prints the text of a document that "export-document" wrote to a file, after checking every entry in it. With --versions it lists ' +
        'who wrote when, as their devices say, and with --at prints the text as it was then. Without a key it tries the device in --keys.',
    )
    .argument('<file>', 'the exported document')
    .addOption(
      new Option('--file-key-file <file>', 'file that holds the key of the exported document').env(
        'Y_SEALED_FILE_KEY_FILE',
      ),
    )
    .addOption(
      new Option(
        '--file-key <key>',
        'the key itself; better in the variable, for "ps" shows arguments to everybody',
      ).env('Y_SEALED_FILE_KEY'),
    )
    .addOption(keysOption())
    .addOption(textOption())
    .addOption(new Option('--versions', 'list the versions, newest first').env('Y_SEALED_VERSIONS'))
    .addOption(
      new Option('--at <seq>', 'the text as of this version, by its number in the list')
        .argParser(parseWhole(1, Number.MAX_SAFE_INTEGER))
        .env('Y_SEALED_AT'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  Y_SEALED_FILE_KEY=XXXX-… y-sealed read-document note.y-sealed > note.txt\n' +
        '  y-sealed read-document note.y-sealed --file-key-file note.key --versions',
    )
    .action(read)
}

async function read(path: string, options: ReadOptions): Promise<void> {
  if (!existsSync(path)) throw new SettingsError(`there is no file ${path}`)
  const document = await openFile(path, options)
  if (options.versions === true) return await printVersions(document)
  const doc = options.at === undefined ? document.doc : await document.history().at(options.at)
  const text = toPrintable(doc.getText(options.text).toJSON())
  process.stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`)
}

async function openFile(path: string, { fileKey, fileKeyFile, keys }: ReadOptions): Promise<ImportedDocument> {
  if (fileKey !== undefined && fileKeyFile !== undefined)
    throw new SettingsError('two keys are named: give one of --file-key and --file-key-file')
  const key = fileKeyFile === undefined ? fileKey : (await readFile(fileKeyFile, 'utf8')).trim()
  const chunks = createReadStream(path, { highWaterMark: 1_048_576 })
  if (key !== undefined) return await importDocument(chunks, { key })
  if (!existsSync(keys)) throw new SyncError('EXPORT_KEY', 'the file opens by its key: give it with --file-key-file')
  return await importDocument(chunks, { device: await loadDevice(await openFileKeyStore(keys)) })
}

async function printVersions(document: ImportedDocument): Promise<void> {
  let before: number | null = Infinity
  while (before !== null) {
    const page = await document.history().versions({ limit: PAGE, before })
    for (const version of page.versions) console.log(lineOf(version))
    before = page.next
  }
}

/** Number, time as claimed, people, edits and name. */
function lineOf({ seq, latest, authors, edits, name }: Version): string {
  const time = latest?.toISOString().replace('T', ' ').slice(0, 16) ?? 'time not said   '
  const people = authors.map((author) => author.name ?? author.device.slice(0, 8)).join(', ')
  const named = name === null ? '' : `  "${name}"`
  return toPrintable(`${String(seq).padStart(7)}  ${time}  ${people}  (${edits})${named}`)
}
