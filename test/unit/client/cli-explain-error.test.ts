import { RefusedError, SyncError } from '@y-sealed/protocol'
import { expect, it, onTestFinished, vi } from 'vitest'

import { explainError, isHopeless } from '../../../client/node/cli/explain-error.ts'
import { createProgram } from '../../../client/node/cli/program.ts'
import { SettingsError } from '../../../client/node/cli/settings-error.ts'

function systemError(code: string, fields: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect', ...fields })
}

function noToken(cause: unknown): Error {
  return new SyncError('TOKEN_UNAVAILABLE', 'the relay could not be asked for a token', { cause })
}

it.each([
  ['a relay that does not run', noToken(systemError('ECONNREFUSED')), 1, /is the relay running\?/],
  ['an unknown authority', noToken(systemError('SELF_SIGNED_CERT_IN_CHAIN')), 2, /--ca <data>\/tls\/ca\.pem/],
  ['a certificate for other names', noToken(systemError('ERR_TLS_CERT_ALTNAME_INVALID')), 2, /other names/],
  ['an unknown name', noToken(systemError('ENOTFOUND')), 2, /check its spelling \(ENOTFOUND\)/],
  ['something without TLS', noToken(systemError('EPROTO')), 2, /does not speak TLS/],
  ['the event of a socket', { type: 'error', error: systemError('ECONNRESET') }, 1, /broke the connection off/],
  ['a web server', noToken(new SyntaxError('Unexpected token <')), 2, /no y-sealed relay/],
  ['a web server that knows no such page', new SyncError('HTTP_404', 'refused'), 2, /no y-sealed relay/],
  ['a refused upgrade', new Error('Unexpected server response: 404'), 2, /no y-sealed relay/],
  ['a relay without a token', noToken(new Error('no answer in time')), 1, /no token to give just now/],
  ['a file that is not there', systemError('ENOENT', { path: 'a.gz', syscall: 'open' }), 2, /no such file: a\.gz$/],
  ['somebody who may not create', new SyncError('CREATE_CLOSED', 'no'), 2, /--create/],
  ['another head key', new SyncError('HEAD_KEY_CHANGED', 'another'), 1, /another key than the one/],
  ['a code of the protocol without words here', new RefusedError('SEEN_UNKNOWN'), 1, /\(SEEN_UNKNOWN\)$/],
  ['wrong settings in their own words', new SettingsError('--room is\nempty'), 2, /^error: --room is empty$/],
  ['anything else in its own words', new Error('out of luck'), 1, /^error: out of luck$/],
  ['what is no error', 'thrown text', 1, /please report/],
])('says in one line what to do about %s', (_, error, exitCode, line) => {
  const explained = explainError(error)
  expect(explained).toMatchObject({ exitCode, line: expect.stringMatching(line) as string })
  expect(explained.line).not.toContain('\n')
})

it.each([
  [['watch', '--tipe'], 2, /^error: unknown option '--tipe' \(Did you mean --type\?\); see "y-sealed watch --help"\n$/],
  [['replay'], 2, /^error: missing required argument 'trace'; see "y-sealed replay --help"\n$/],
  [['replay', 'x', '--limit', '0'], 2, /Give a whole number from 1 to 1000000000; see/],
  [['sing'], 2, /^error: unknown command 'sing'; see "y-sealed --help"\n$/],
  [['replay', '--help'], 0, /^$/],
])('leaves it to the parser to complain of %j, in one line', async (args, exitCode, line) => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  onTestFinished(() => void vi.restoreAllMocks())
  const error: unknown = await createProgram()
    .parseAsync(args, { from: 'user' })
    .catch((thrown: unknown) => thrown)
  expect(explainError(error)).toEqual({ line: null, exitCode })
  expect(written.mock.calls.join('')).toMatch(line)
})

it('ends a first dial that no second would mend, and repeats one that may succeed', () => {
  expect(isHopeless(noToken(systemError('ECONNREFUSED')))).toBe(true)
  expect(isHopeless(noToken(systemError('SELF_SIGNED_CERT_IN_CHAIN')))).toBe(true)
  expect(isHopeless(noToken(new Error('no answer in time')))).toBe(false)
  expect(isHopeless(new Error('Unexpected server response: 503'))).toBe(false)
})

it('does not take inherited names for codes', () => {
  expect(explainError(new SyncError('constructor', 'strange')).line).toBe('error: strange')
})
