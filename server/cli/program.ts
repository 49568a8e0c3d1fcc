/**
 * The command line `y-sealed-relay`, put together.
 *
 * @module
 */
import { Command } from 'commander'
import { readFileSync } from 'node:fs'

import { createAuditCommand } from './audit-command.ts'
import { createBackupCommand } from './backup-command.ts'
import { createDoctorCommand } from './doctor-command.ts'
import { createKeysCommand } from './keys-command.ts'
import { createPinsCommand } from './pins-command.ts'
import { createSwitchKeyCommand } from './switch-key-command.ts'
import { createRestoreCommand } from './restore-command.ts'
import { createRevokeCommand } from './revoke-command.ts'
import { createServeCommand } from './serve-command.ts'
import { createTokenCommand } from './token-command.ts'
import { createTrustCommand, createUntrustCommand } from './trust-command.ts'

/** The program with its commands. It throws instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('y-sealed-relay')
    .description(
      'The y-sealed relay: live collaboration on documents that their server cannot read.\n' +
        'Start with "y-sealed-relay serve". Every option can be given as a variable too; its name stands beside it.',
    )
    .version(readVersion())
    .showSuggestionAfterError()
  for (const command of [
    createServeCommand(),
    createDoctorCommand(),
    createBackupCommand(),
    createRestoreCommand(),
    createAuditCommand(),
    createTokenCommand(),
    createRevokeCommand(),
    createKeysCommand(),
    createPinsCommand(),
    createSwitchKeyCommand(),
    createTrustCommand(),
    createUntrustCommand(),
  ]) {
    program.addCommand(command)
  }
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

/** Two folders up in the source tree and in the package alike, or one more from `dist`. */
function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<
        string,
        string
      >
      if (name === '@y-sealed/relay' && version !== undefined) return version
    } catch {
      // Not this one.
    }
  }
  return 'unknown'
}
