/**
 * `pins`: what apps pin of this relay. Rules PN1, PN2.
 *
 * @module
 */
import type { PinSet } from '@y-sealed/protocol'
import { Command, Option } from 'commander'
import { writeFileSync } from 'node:fs'

import { createSystemClock } from '../ops/clock.ts'
import { hostsOfDevelopment, loadBackupKey, loadLeafKey, tlsFolderOf } from '../ops/development-certificate.ts'
import { readGivenCertificate } from '../ops/given-certificate.ts'
import { createPinSet, hostsOfCertificate, loadPinnedKey, pinOf } from '../ops/pins.ts'
import { SettingsError } from '../ops/settings-error.ts'
import { collect, dataOption, parseWhole } from './options.ts'

interface PinsOptions {
  readonly data: string
  readonly cert?: string
  readonly key?: string
  readonly backupKey?: string
  readonly host?: readonly string[]
  readonly days: number
  readonly out?: string
}

/** Pins that ended soon after a release would only seem to be there: the release check asks for more than 90 days. */
const LEAST_DAYS = 91
const MOST_DAYS = 1095
const DEFAULT_DAYS = 365

/** The command. */
export function createPinsCommand(): Command {
  return new Command('pins')
    .summary('write pins.json, the public-key pins for apps')
    .description(
      'Writes pins (SHA-256 of the public key) of the relay’s TLS key and of a backup key, as JSON. An app that is built ' +
        'with them accepts no other key. The backup key is made on first use: take it off this machine. It is what ' +
        'saves installed apps on the day when the first key is lost or stolen. Certificates may be renewed freely as long as ' +
        'the key stays.',
    )
    .addOption(dataOption())
    .addOption(new Option('--cert <file>', 'certificate chain (PEM), when the relay has its own').env('Y_SEALED_CERT'))
    .addOption(new Option('--key <file>', 'private key (PEM) of that certificate').env('Y_SEALED_KEY'))
    .addOption(
      new Option(
        '--backup-key <file>',
        'the backup key (PEM): a private one, made there if there is none, or only its public half (default <data>/tls/backup.key)',
      ).env('Y_SEALED_BACKUP_KEY'),
    )
    .addOption(
      new Option(
        '--host <name>',
        'name by which apps dial the relay, may be repeated (default: those of the certificate)',
      )
        .argParser(collect)
        .env('Y_SEALED_PINS_HOSTS'),
    )
    .addOption(
      new Option('--days <number>', 'after so many days the pins end, and the ordinary checks stand alone')
        .argParser(parseWhole(LEAST_DAYS, MOST_DAYS))
        .default(DEFAULT_DAYS)
        .env('Y_SEALED_PINS_DAYS'),
    )
    .addOption(new Option('-o, --out <file>', 'write there instead of printing').env('Y_SEALED_PINS_OUT'))
    .addHelpText('after', '\nExample:\n  y-sealed-relay pins --out pins.json')
    .action((options: PinsOptions) => {
      const text = `${JSON.stringify(readPins(options), null, 2)}\n`
      if (options.out === undefined) process.stdout.write(text)
      else writeFileSync(options.out, text)
    })
}

function readPins({ data, cert, key, backupKey, host, days }: PinsOptions): PinSet {
  if ((cert === undefined) !== (key === undefined)) {
    throw new SettingsError('--cert and --key go together: give both files, or neither for the development certificate')
  }
  const nowMs = createSystemClock().now()
  const folder = tlsFolderOf(data)
  const given = cert === undefined || key === undefined ? null : readGivenCertificate(cert, key, nowMs)
  return createPinSet({
    hosts: host ?? (given === null ? hostsOfDevelopment(folder) : hostsOfCertificate(given.cert)),
    current: pinOf(given === null ? loadLeafKey(folder) : given.cert),
    backups: [pinOf(backupKey === undefined ? loadBackupKey(folder) : loadPinnedKey(backupKey))],
    days,
    nowMs,
  })
}
