/**
 * Puts the development authority into the stores that browsers and programs of this computer look into, and takes it out again.
 * A plan is made first and shown; nothing runs that was not shown. The computer is a parameter, so that tests change none.
 *
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto'

/** What the plan needs to know of a computer, and what carrying it out does to it. */
export interface Computer {
  readonly platform: string
  readonly home: string
  readonly isRoot: boolean
  exists(path: string): boolean
  /** Names in a folder; empty when there is none. */
  list(path: string): readonly string[]
  /** True when the program can be run. */
  has(program: string): boolean
  /** Runs a program; resolves to its exit code. */
  run(program: string, args: readonly string[]): Promise<number>
}

export interface TrustStep {
  /** What it does, for a person. */
  readonly what: string
  readonly command: readonly [string, ...string[]]
  /** The command that takes it back, for a person. */
  readonly undo: string
  /** Failing does not matter: the thing may be there, or gone, already. */
  readonly mayFail: boolean
}

export interface TrustPlan {
  readonly steps: readonly TrustStep[]
  /** What could not be planned, and what the person can do about it. */
  readonly advice: readonly string[]
}

const DEBIAN_FOLDER = '/usr/local/share/ca-certificates'

/** The steps that make this computer trust the authority in `path`. */
export function planTrust(computer: Computer, path: string, certPem: string): TrustPlan {
  const name = nameOf(certPem)
  const advice: string[] = []
  return {
    steps: [...planSystem(computer, path, certPem, 'add', advice), ...planNss(computer, path, name, 'add', advice)],
    advice,
  }
}

/** The steps that take it out again. */
export function planUntrust(computer: Computer, path: string, certPem: string): TrustPlan {
  const name = nameOf(certPem)
  const advice: string[] = []
  return {
    steps: [
      ...planSystem(computer, path, certPem, 'remove', advice),
      ...planNss(computer, path, name, 'remove', advice),
    ],
    advice,
  }
}

/** Carries a plan out, in order. Stops at the first step that fails and matters, and returns it; `null` when all is done. */
export async function carryOut(computer: Computer, plan: TrustPlan): Promise<TrustStep | null> {
  for (const step of plan.steps) {
    const [program, ...args] = step.command
    if ((await computer.run(program, args)) !== 0 && !step.mayFail) return step
  }
  return null
}

/** A command as a person would type it. */
export function commandToText(command: readonly string[]): string {
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}

type Direction = 'add' | 'remove'

/** A name that says whose it is and which one, the same for adding and removing. */
function nameOf(certPem: string): string {
  return `y-sealed-${createHash('sha256').update(new X509Certificate(certPem).raw).digest('hex').slice(0, 12)}`
}

function planSystem(
  computer: Computer,
  path: string,
  certPem: string,
  direction: Direction,
  advice: string[],
): readonly TrustStep[] {
  if (computer.platform === 'darwin') return planMac(computer, path, certPem, direction)
  if (computer.platform === 'linux' && computer.has('update-ca-certificates')) {
    return planDebian(computer, path, `${DEBIAN_FOLDER}/${nameOf(certPem)}.crt`, direction)
  }
  advice.push(
    `the store of this system (${computer.platform}) is not one that this command knows: ${direction === 'add' ? 'install' : 'remove'} ${path} by hand, as an authority for websites`,
  )
  return []
}

function planDebian(computer: Computer, path: string, target: string, direction: Direction): readonly TrustStep[] {
  const asRoot = (...command: [string, ...string[]]): [string, ...string[]] =>
    computer.isRoot ? command : ['sudo', ...command]
  const removal = commandToText(asRoot('rm', '-f', target))
  const update = asRoot('update-ca-certificates')
  const refresh = {
    what: 'rebuild the list of authorities that programs of this system trust',
    command: update,
    undo: commandToText(update),
    mayFail: false,
  }
  const add = {
    what: 'copy the authority into the folder of locally trusted ones',
    command: asRoot('install', '-m', '0644', path, target),
    undo: removal,
    mayFail: false,
  }
  const remove = {
    what: 'delete the authority from the folder of locally trusted ones',
    command: asRoot('rm', '-f', target),
    undo: commandToText(add.command),
    mayFail: false,
  }
  return [direction === 'add' ? add : remove, refresh]
}

function planMac(computer: Computer, path: string, certPem: string, direction: Direction): readonly TrustStep[] {
  const keychain = `${computer.home}/Library/Keychains/login.keychain-db`
  const sha1 = new X509Certificate(certPem).fingerprint.replaceAll(':', '')
  const add: [string, ...string[]] = [
    'security',
    'add-trusted-cert',
    '-r',
    'trustRoot',
    '-p',
    'ssl',
    '-k',
    keychain,
    path,
  ]
  const remove: [string, ...string[]] = ['security', 'remove-trusted-cert', path]
  const forget: [string, ...string[]] = ['security', 'delete-certificate', '-Z', sha1, keychain]
  if (direction === 'add') {
    const undo = `${commandToText(remove)} && ${commandToText(forget)}`
    return [{ what: 'trust the authority for websites, in your own keychain', command: add, undo, mayFail: false }]
  }
  const undo = commandToText(add)
  return [
    { what: 'stop trusting the authority', command: remove, undo, mayFail: true },
    { what: 'delete the authority from your keychain', command: forget, undo, mayFail: true },
  ]
}

/** Chromium on Linux and Firefox everywhere keep their own lists, in NSS databases. */
function planNss(
  computer: Computer,
  path: string,
  name: string,
  direction: Direction,
  advice: string[],
): readonly TrustStep[] {
  const databases = nssDatabases(computer)
  const own = `${computer.home}/.pki/nssdb`
  const isOwnMissing = computer.platform === 'linux' && !databases.includes(own)
  if (!computer.has('certutil')) {
    if (databases.length > 0 || computer.platform === 'linux') {
      advice.push(
        'Chromium and Firefox keep lists of their own, which takes "certutil": install libnss3-tools (macOS: nss) and run this again',
      )
    }
    return []
  }
  const steps: TrustStep[] = []
  if (direction === 'add' && isOwnMissing) {
    steps.push(
      {
        what: 'make the folder of Chromium’s list',
        command: ['mkdir', '-p', own],
        undo: commandToText(['rm', '-r', own]),
        mayFail: false,
      },
      {
        what: 'start Chromium’s list of authorities',
        command: ['certutil', '-d', `sql:${own}`, '-N', '--empty-password'],
        undo: commandToText(['rm', '-r', own]),
        mayFail: false,
      },
    )
  }
  for (const database of direction === 'add' && isOwnMissing ? [own, ...databases] : databases) {
    // "C,,": an authority for websites; not for mail, not for programs.
    const add: [string, ...string[]] = ['certutil', '-d', `sql:${database}`, '-A', '-t', 'C,,', '-n', name, '-i', path]
    const remove: [string, ...string[]] = ['certutil', '-d', `sql:${database}`, '-D', '-n', name]
    steps.push(
      direction === 'add'
        ? { what: `trust the authority in ${database}`, command: add, undo: commandToText(remove), mayFail: false }
        : {
            what: `stop trusting the authority in ${database}`,
            command: remove,
            undo: commandToText(add),
            mayFail: true,
          },
    )
  }
  return steps
}

function nssDatabases(computer: Computer): readonly string[] {
  const { home } = computer
  const folders = [`${home}/.pki/nssdb`, `${home}/snap/chromium/current/.pki/nssdb`]
  const profiles = [
    `${home}/.mozilla/firefox`,
    `${home}/snap/firefox/common/.mozilla/firefox`,
    `${home}/Library/Application Support/Firefox/Profiles`,
  ]
  for (const profile of profiles) folders.push(...computer.list(profile).map((name) => `${profile}/${name}`))
  return folders.filter((folder) => computer.exists(`${folder}/cert9.db`))
}
