/**
 * `pins`: what a mobile app pins of this relay.
 *
 * @module
 */
import { Command, Option } from 'commander'
import { writeFileSync } from 'node:fs'

import { createSystemClock } from '../ops/clock.ts'
import { loadBackupKey, loadLeafKey, tlsFolderOf } from '../ops/development-certificate.ts'
import { readGivenCertificate } from '../ops/given-certificate.ts'
import { pinOf } from '../ops/pins.ts'
import { SettingsError } from '../ops/settings-error.ts'
import { dataOption } from './options.ts'

interface PinsOptions {
  readonly data: string
  readonly cert?: string
  readonly key?: string
  readonly out?: string
}

/** The command. */
export function createPinsCommand(): Command {
  return new Command('pins')
    .summary('print the public-key pins for mobile apps')
    .description(
      'Prints pins (SHA-256 of the public key) of the relay’s TLS key and of a backup key, as JSON. A mobile app that is built ' +
        'with them accepts no other key. The backup key is made in <data>/tls/backup.key: take it off this machine. It is what ' +
        'saves installed apps on the day when the first key is lost or stolen. Certificates may be renewed freely as long as ' +
        'the key stays.',
    )
    .addOption(dataOption())
    .addOption(new Option('--cert <file>', 'certificate chain (PEM), when the relay has its own').env('Y_SEALED_CERT'))
    .addOption(new Option('--key <file>', 'private key (PEM) of that certificate').env('Y_SEALED_KEY'))
    .addOption(new Option('-o, --out <file>', 'write there instead of printing').env('Y_SEALED_PINS_OUT'))
    .addHelpText('after', '\nExample:\n  y-sealed-relay pins --out pins.json')
    .action((options: PinsOptions) => {
      const text = `${JSON.stringify(readPins(options), null, 2)}\n`
      if (options.out === undefined) process.stdout.write(text)
      else writeFileSync(options.out, text)
    })
}

function readPins({ data, cert, key }: PinsOptions) {
  if ((cert === undefined) !== (key === undefined)) {
    throw new SettingsError('--cert and --key go together: give both files, or neither for the development certificate')
  }
  const folder = tlsFolderOf(data)
  const current =
    cert === undefined || key === undefined
      ? loadLeafKey(folder)
      : readGivenCertificate(cert, key, createSystemClock().now()).key
  return {
    algorithm: 'sha256-spki',
    pins: [
      { use: 'current', pin: pinOf(current) },
      { use: 'backup', pin: pinOf(loadBackupKey(folder)) },
    ],
  }
}
