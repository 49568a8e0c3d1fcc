/**
 * `export`: gives the owner of a document what is in it, in the clear: nobody is locked in.
 *
 * @module
 */
import { Command, Option } from 'commander'
import { writeFile } from 'node:fs/promises'
import * as Y from 'yjs'
import { findRoot } from '../migrate/root-type.ts'
import { writeMarkdown, writeText } from '../migrate/write-markdown.ts'
import { toPrintable } from './cells.ts'
import { addDocumentOptions, type DocumentOptions } from './document-options.ts'
import { openDocument } from './open-document.ts'
import { formatBytes } from './progress.ts'
import { warnOfVisibleLink } from './say-link.ts'
import { SettingsError } from './settings-error.ts'

interface ExportOptions extends DocumentOptions {
  readonly as: 'update' | 'update-v2' | 'text' | 'markdown'
  readonly root?: string
  readonly output?: string
}

/** The command. */
export function createExportCommand(): Command {
  const command = new Command('export')
    .summary('write a document in the clear: a Yjs update, text or Markdown')
    .description(
      'Opens a document and writes what is in it: as a Yjs update that every Yjs program takes (y-websocket, Hocuspocus, Y.applyUpdate), as text, or ' +
        'as Markdown. What is written is not encrypted any more.',
    )
  return addDocumentOptions(command)
    .addOption(
      new Option('--as <form>', 'what to write')
        .choices(['update', 'update-v2', 'text', 'markdown'])
        .default('update')
        .env('Y_SEALED_AS'),
    )
    .addOption(
      new Option('--root <name>', 'with text and markdown: which shared type, where it is not the only one').env(
        'Y_SEALED_ROOT',
      ),
    )
    .addOption(
      new Option('-o, --output <file>', 'write to a new file, 0600 (default: standard output)').env('Y_SEALED_OUTPUT'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  y-sealed export --link-file note.link --as markdown > note.md\n' +
        '  y-sealed export --link-file note.link --as update --output note.update',
    )
    .action(async (options: ExportOptions) => {
      warnOfVisibleLink(command)
      await exportDocument(options)
    })
}

async function exportDocument(options: ExportOptions): Promise<void> {
  const { output } = options
  if (output === undefined && options.as.startsWith('update') && process.stdout.isTTY) {
    throw new SettingsError('a Yjs update is binary, and standard output is a terminal: give --output with a file')
  }
  const document = await openDocument(options, {
    isPresent: false,
    onWarning: (line) => console.error(`warning: ${line}`),
  })
  let written: Uint8Array
  try {
    written = contentOf(document.provider.doc, options)
  } finally {
    document.close()
  }
  if (output === undefined)
    return void process.stdout.write(process.stdout.isTTY ? toPrintable(Buffer.from(written).toString()) : written)
  await writeNew(output, written)
  console.error(`wrote ${formatBytes(written.length)} to ${output}, in the clear`)
}

function contentOf(doc: Y.Doc, { as, root }: ExportOptions): Uint8Array {
  switch (as) {
    case 'update':
      // oxlint-disable-next-line no-restricted-properties -- for other programs, which read Yjs' first encoding
      return Y.encodeStateAsUpdate(doc)
    case 'update-v2':
      return Y.encodeStateAsUpdateV2(doc)
    case 'text':
      return Buffer.from(writeText(findRoot(doc, root ?? null)))
    case 'markdown':
      break
  }
  return Buffer.from(writeMarkdown(findRoot(doc, root ?? null)))
}

async function writeNew(path: string, content: Uint8Array): Promise<void> {
  try {
    await writeFile(path, content, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new SettingsError(`${path} exists, and nothing is written over: name another file`)
  }
}
