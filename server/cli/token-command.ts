/**
 * `token`: makes a token, or an invitation to create documents, with the embedded issuer's key.
 *
 * @module
 */
import { base64urlToBytes, type Bytes } from '@y-sealed/protocol'
import { Command, InvalidArgumentError, Option } from 'commander'

import { MAX_LIFE_S } from '../auth/claims.ts'
import { issueInvitation, issueToken, TOKEN_LIFE_S } from '../auth/issue-token.ts'
import type { Permission } from '../core/ports.ts'
import { createSystemClock } from '../ops/clock.ts'
import { SettingsError } from '../ops/settings-error.ts'
import { keysFolderOf, loadIssuerKey } from '../ops/signing-key.ts'
import { completeSettings } from '../settings.ts'
import { collect, dataOption, parseDuration } from './options.ts'

const PERMISSIONS: readonly Permission[] = ['read', 'write', 'awareness', 'snapshot', 'members', 'create', 'delete']
const INVITATION_LIFE_S = 7 * 86_400
const MAX_INVITATION_LIFE_S = 365 * 86_400

interface TokenOptions {
  readonly data: string
  readonly doc?: Bytes
  readonly device?: Bytes
  readonly perm: readonly string[]
  readonly audience: string
  readonly ttl?: number
  readonly invite?: boolean
}

/** The command. */
export function createTokenCommand(): Command {
  return new Command('token')
    .summary('make a token, or an invitation to create documents')
    .description(
      'Prints a token for one document and one device, signed by the key of the embedded issuer. Clients get theirs by ' +
        'themselves, from /token; this is for trying things out and for scripts. With --invite it prints an invitation instead: ' +
        'whoever has it may create documents on a relay that runs with --create invite, until it expires.',
    )
    .addOption(dataOption())
    .addOption(new Option('--doc <id>', 'document id, base64url').argParser(parseId).env('Y_SEALED_TOKEN_DOC'))
    .addOption(new Option('--device <id>', 'device id, base64url').argParser(parseId).env('Y_SEALED_TOKEN_DEVICE'))
    .addOption(
      new Option('--perm <list>', `what it allows, with commas: ${PERMISSIONS.join(', ')}`)
        .argParser((text: string) => collect(text))
        .default(['read', 'awareness'], 'read,awareness')
        .env('Y_SEALED_TOKEN_PERM'),
    )
    .addOption(
      new Option('--audience <url>', 'address that the client dials')
        .default('wss://localhost:8443/sync')
        .env('Y_SEALED_TOKEN_AUDIENCE'),
    )
    .addOption(
      new Option(
        '--ttl <time>',
        'how long it is good, such as 5m, at most 10m (default: 5m; an invitation: 7d, at most 365d)',
      )
        .argParser(parseDuration(1, MAX_INVITATION_LIFE_S))
        .env('Y_SEALED_TOKEN_TTL'),
    )
    .addOption(new Option('--invite', 'make an invitation').env('Y_SEALED_TOKEN_INVITE'))
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  y-sealed-relay token --doc AAAAAAAAAAAAAAAAAAAAAQ --device AAAAAAAAAAAAAAAAAAAAAg --perm read,write\n' +
        '  y-sealed-relay token --invite --ttl 2d --audience wss://relay.example/sync',
    )
    .action((options: TokenOptions) => console.log(makeToken(options, createSystemClock().now())))
}

function makeToken(options: TokenOptions, nowMs: number): string {
  const { doc, device, ttl } = options
  const { audiences } = completeSettings({ urls: [options.audience] }, 0)
  const [audience = options.audience] = audiences
  if (options.invite === true) {
    const key = loadIssuerKey(keysFolderOf(options.data))
    return issueInvitation(key, nowMs, audience, ttl ?? INVITATION_LIFE_S)
  }
  if (doc === undefined || device === undefined) {
    throw new SettingsError(
      'a token is for one document and one device: give --doc and --device, or --invite for an invitation',
    )
  }
  if (ttl !== undefined && ttl > MAX_LIFE_S) {
    throw new SettingsError(`--ttl is longer than relays accept: a token is good for at most ${MAX_LIFE_S} seconds`)
  }
  const permissions = readPermissions(options.perm)
  const key = loadIssuerKey(keysFolderOf(options.data))
  return issueToken(key, nowMs, { document: doc, device, permissions, audience, lifeS: ttl ?? TOKEN_LIFE_S }).token
}

function readPermissions(names: readonly string[]): readonly Permission[] {
  const permissions = PERMISSIONS.filter((permission) => names.includes(permission))
  const unknown = names.find((name) => !PERMISSIONS.some((permission) => permission === name))
  if (unknown !== undefined) {
    throw new SettingsError(`--perm knows no "${unknown}": choose from ${PERMISSIONS.join(', ')}`)
  }
  if (permissions.length === 0)
    throw new SettingsError('--perm is empty: a token that allows nothing is refused everywhere')
  return permissions
}

function parseId(text: string): Bytes {
  const bytes = base64urlToBytes(text)
  if (bytes?.length === 16) return bytes
  throw new InvalidArgumentError('Give an id of 16 bytes as 22 characters of base64url.')
}
