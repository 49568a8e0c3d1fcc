/**
 * `keys`: makes the relay's keys where they are missing and prints their public halves.
 *
 * @module
 */
import { bytesToBase64url } from '@y-sealed/protocol'
import { Command } from 'commander'

import { keysFolderOf, loadHeadKey, loadIssuerKey } from '../ops/signing-key.ts'
import { dataOption } from './options.ts'

/** The command. */
export function createKeysCommand(): Command {
  return new Command('keys')
    .summary('make the relay’s keys and print their public halves')
    .description(
      'Prints the public halves of the two keys of this relay as a JSON Web Key Set, and makes the keys where they are missing. ' +
        'One signs tokens (the embedded issuer). The other signs heads: clients pin it and refuse a relay that has another, so ' +
        'keep a backup of <data>/keys. Private halves never leave their files.',
    )
    .addOption(dataOption())
    .addHelpText('after', '\nExample:\n  y-sealed-relay keys --data /var/lib/y-sealed > public-keys.json')
    .action(({ data }: { data: string }) => {
      const folder = keysFolderOf(data)
      const issuer = loadIssuerKey(folder)
      const head = loadHeadKey(folder)
      const keys = [
        {
          kty: 'OKP',
          crv: 'Ed25519',
          use: 'sig',
          alg: 'EdDSA',
          kid: issuer.kid,
          x: bytesToBase64url(issuer.publicKey),
        },
      ]
      console.log(JSON.stringify({ keys, headKey: bytesToBase64url(head.publicKey) }, null, 2))
    })
}
