/**
 * `serve`: the options of a running relay, what it says when it starts, and how it stops.
 *
 * @module
 */
import { Command, Option } from 'commander'
import { renderUnicodeCompact } from 'uqr'

import type { CreatePolicy } from '../auth/token-issuer.ts'
import { LOG_LEVELS, type LogLevel } from '../ops/log.ts'
import type { RunningRelay } from '../serve.ts'
import { collect, dataOption, parseWhole } from './options.ts'

interface ServeOptions {
  readonly data: string
  readonly host: string
  readonly port: number
  readonly url?: readonly string[]
  readonly cert?: string
  readonly key?: string
  readonly jwks?: string
  readonly issuer?: string
  readonly create?: CreatePolicy
  readonly origin?: readonly string[]
  readonly logLevel: LogLevel
}

/** The command. */
export function createServeCommand(): Command {
  return new Command('serve')
    .summary('run a relay')
    .description(
      'Runs a relay: it stores and forwards documents that it cannot read. Without any option it listens on this machine alone, ' +
        'keeps everything in ./data, makes its own certificate and gives tokens to whoever proves to be a member. ' +
        'Log lines (JSON) go to standard error. Ctrl-C or SIGTERM ends it cleanly.',
    )
    .addOption(dataOption())
    .addOption(
      new Option('--host <host>', 'address to listen on; 0.0.0.0 is every network that this machine is in')
        .default('127.0.0.1')
        .env('Y_SEALED_HOST'),
    )
    .addOption(
      new Option('-p, --port <number>', 'TCP port; 0 takes a free one')
        .argParser(parseWhole(0, 65_535))
        .default(8443)
        .env('Y_SEALED_PORT'),
    )
    .addOption(
      new Option(
        '--url <url>',
        'address that clients dial, wss://host[:port]/sync; tokens are good for these alone; repeatable (default: this machine’s names and --host)',
      )
        .argParser(collect)
        .env('Y_SEALED_URL'),
    )
    .addOption(
      new Option('--cert <file>', 'certificate chain, PEM (default: a development certificate)').env('Y_SEALED_CERT'),
    )
    .addOption(
      new Option('--key <file>', 'private key of the certificate, PEM, not readable by everybody').env('Y_SEALED_KEY'),
    )
    .addOption(
      new Option(
        '--jwks <file-or-url>',
        'public keys of your own token issuer, a file or an https address (default: the embedded issuer)',
      ).env('Y_SEALED_JWKS'),
    )
    .addOption(new Option('--issuer <name>', 'issuer ("iss") of the tokens under --jwks').env('Y_SEALED_ISSUER'))
    .addOption(
      new Option('--create <who>', 'who may create documents (default: open on this machine alone, else invite)')
        .choices(['open', 'invite', 'closed'])
        .env('Y_SEALED_CREATE'),
    )
    .addOption(
      new Option(
        '--origin <origin>',
        'web pages that may connect, such as https://notes.example; repeatable (default: the relay’s own)',
      )
        .argParser(collect)
        .env('Y_SEALED_ORIGIN'),
    )
    .addOption(
      new Option('--log-level <level>', 'least severity that is logged')
        .choices([...LOG_LEVELS])
        .default('info')
        .env('Y_SEALED_LOG_LEVEL'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  y-sealed-relay serve\n' +
        '      try it on this machine; "y-sealed-relay trust" ends the browser’s warning\n' +
        '  y-sealed-relay serve --host 0.0.0.0\n' +
        '      for the phones in the same network\n' +
        '  y-sealed-relay serve --host 0.0.0.0 --port 443 --url wss://relay.example/sync \\\n' +
        '      --cert fullchain.pem --key privkey.pem --origin https://notes.example\n' +
        '      on a server of your own\n' +
        '  y-sealed-relay serve --jwks https://app.example/jwks.json --issuer https://app.example\n' +
        '      with tokens from your own backend',
    )
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  const { url, origin, ...same } = options
  // Loaded here, so that the other commands need no database.
  const { startRelay } = await import('../serve.ts')
  const relay = await startRelay({
    ...same,
    ...(url === undefined ? {} : { urls: url }),
    ...(origin === undefined ? {} : { origins: origin }),
    environment: process.env,
  })
  console.log(describeStart(relay, options.data, process.stdout.isTTY))
  await untilAskedToStop()
  console.log('Stopping.')
  await relay.close()
}

/** What a person has to know who has just started a relay. */
export function describeStart(relay: RunningRelay, data: string, isTerminal: boolean): string {
  const lines = [
    `The relay is running at ${relay.pageUrl}`,
    `  clients dial   ${relay.urls.join('\n                 ')}`,
    `  certificate    SHA-256 ${relay.fingerprint}`,
  ]
  if (relay.caPath !== null) {
    const command = data === './data' ? 'y-sealed-relay trust' : `y-sealed-relay trust --data ${data}`
    lines.push(
      '',
      'The certificate is one for development, made on this machine. Browsers do not know it yet and will warn',
      '(“Your connection is not private”, ERR_CERT_AUTHORITY_INVALID; Firefox: SEC_ERROR_UNKNOWN_ISSUER).',
      `To end that on this computer: ${command}`,
      `On a phone: install ${relay.caPath} as a certificate authority, and compare the fingerprint.`,
    )
  }
  if (isTerminal) lines.push('', renderUnicodeCompact(relay.pageUrl, { border: 2 }))
  lines.push('', 'Ctrl-C stops it.')
  return lines.join('\n')
}

/** Resolves at the first Ctrl-C or SIGTERM. A second one ends the process at once, as always. */
function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      resolve()
    }
    process.on('SIGINT', stop).on('SIGTERM', stop)
  })
}
