/**
 * `switch-key`: the change to the backup key, for a relay that makes its own certificate. Rule PN5.
 *
 * @module
 */
import { Command } from 'commander'

import { switchToBackupKey, tlsFolderOf } from '../ops/development-certificate.ts'
import { dataOption } from './options.ts'

/** The command. */
export function createSwitchKeyCommand(): Command {
  return new Command('switch-key')
    .summary('make the backup key of the pins the relay’s own')
    .description(
      'For a relay that makes its own certificate: the backup key of “pins” becomes its TLS key, and a relay that runs takes it ' +
        'within ten seconds, without dropping a socket. Apps that have both pins go on. The key before is kept as ' +
        '<data>/tls/retired.key. With a certificate of your own, have one issued for the backup key and give the relay the pair.',
    )
    .addOption(dataOption())
    .addHelpText('after', '\nExample:\n  y-sealed-relay switch-key && y-sealed-relay pins --out pins.json')
    .action(({ data }: { readonly data: string }) => {
      switchToBackupKey(tlsFolderOf(data))
      process.stdout.write(
        'The backup key is the relay’s own now. Write the pins anew, and build the next apps with them.\n',
      )
    })
}
