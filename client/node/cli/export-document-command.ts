/**
 * `export-document`: all of a document into one sealed file, and the key that opens it. Rules EX1, EX4.
 *
 * @module
 */
import { Command, Option } from 'commander'
import { open, rm, writeFile } from 'node:fs/promises'
import type { DocumentExport } from '../../export/export-document.ts'
import { addDocumentOptions, type DocumentOptions } from './document-options.ts'
import { openDocument } from './open-document.ts'
import { warnOfVisibleLink } from './say-link.ts'
import { SettingsError } from './settings-error.ts'

interface ExportOptions extends DocumentOptions {
  readonly output: string
  readonly fileKeyOut?: string
}

/** The command. */
export function createExportDocumentCommand(): Command {
  const command = new Command('export-document')
    .summary('put a document in one sealed file')
    .description(
      'Writes all that the relay has of a document, with its history, to a file that opens without a relay, and prints the key of the ' +
        'file: 28 characters, to be kept apart from it. Whoever has both can read the document, and nobody can write in it by them. ' +
        'A device that is a member opens the file without the key. "y-sealed-relay audit --file" checks a file without any key.',
    )
  return addDocumentOptions(command)
    .addOption(
      new Option('-o, --output <file>', 'the file to write; one that exists is left alone')
        .makeOptionMandatory()
        .env('Y_SEALED_OUTPUT'),
    )
    .addOption(
      new Option('--file-key-out <file>', 'write the key of the file there instead of printing it').env(
        'Y_SEALED_FILE_KEY_OUT',
      ),
    )
    .addHelpText('after', '\nExample:\n  y-sealed export-document --link-file note.link -o note.y-sealed')
    .action(async (options: ExportOptions) => {
      warnOfVisibleLink(command)
      await exportDocument(options)
    })
}

async function exportDocument(options: ExportOptions): Promise<void> {
  if (options.new === true) throw new SettingsError('a new document has nothing to export: leave --new out')
  const onWarning = (line: string): void => console.error(`warning: ${line}`)
  const document = await openDocument(options, { isPresent: false, onWarning })
  try {
    const exported = await document.provider.exportDocument()
    // The key first: a file whose key was not kept is of no use.
    if (options.fileKeyOut !== undefined) await writeNew(options.fileKeyOut, `${exported.key}\n`)
    await writeChunks(options.output, exported)
    if (options.fileKeyOut === undefined) console.log(exported.key)
  } finally {
    document.close()
  }
}

/** For its owner alone; what could not be written whole is taken away again. */
async function writeChunks(path: string, { chunks }: DocumentExport): Promise<void> {
  const file = await openNew(path)
  try {
    try {
      for await (const chunk of chunks) await file.appendFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

async function openNew(path: string): ReturnType<typeof open> {
  try {
    return await open(path, 'wx', 0o600)
  } catch (error) {
    throw explainExisting(path, error)
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw explainExisting(path, error)
  }
}

function explainExisting(path: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return error
  return new SettingsError(`${path} exists and is left alone: name another file`, { cause: error })
}
