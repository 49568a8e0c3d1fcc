/**
 * `serve`: the options of a running relay, what it says when it starts, and how it stops.
 *
 * @module
 */
import { Command } from 'commander'
import { renderUnicodeCompact } from 'uqr'

import { describeFault } from '../ops/describe-fault.ts'
import type { RunningRelay } from '../serve.ts'
import { EXIT_FAILED } from './report-error.ts'
import { addRelayOptions, optionsToSettings, type RelayOptions } from './relay-options.ts'

/** A farewell that takes longer is cut short. [J11] */
const STOP_MS = 9_000

/** The command. */
export function createServeCommand(): Command {
  return addRelayOptions(new Command('serve'))
    .summary('run a relay')
    .description(
      'Runs a relay: it stores and forwards documents that it cannot read. Without any option it listens on this machine alone, ' +
        'keeps everything in ./data, makes its own certificate and gives tokens to whoever proves to be a member. ' +
        'Log lines (JSON) go to standard error. Ctrl-C or SIGTERM ends it cleanly, a second one at once; SIGHUP takes a renewed ' +
        'certificate, which is otherwise noticed within seconds, and a changed key set, otherwise within minutes.',
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

async function serve(options: RelayOptions): Promise<void> {
  // Loaded here, so that the other commands need no database.
  const { startRelay } = await import('../serve.ts')
  const relay = await startRelay(optionsToSettings(options, process.env))
  console.log(describeStart(relay, options.data, process.stdout.isTTY))
  const stopListening = listenToSignals(relay)
  const fault = await untilAskedToStop()
  if (fault !== null) {
    relay.log.error('uncaught', describeFault(fault.error))
    process.exitCode = EXIT_FAILED
  } else console.log('Stopping.')
  stopListening()
  // What stops is not waited for without end: a supervisor is to start anew.
  const timer = setTimeout(() => process.exit(), STOP_MS)
  await relay.close()
  clearTimeout(timer)
  if (fault !== null) process.exit()
}

/** SIGHUP, where there is one. Gives back what takes it off again. */
function listenToSignals(relay: RunningRelay): () => void {
  const reload = (): void => void relay.reload()
  process.on('SIGHUP', reload)
  return () => void process.off('SIGHUP', reload).on('SIGHUP', () => {})
}

/** What a person has to know who has just started a relay. */
export function describeStart(relay: RunningRelay, data: string, isTerminal: boolean): string {
  const lines = [
    `The relay is running at ${relay.pageUrl}`,
    `  clients dial   ${relay.urls.join('\n                 ')}`,
    relay.fingerprint === null
      ? '  certificate    none: plain HTTP, for the proxy in front'
      : `  certificate    SHA-256 ${relay.fingerprint}`,
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
  if (relay.operationsUrl !== null) lines.push(`  operations     ${relay.operationsUrl}/metrics, /healthz, /readyz`)
  if (isTerminal) lines.push('', renderUnicodeCompact(relay.pageUrl, { border: 2 }))
  lines.push('', 'Ctrl-C stops it.')
  return lines.join('\n')
}

/**
 * Resolves at the first Ctrl-C or SIGTERM, with `null`; a second one ends the process at once, as always. Resolves with the fault when
 * something was thrown that nobody caught: what the process holds in memory is not to be trusted after that. [J9]
 */
function untilAskedToStop(): Promise<{ readonly error: unknown } | null> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      resolve(null)
    }
    process.on('SIGINT', stop).on('SIGTERM', stop)
    // Unhandled rejections arrive here too. The listener stays: a second fault must not cut the farewell short.
    process.on('uncaughtException', (error) => resolve({ error }))
  })
}
