/**
 * `trust` and `untrust`: make this computer accept the development certificate, and take that back. They show what they will
 * do, and ask.
 *
 * @module
 */
import { Command, Option } from 'commander'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'

import { createSystemClock } from '../ops/clock.ts'
import { listAuthorities, loadDevelopmentCertificate, tlsFolderOf } from '../ops/development-certificate.ts'
import { hostsOf, normaliseHost } from '../ops/host-name.ts'
import { fingerprintOf } from '../ops/pins.ts'
import { SettingsError } from '../ops/settings-error.ts'
import { thisComputer } from '../ops/this-computer.ts'
import { carryOut, commandToText, planTrust, planUntrust, type TrustPlan } from '../ops/trust.ts'
import { dataOption } from './options.ts'

interface TrustOptions {
  readonly data: string
  readonly host: string
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** `trust`. */
export function createTrustCommand(): Command {
  return withConsent(new Command('trust'))
    .summary('make this computer accept the development certificate')
    .description(
      'Installs the certificate authority that this relay made for itself, so that browsers and programs of this computer accept ' +
        'its certificate without a warning. It shows every command first and asks. The authority can only certify names that ' +
        'no public website can have, and the hosts given here. Take it out again with "untrust".',
    )
    .addOption(
      new Option('--host <host>', 'name or address that "serve" is given').default('127.0.0.1').env('Y_SEALED_HOST'),
    )
    .addHelpText('after', '\nExamples:\n  y-sealed-relay trust --dry-run\n  y-sealed-relay trust')
    .action(async (options: TrustOptions) => {
      const host = normaliseHost(options.host)
      if (host === null) throw new SettingsError('--host is neither a name nor an address')
      const folder = tlsFolderOf(options.data)
      const { authorityPath } = await loadDevelopmentCertificate(folder, hostsOf(host), createSystemClock().now())
      const pem = readFileSync(authorityPath, 'ascii')
      const plan = planTrust(thisComputer(), authorityPath, pem)
      await proceed(plan, options, `trust the authority ${authorityPath} (SHA-256 ${fingerprintOf(pem)})`)
    })
}

/** `untrust`. */
export function createUntrustCommand(): Command {
  return withConsent(new Command('untrust'))
    .summary('take that back')
    .description(
      'Takes the authority that "trust" installed out of the stores of this computer. It shows every command first and asks.',
    )
    .addHelpText('after', '\nExample:\n  y-sealed-relay untrust')
    .action(async (options: TrustOptions) => {
      const folder = tlsFolderOf(options.data)
      const paths = listAuthorities(folder)
      if (paths.length === 0) {
        throw new SettingsError(`there is no authority in ${folder}, so there is nothing to take back: check --data`)
      }
      const plans = paths.map((path) => planUntrust(thisComputer(), path, readFileSync(path, 'ascii')))
      const plan = { steps: plans.flatMap(({ steps }) => steps), advice: plans[0]?.advice ?? [] }
      await proceed(plan, options, `stop trusting ${paths.join(', ')}`)
    })
}

function withConsent(command: Command): Command {
  return command
    .addOption(dataOption())
    .addOption(new Option('-y, --yes', 'do not ask').env('Y_SEALED_YES'))
    .addOption(new Option('--dry-run', 'only show what would be done').env('Y_SEALED_DRY_RUN'))
}

async function proceed(plan: TrustPlan, options: TrustOptions, purpose: string): Promise<void> {
  console.log(describePlan(plan, purpose))
  if (options.dryRun === true || plan.steps.length === 0) return
  if (options.yes !== true && !(await isAgreed())) {
    console.log('Nothing was done.')
    return
  }
  const failed = await carryOut(thisComputer(), plan)
  if (failed !== null) {
    throw new Error(
      `this command failed: ${commandToText(failed.command)}; those before it are done, those after it are not`,
    )
  }
  console.log('Done. Browsers that are open take notice when they are started again.')
}

function describePlan(plan: TrustPlan, purpose: string): string {
  const lines = plan.steps.flatMap((step, i) => [
    `${i + 1}. ${step.what}`,
    `     ${commandToText(step.command)}`,
    `   to undo: ${step.undo}`,
  ])
  return [`To ${purpose}:`, ...lines, ...plan.advice.map((advice) => `Note: ${advice}.`)].join('\n')
}

/** Only a person at a terminal can agree; silence is no. */
async function isAgreed(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    console.log('There is no terminal to ask at; use --yes to agree beforehand.')
    return false
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    // The end of the input (Ctrl-D) leaves the question open for ever: it is a no.
    const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
    return /^y(es)?$/i.test((await Promise.race([terminal.question('Do this? [y/N] '), ended])).trim())
  } finally {
    terminal.close()
  }
}
