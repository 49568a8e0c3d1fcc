/**
 * `doctor`: looks whether a relay could serve with these options, and says what to do where it could not.
 *
 * @module
 */
import { Command, Option } from 'commander'

import { findingsToText } from '../ops/finding.ts'
import { addRelayOptions, optionsToSettings, type RelayOptions } from './relay-options.ts'
import { EXIT_DONE, EXIT_FAILED } from './report-error.ts'

/** The command. */
export function createDoctorCommand(): Command {
  return addRelayOptions(new Command('doctor'))
    .summary('look whether a relay can serve like this, and say what to do')
    .description(
      'Looks at the clock, the data folder and its rights, the disk, the database, the settings, the certificate and the port, and ' +
        'says in one line each how things are and what to do. Give it the options of "serve", or the same variables, and run it ' +
        'as the same user. It changes nothing and may run beside a relay. Ends with 1 when something has to be mended.',
    )
    .addOption(new Option('--json', 'print findings as JSON').env('Y_SEALED_DOCTOR_JSON'))
    .addHelpText(
      'after',
      '\nExamples:\n  y-sealed-relay doctor\n' +
        '  y-sealed-relay doctor --data /var/lib/y-sealed --host 0.0.0.0 --port 443 --url wss://relay.example/sync \\\n' +
        '      --cert fullchain.pem --key privkey.pem',
    )
    .action(async (options: RelayOptions & { readonly json?: boolean }) => {
      // Loaded here, so that the other commands need no database.
      const { examineRelay } = await import('../doctor.ts')
      const findings = await examineRelay(optionsToSettings(options, process.env))
      console.log(options.json === true ? JSON.stringify(findings, null, 2) : findingsToText(findings))
      process.exitCode = findings.some(({ verdict }) => verdict === 'fail') ? EXIT_FAILED : EXIT_DONE
    })
}
