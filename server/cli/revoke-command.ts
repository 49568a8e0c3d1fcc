/**
 * `revoke`: takes tokens back before their time, in the relay that runs on the same data folder. Row D24.
 *
 * @module
 */
import { Command, Option } from 'commander'

import { createSystemClock } from '../ops/clock.ts'
import { appendRevocation, isRevocable, revocationPathOf, type Revocation } from '../ops/revocation-file.ts'
import { makeSecretFolder } from '../ops/secret-file.ts'
import { SettingsError } from '../ops/settings-error.ts'
import { dataOption } from './options.ts'

interface RevokeOptions {
  readonly data: string
  readonly jti?: string
  readonly sub?: string
  readonly device?: string
}

/** The command. */
export function createRevokeCommand(): Command {
  return new Command('revoke')
    .summary('take tokens back before their time')
    .description(
      'Takes back one token (--jti), or all that were issued so far to a person (--sub) or a device (--device). A relay that runs ' +
        'on the same data folder closes what rests on them within a second; one that starts within ten minutes refuses them too, ' +
        'and after that they have expired anyway. It does not keep anybody from getting new tokens: take their membership or ' +
        'their account away first.',
    )
    .addOption(dataOption())
    .addOption(new Option('--jti <id>', 'the token whose "jti" this is').env('Y_SEALED_REVOKE_JTI'))
    .addOption(new Option('--sub <subject>', 'all tokens so far with this "sub"').env('Y_SEALED_REVOKE_SUB'))
    .addOption(
      new Option('--device <id>', 'all tokens so far for this device (id, base64url)').env('Y_SEALED_REVOKE_DEVICE'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  y-sealed-relay revoke --device AAAAAAAAAAAAAAAAAAAAAg\n' +
        '  y-sealed-relay revoke --data /var/lib/y-sealed --sub alice@app.example',
    )
    .action((options: RevokeOptions) => {
      const revocation = readRevocation(options, createSystemClock().now())
      makeSecretFolder(options.data)
      appendRevocation(revocationPathOf(options.data), revocation)
      console.log('Written. A relay that runs on this folder has taken notice within a second; its log says so.')
    })
}

function readRevocation(options: RevokeOptions, atMs: number): Revocation {
  const given = (['jti', 'sub', 'device'] as const).flatMap((kind) => {
    const name = options[kind]
    return name === undefined ? [] : [{ kind, name, atMs }]
  })
  const [revocation, ...others] = given
  if (revocation === undefined || others.length > 0) {
    throw new SettingsError('say whose tokens are taken back: give one of --jti, --sub and --device')
  }
  if (isRevocable(revocation.kind, revocation.name)) return revocation
  throw new SettingsError(
    revocation.kind === 'device'
      ? '--device is no device id: it has 22 characters of base64url, as "cnf" in its tokens'
      : `--${revocation.kind} is not as tokens have it: 1 to 256 printable ASCII characters`,
  )
}
