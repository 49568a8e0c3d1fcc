/**
 * The options that say what a relay is to be: of `serve`, which runs it, and of `doctor`, which looks whether it would.
 *
 * @module
 */
import { Option, type Command } from 'commander'

import type { CreatePolicy } from '../auth/embedded-issuer.ts'
import { LOG_LEVELS, type LogLevel } from '../ops/log-level.ts'
import type { RelaySettings } from '../settings.ts'
import { collect, dataOption, parseSwitch, parseWhole } from './options.ts'

export interface RelayOptions {
  readonly data: string
  readonly host: string
  readonly port: number
  readonly url?: readonly string[]
  readonly cert?: string
  readonly key?: string
  readonly plaintext?: boolean
  readonly trustedProxy?: readonly string[]
  readonly jwks?: string
  readonly issuer?: string
  readonly create?: CreatePolicy
  readonly origin?: readonly string[]
  readonly nativeShells?: boolean
  readonly opsPort?: number
  readonly opsHost?: string
  readonly logLevel: LogLevel
}

/** Adds them. */
export function addRelayOptions(command: Command): Command {
  return command
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
        '--plaintext [yes|no]',
        'speak plain HTTP, to a proxy that is named by --trusted-proxy or on this machine alone; needs --url (default: TLS)',
      )
        .preset('yes')
        .argParser(parseSwitch)
        .env('Y_SEALED_PLAINTEXT'),
    )
    .addOption(
      new Option(
        '--trusted-proxy <address>',
        'address or network of a proxy in front, believed when it says whom a request is from (X-Forwarded-For); repeatable',
      )
        .argParser(collect)
        .env('Y_SEALED_TRUSTED_PROXY'),
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
        '--native-shells [yes|no]',
        'let in the pages of native shells (https://localhost, capacitor://localhost) besides --origin (default: no)',
      )
        .preset('yes')
        .argParser(parseSwitch)
        .env('Y_SEALED_NATIVE_SHELLS'),
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
      new Option(
        '--ops-port <number>',
        'port of /healthz, /readyz and /metrics, plain HTTP on this machine, usually 9464 (default: none)',
      )
        .argParser(parseWhole(0, 65_535))
        .env('Y_SEALED_OPS_PORT'),
    )
    .addOption(
      new Option(
        '--ops-host <host>',
        'address of that port; there is no password, so whoever reaches it reads the metrics (default: 127.0.0.1)',
      ).env('Y_SEALED_OPS_HOST'),
    )
    .addOption(
      new Option('--log-level <level>', 'least severity that is logged')
        .choices([...LOG_LEVELS])
        .default('info')
        .env('Y_SEALED_LOG_LEVEL'),
    )
}

/** What they say. */
export function optionsToSettings(
  options: RelayOptions,
  environment: Readonly<Record<string, string | undefined>>,
): RelaySettings {
  const { data, host, port, url, cert, key, jwks, issuer, create, origin, opsPort, opsHost, logLevel } = options
  const { plaintext, trustedProxy, nativeShells } = options
  return {
    data,
    host,
    port,
    logLevel,
    environment,
    ...(url !== undefined && { urls: url }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(plaintext !== undefined && { plaintext }),
    ...(trustedProxy !== undefined && { trustedProxies: trustedProxy }),
    ...(jwks !== undefined && { jwks }),
    ...(issuer !== undefined && { issuer }),
    ...(create !== undefined && { create }),
    ...(origin !== undefined && { origins: origin }),
    ...(nativeShells !== undefined && { nativeShells }),
    ...(opsPort !== undefined && { opsPort }),
    ...(opsHost !== undefined && { opsHost }),
  }
}
