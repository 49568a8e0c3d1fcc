/**
 * `backup`: a verified copy of the database, while the relay runs.
 *
 * @module
 */
import { Command, Option } from 'commander'

import type { VerifiedCopy } from '../backup/verified-copy.ts'
import { EXPLANATIONS } from '../audit/fault.ts'
import { giveWay } from '../ops/give-way.ts'
import { count } from './audit-text.ts'
import { dataOption, parseSwitch } from './options.ts'
import { createProgress } from './progress.ts'

interface BackupCommandOptions {
  readonly data: string
  readonly to: string
  readonly force?: boolean
  readonly acceptFaults?: boolean
}

/** The option by which a copy with faults is taken all the same. */
export function acceptFaultsOption(variable: string): Option {
  return new Option('--accept-faults [yes]', 'go on although the audit finds faults, where there is nothing better')
    .argParser(parseSwitch)
    .preset('yes')
    .env(variable)
}

/** The command. */
export function createBackupCommand(): Command {
  return new Command('backup')
    .summary('copy the database while the relay runs, and check the copy')
    .description(
      'Copies the database as of one moment, beside a running relay, checks every page and every entry of the copy ("audit --quick") ' +
        'and only then gives it its name: whatever happens, there is no half file under it. The copy has mode 0600 and holds no key: ' +
        'keep <data>/keys elsewhere, once. Run it as the relay’s user.',
    )
    .addOption(dataOption())
    .addOption(new Option('--to <file>', 'name that the backup gets').makeOptionMandatory().env('Y_SEALED_BACKUP_TO'))
    .addOption(
      new Option('--force [yes]', 'replace a file of that name')
        .argParser(parseSwitch)
        .preset('yes')
        .env('Y_SEALED_BACKUP_FORCE'),
    )
    .addOption(acceptFaultsOption('Y_SEALED_BACKUP_ACCEPT_FAULTS'))
    .addHelpText(
      'after',
      '\nExample:\n  y-sealed-relay backup --data /var/lib/y-sealed --to "/var/backups/y-sealed/relay-$(date +%F).db"',
    )
    .action(async ({ data, to, force, acceptFaults }: BackupCommandOptions) => {
      // Loaded here, so that the other commands need no database.
      const { makeBackup } = await import('../backup/make-backup.ts')
      giveWay()
      const progress = createProgress((line) => console.error(line))
      const copy = await makeBackup({
        data,
        to,
        mayReplace: force === true,
        acceptsFaults: acceptFaults === true,
        onCopied: (done, all) => progress('copied', 'MiB', done, all),
        onAudited: (done, all) => progress('checked', 'entries', done, all),
      })
      console.log(`Backed up to ${to}: ${describeCopy(copy)}`)
      console.log('The keys are not in it: keep a copy of the folder keys once, in a place as safe as the relay.')
    })
}

/** What a verified copy holds, and how it was found. */
export function describeCopy({ bytes, summary, fault }: VerifiedCopy): string {
  const { documents, entries, tombstones, faults } = summary
  const held = `${(bytes / 1_048_576).toFixed(1)} MiB, ${count(documents, 'document')}, ${count(entries, 'entry', 'entries')}, ${count(tombstones, 'deleted document')}.`
  if (fault === null) return `${held} Every page and every entry was checked, and is in order.`
  return `${held} NOT in order (${count(faults, 'fault')}, the first ${fault.code}: ${EXPLANATIONS[fault.code].meaning}); taken because of --accept-faults.`
}
