/**
 * How a command ends that cannot do what it was asked: one line, and an exit code that says whose turn it is.
 *
 * @module
 */
import { CommanderError } from 'commander'

/** Done. */
export const EXIT_DONE = 0
/** Something went wrong while running: trying again may help. */
export const EXIT_FAILED = 1
/** The settings are wrong: trying again does not help, changing them does. */
export const EXIT_SETTINGS = 2

/** Codes of errors that a change of settings cures. */
const SETTINGS_CODES: ReadonlySet<unknown> = new Set([
  'BAD_SETTINGS',
  'EACCES',
  'EADDRNOTAVAIL',
  'ENOTDIR',
  'EISDIR',
  'EROFS',
  'STORE_EXPOSED',
  'STORE_FOREIGN',
  'STORE_NEWER',
  'STORE_RUNTIME',
])

/** The line for a person and the exit code of `error`. `null` when commander has said everything already. */
export function reportError(error: unknown): { readonly line: string | null; readonly exitCode: number } {
  if (error instanceof CommanderError) return { line: null, exitCode: error.exitCode === 0 ? EXIT_DONE : EXIT_SETTINGS }
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const exitCode = SETTINGS_CODES.has(code) ? EXIT_SETTINGS : EXIT_FAILED
  return { line: `error: ${explain(error, code)}`, exitCode }
}

function explain(error: unknown, code: unknown): string {
  if (!(error instanceof Error)) return 'something failed that is no error; please report this'
  const text = error.message.replaceAll(/\s+/g, ' ')
  if (code === 'EADDRINUSE')
    return 'another program listens on this port already: stop it, or choose another with --port'
  if (code === 'EADDRNOTAVAIL') return 'this computer has no such address to listen on: choose another with --host'
  if (code === 'EACCES' && text.includes('listen')) {
    return 'this port needs rights that the relay has not: choose one above 1023 with --port'
  }
  if (code === 'EACCES' || code === 'EROFS')
    return `${text}: give the user who runs the relay the right to write there, or choose another folder with --data`
  if (code === 'ENOSPC') return 'the disk is full: make room and start again; nothing that was acknowledged is lost'
  return text
}
