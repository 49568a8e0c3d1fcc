/**
 * The command line `y-sealed`, put together.
 *
 * @module
 */
import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { createExportCommand } from './export-command.ts'
import { createExportDocumentCommand } from './export-document-command.ts'
import { createImportCommand } from './import-command.ts'
import { createReadDocumentCommand } from './read-document-command.ts'
import { createReplayCommand } from './replay-command.ts'
import { createWatchCommand } from './watch-command.ts'

/** The program with its commands. It throws instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('y-sealed')
    .description(
      'The y-sealed client at the command line: documents that are end-to-end encrypted, over a relay that cannot read them.\n' +
        'Start a relay with "y-sealed-relay serve", then "y-sealed watch --new --type" to write. Every option can be given as a\n' +
        'variable too; its name stands beside it.',
    )
    .version(readVersion())
    .showSuggestionAfterError()
  const commands = [
    createWatchCommand(),
    createImportCommand(),
    createExportCommand(),
    createExportDocumentCommand(),
    createReadDocumentCommand(),
    createReplayCommand(),
  ]
  for (const command of commands) program.addCommand(command)
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: (text, write) => write(explainUsage(text, command)) })
  }
  return program
}

/** One line: commander's own, and where to look. */
function explainUsage(text: string, command: Command): string {
  const line = text.trim().replaceAll(/[^\S\n]*\n\s*/g, ' ')
  const name = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`
  return `${line.replace(/\.$/, '')}; see "${name} --help"\n`
}

/** Two folders up in the source tree, three from `dist`. */
function readVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<
        string,
        string
      >
      if (name === '@y-sealed/client' && version !== undefined) return version
    } catch {
      // Not this one.
    }
  }
  return 'unknown'
}
