/**
 * How a command ends that cannot do what it was asked: one line that says what happened and what to do next, and an exit code that says
 * whose turn it is. One table for all codes.
 *
 * @module
 */
import { REFUSALS } from '@y-sealed/protocol'
import { CommanderError } from 'commander'

/** Something went wrong while running: trying again may help. */
export const EXIT_FAILED = 1
/** The settings are wrong: trying again does not help, changing them does. */
export const EXIT_SETTINGS = 2

/** What a code means to the person at the terminal. */
interface Explanation {
  readonly line: string
  readonly exitCode: typeof EXIT_FAILED | typeof EXIT_SETTINGS
}

const fails = (line: string): Explanation => ({ line, exitCode: EXIT_FAILED })
const asks = (line: string): Explanation => ({ line, exitCode: EXIT_SETTINGS })

const UNKNOWN_AUTHORITY = asks(
  'the relay’s certificate comes from an authority that this computer does not know, as development certificates do: ' +
    'give that authority with --ca <data>/tls/ca.pem, where <data> is the relay’s data folder',
)
const NOT_REACHED = fails('the relay cannot be reached: check the network, the host in --url, and any firewall between')
const NO_SUCH_NAME = asks('no computer of the name in --url is known: check its spelling')
const NO_TLS = asks('what answers there does not speak TLS as a relay does: check the port in --url')
const RELAY_LIES =
  'nothing was overwritten and your edits are kept; ask whoever runs the relay whether it was restored from a backup'

const EXPLANATION_BY_CODE: Readonly<Record<string, Explanation>> = {
  // The network and TLS, as Node names them.
  ECONNREFUSED: fails(
    'nobody listens at that address: is the relay running? "y-sealed-relay serve" starts one; check the port in --url too',
  ),
  ECONNRESET: fails('the relay, or something before it, broke the connection off: is it a relay that --url names?'),
  ENOTFOUND: NO_SUCH_NAME,
  EAI_AGAIN: NO_SUCH_NAME,
  EHOSTUNREACH: NOT_REACHED,
  ENETUNREACH: NOT_REACHED,
  ETIMEDOUT: NOT_REACHED,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: asks(
    'the authority in --ca has another key than the one that signed the relay’s certificate: is it that relay’s?',
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: asks(
    'the relay’s certificate is for other names than the one in --url: dial a name that it bears, or start the relay with --host or --url for this one',
  ),
  CERT_HAS_EXPIRED: fails(
    'the relay’s certificate has expired: renew it (a development certificate is renewed when the relay starts)',
  ),
  CERT_NOT_YET_VALID: fails('the relay’s certificate is not valid yet: is the clock of this computer right?'),
  PIN_MISMATCH: asks(
    'the relay shows a key that --pins does not hold: ask whoever runs it for its new pins.json, and trust no other way to get it; somebody may stand between',
  ),
  PINS_MALFORMED: asks('--pins is no pins.json: "y-sealed-relay pins" writes one'),
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  NO_RELAY: asks('something answers there, but it is no y-sealed relay: check the host and port in --url'),

  // The embedded issuer. [AU10]
  TOKEN_UNAVAILABLE: fails('the relay has no token to give just now: try again in a moment'),
  BAD_REQUEST: fails('the relay does not understand this client: are both of the same version?'),
  PROOF_REFUSED: fails(
    'the relay does not accept this device’s proof: dial the relay by a name that it knows (its --url), and check both clocks',
  ),
  NOT_A_MEMBER: asks(
    'this device is not a member of that document: use the key store (--keys) of the device that made it',
  ),
  CREATE_CLOSED: asks(
    'this relay lets nobody make documents: ask whoever runs it (serve --create), or open one that exists',
  ),
  INVITE_REFUSED: asks(
    'this relay lets only invited devices make documents: ask for an invitation ("y-sealed-relay token --invite") and give it with --invite-file',
  ),

  // The relay's refusals. [FR20]
  TOKEN_REFUSED: fails(
    'the relay refused the token: check that the clocks agree and that --url is a name the relay knows',
  ),
  FORBIDDEN: asks('this device may not do that in this document'),
  UNKNOWN_DOCUMENT: asks('the relay knows no such document: check the link and --url, or make a document with --new'),
  DELETED: asks('the document was deleted: nothing of it is left at the relay'),
  QUOTA: fails(
    'the document’s quota at this relay is used up; what was not acknowledged stays on this device only while it runs',
  ),
  RATE: fails('the relay asks for patience: too many requests; try again in a moment'),

  // What this device found. [LO6]
  ROLLBACK: fails(`the relay answers with less than it has acknowledged before: ${RELAY_LIES}`),
  FORK: fails(`the relay shows another history than before: ${RELAY_LIES}`),
  LOG_INVALID: fails(`the relay’s log of this document does not hold together: ${RELAY_LIES}`),
  BAD_HEAD: fails(`the relay’s signature on its log is wrong: ${RELAY_LIES}`),
  HEAD_KEY_CHANGED: fails(
    'this relay has another key than the one that this device knows by this address: if it was set up anew, use a new key store (--keys); if not, somebody stands between',
  ),
  NO_KEY: asks('this device holds no key of that document: use the key store (--keys) of the device that made it'),
  OFFLINE: fails('the relay closed the connection'),

  // This computer.
  EACCES: asks('there is no right to read or write that file'),
  EISDIR: asks('that is a folder, and a file is wanted'),
  ENOTDIR: asks('a part of that path is a file and no folder'),
  ENOENT: asks('there is no such file'),
}

/** Codes whose own message says it better: the settings are wrong. */
const OWN_WORDS = new Set([
  'BAD_SOURCE',
  'NO_SUCH_DOCUMENT',
  'READER_MISSING',
  'NOT_THE_SAME',
  'BAD_SETTINGS',
  'BAD_TRACE',
  'KEY_STORE_EXPOSED',
  'KEY_STORE_DAMAGED',
])

/** The line for a person and the exit code. `null` where commander has said everything already. */
export function explainError(error: unknown): { readonly line: string | null; readonly exitCode: number } {
  if (error instanceof CommanderError) return { line: null, exitCode: error.exitCode === 0 ? 0 : EXIT_SETTINGS }
  const links = causesOf(error)
  // What lies beneath says what is wrong with a relay's log; here it is a file's.
  const ofFile = links.find((link) => codeOf(link).startsWith('EXPORT_'))
  if (ofFile instanceof Error) return { line: `error: ${oneLine(ofFile.message)}`, exitCode: EXIT_FAILED }
  for (const link of links) {
    const code = codeOf(link)
    if (OWN_WORDS.has(code)) return { line: `error: ${oneLine((link as Error).message)}`, exitCode: EXIT_SETTINGS }
    // Outermost first would say "no token" where the cause is a refused connection.
    const known = Object.hasOwn(EXPLANATION_BY_CODE, code) ? EXPLANATION_BY_CODE[code] : undefined
    if (known) return { line: `error: ${known.line}${detailOf(code, link)}`, exitCode: known.exitCode }
    if (Object.hasOwn(REFUSALS, code)) {
      return {
        line: `error: the relay refuses: ${REFUSALS[code as keyof typeof REFUSALS].meaning} (${code})`,
        exitCode: EXIT_FAILED,
      }
    }
  }
  const message =
    error instanceof Error ? oneLine(error.message) : 'something failed that is no error; please report this'
  return { line: `error: ${message}`, exitCode: EXIT_FAILED }
}

/** True for what no second try would mend while the settings stay as they are, and for a relay that is not there at all. */
export function isHopeless(error: unknown): boolean {
  return causesOf(error).some((link) => {
    const code = codeOf(link)
    return code !== 'TOKEN_UNAVAILABLE' && Object.hasOwn(EXPLANATION_BY_CODE, code)
  })
}

/** An error and what caused it, the innermost first. Events of sockets carry their error in `error`. */
function causesOf(error: unknown): readonly unknown[] {
  const links: unknown[] = []
  for (let link = error; typeof link === 'object' && link !== null && links.length < 8;) {
    links.unshift(link)
    const { cause, error: inner } = link as { cause?: unknown; error?: unknown }
    link = cause ?? inner
  }
  return links
}

function codeOf(link: unknown): string {
  const { code, message } = link as { code?: unknown; message?: unknown }
  // An embedded issuer answers with codes of its own; anything else that speaks HTTP has none.
  if (link instanceof SyntaxError || (typeof code === 'string' && code.startsWith('HTTP_'))) return 'NO_RELAY'
  if (typeof code === 'string') return code
  // `ws` gives a refused upgrade no code.
  return typeof message === 'string' && /^Unexpected server response: (?!401|403|429|503)/.test(message)
    ? 'NO_RELAY'
    : ''
}

function detailOf(code: string, link: unknown): string {
  const { path, syscall } = link as { path?: unknown; syscall?: unknown }
  if (/^E(ACCES|ISDIR|NOTDIR|NOENT)$/.test(code) && typeof path === 'string') return `: ${path}`
  return typeof syscall === 'string' || /^E[A-Z]+$/.test(code) ? ` (${code})` : ''
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
