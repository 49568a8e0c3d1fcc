/**
 * The options that say which relay, which document and whose keys: the same for every command.
 *
 * @module
 */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What {@link addDocumentOptions} leaves for a command. */
export interface DocumentOptions {
  readonly url: string
  readonly ca?: string
  readonly pins?: string
  readonly keys: string
  readonly inviteFile?: string
  readonly link?: string
  readonly linkFile?: string
  readonly new?: boolean
  readonly mode: 'shared-key' | 'members'
  readonly room?: string
  readonly keyFile?: string
  readonly proofFile?: string
  readonly text: string
}

/** Adds them. */
export function addDocumentOptions(command: Command): Command {
  return command
    .addOption(new Option('-u, --url <url>', 'the relay').default('wss://localhost:8443/sync').env('Y_SEALED_URL'))
    .addOption(
      new Option('--ca <file>', 'certificate authority to trust, PEM; a development relay’s is <data>/tls/ca.pem').env(
        'Y_SEALED_CA',
      ),
    )
    .addOption(
      new Option(
        '--pins <file>',
        'pins.json of the relay (“y-sealed-relay pins”): refuse every key that is not in it, besides all other checks',
      ).env('Y_SEALED_PINS'),
    )
    .addOption(keysOption())
    .addOption(
      new Option('--new', 'make a new document, and print its link (or write it to --link-file)').env('Y_SEALED_NEW'),
    )
    .addOption(
      new Option(
        '--link-file <file>',
        'file that holds the document’s link; whoever can read it can read and write the document',
      ).env('Y_SEALED_LINK_FILE'),
    )
    .addOption(
      new Option(
        '--link <link>',
        'the link itself; better in the variable or in --link-file, for "ps" shows arguments to everybody',
      ).env('Y_SEALED_LINK'),
    )
    .addOption(
      new Option(
        '--key-file <file>',
        'instead of a link: 32 random bytes, raw or as base64url, that everybody shares who may read and write',
      ).env('Y_SEALED_KEY_FILE'),
    )
    .addOption(new Option('--room <name>', 'name of the room, with --key-file or --new').env('Y_SEALED_ROOM'))
    .addOption(
      new Option(
        '--mode <mode>',
        'with --new: "shared-key" for whoever has the link, "members" for this device alone (for now)',
      )
        .choices(['shared-key', 'members'])
        .default('shared-key')
        .env('Y_SEALED_MODE'),
    )
    .addOption(
      new Option(
        '--invite-file <file>',
        'file with an invitation, where the relay lets only invited devices make documents',
      ).env('Y_SEALED_INVITE_FILE'),
    )
    .addOption(
      new Option(
        '--proof-file <file>',
        'where to write a proof, should the relay sign two histories of the document; "y-sealed-relay audit --proof" checks it',
      ).env('Y_SEALED_PROOF_FILE'),
    )
    .addOption(textOption())
}

/** Whose keys. */
export function keysOption(): Option {
  return new Option('--keys <folder>', 'this device’s key store; another folder is another device')
    .default(defaultKeysFolder())
    .env('Y_SEALED_KEYS')
}

/** Which text. */
export function textOption(): Option {
  return new Option('--text <name>', 'name of the Y.Text within the document').default('note').env('Y_SEALED_TEXT')
}

/** A parser for whole numbers within bounds. */
export function parseWhole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
  }
}

function defaultKeysFolder(): string {
  return join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'y-sealed')
}
