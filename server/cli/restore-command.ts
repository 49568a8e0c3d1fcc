/**
 * `restore`: a backup put in the place of the database, while no relay runs.
 *
 * @module
 */
import { bytesToBase64url, cryptoReady } from '@y-sealed/protocol'
import { Command, Option } from 'commander'

import type { Restored } from '../backup/restore-backup.ts'
import { createSystemClock } from '../ops/clock.ts'
import { count } from './audit-text.ts'
import { acceptFaultsOption, describeCopy } from './backup-command.ts'
import { dataOption } from './options.ts'
import { createProgress } from './progress.ts'

interface RestoreCommandOptions {
  readonly data: string
  readonly from: string
  readonly acceptFaults?: boolean
  readonly proof?: string
}

/** The command. */
export function createRestoreCommand(): Command {
  return new Command('restore')
    .summary('put a backup in the place of the database, while no relay runs')
    .description(
      'Checks the backup ("audit --quick" and every page), copies it into the relay’s folder as its database and keeps the one that was ' +
        'there beside it under another name. Refuses while a relay runs on the folder. Clients remember the newest entry that they have ' +
        'seen: those that saw more than the backup holds will say that the relay came back with less. Run it as the relay’s user, or as root.',
    )
    .addOption(dataOption())
    .addOption(new Option('--from <file>', 'the backup').makeOptionMandatory().env('Y_SEALED_RESTORE_FROM'))
    .addOption(acceptFaultsOption('Y_SEALED_RESTORE_ACCEPT_FAULTS'))
    .addOption(
      new Option(
        '--proof <file>',
        'put back one document alone: the one of which this proves that the relay has signed two histories. What came since goes, and nothing new is ' +
          'taken there before a device has given back the history that the database lacks',
      ).env('Y_SEALED_RESTORE_PROOF'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  y-sealed-relay restore --data /var/lib/y-sealed --from /var/backups/y-sealed/relay-2026-11-22.db\n' +
        '  y-sealed-relay restore --data /var/lib/y-sealed --from /var/backups/y-sealed/relay-2026-11-22.db --proof fork.proof',
    )
    .action(async ({ data, from, acceptFaults, proof }: RestoreCommandOptions) => {
      if (proof !== undefined) return await restoreOne(data, from, proof)
      // Loaded here, so that the other commands need no database.
      const { restoreBackup } = await import('../backup/restore-backup.ts')
      const progress = createProgress((line) => console.error(line))
      const restored = await restoreBackup({
        data,
        from,
        nowMs: createSystemClock().now(),
        acceptsFaults: acceptFaults === true,
        onCopied: (done, all) => progress('copied', 'MiB', done, all),
        onAudited: (done, all) => progress('checked', 'entries', done, all),
      })
      console.log(`Restored from ${from}: ${describeCopy(restored)}`)
      for (const line of describeConsequences(restored)) console.log(line)
    })
}

async function restoreOne(data: string, from: string, proof: string): Promise<void> {
  await cryptoReady()
  const { restoreDocument } = await import('../backup/restore-document.ts')
  const { document, before, now, lost } = await restoreDocument({ data, from, proof })
  const consequence =
    lost === null
      ? 'It lacks nothing of the history that the proof asks for.'
      : `Nothing new is taken there, and nothing of what was taken away, before a device that has them gives back the entries up to ${lost}; ` +
        'then an admin decides (restartLog) what becomes of the rest.'
  console.log(
    `Document ${bytesToBase64url(document)} is as the backup has it, ${count(now, 'entry', 'entries')} instead of ${before}. ${consequence}`,
  )
}

/** What it means to the people who use the relay, and what became of the database that was there. */
export function describeConsequences({ replaced, lost }: Restored): readonly string[] {
  if (replaced === null) {
    return [
      'There was no database before. Clients that knew this relay with more than the backup holds will say that it came back with less, and give it back.',
    ]
  }
  const kept = `The database that was there is kept as ${replaced}: remove it when it is not needed any more.`
  if (lost === null) {
    return [
      kept,
      'It could not be read, so what it held beyond the backup is not known: clients that saw more will say so, and give it back.',
    ]
  }
  const { shortened, lostEntries, missing, undeleted } = lost
  const lines = [kept]
  if (shortened + missing === 0) lines.push('It held nothing that the backup has not: clients will notice nothing.')
  else {
    lines.push(
      `It held ${count(lostEntries, 'entry', 'entries')} beyond the backup: ${count(shortened, 'document')} went back to an older state, ` +
        `${count(missing, 'document')} not there any more.`,
      'In those documents nothing new is taken until a device that has them gives them back, byte for byte, which clients do by ' +
        'themselves. What no device has any more an admin can give up there.',
    )
  }
  if (undeleted > 0) {
    lines.push(
      `${count(undeleted, 'document')} deleted since the backup was made came back: delete them again if they are to stay gone.`,
    )
  }
  return lines
}
