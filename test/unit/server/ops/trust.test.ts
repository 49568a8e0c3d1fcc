import { describe, expect, it } from 'vitest'

import { createAuthority } from '../../../../server/ops/certificate.ts'
import { createEcKey } from '../../../../server/ops/ec-key.ts'
import {
  carryOut,
  commandToText,
  planTrust,
  planUntrust,
  type Computer,
  type TrustPlan,
} from '../../../../server/ops/trust.ts'

const PEM = await createAuthority(createEcKey(), [], Date.now())
const PATH = '/data/tls/ca.pem'

interface Scene {
  readonly platform?: string
  readonly isRoot?: boolean
  readonly programs?: readonly string[]
  readonly files?: readonly string[]
  readonly folders?: Readonly<Record<string, readonly string[]>>
  readonly failing?: string
}

/** A computer that only writes down what would be run. */
function createComputer({
  platform = 'linux',
  isRoot = false,
  programs = [],
  files = [],
  folders = {},
  failing,
}: Scene) {
  const ran: string[] = []
  const computer: Computer = {
    platform,
    home: '/people/alice',
    isRoot,
    exists: (path) => files.includes(path),
    list: (path) => folders[path] ?? [],
    has: (program) => programs.includes(program),
    run(program, args) {
      ran.push(commandToText([program, ...args]))
      return Promise.resolve(program === failing ? 1 : 0)
    },
  }
  return { computer, ran }
}

const texts = (plan: TrustPlan): readonly string[] =>
  plan.steps.map(({ command }) => commandToText(command).replaceAll(/y-sealed-[0-9a-f]{12}/g, 'NAME'))

const DEBIAN = { programs: ['update-ca-certificates', 'certutil'] }
const PROFILE = '/people/alice/.mozilla/firefox/abc.default'
const BROWSERS = {
  files: ['/people/alice/.pki/nssdb/cert9.db', `${PROFILE}/cert9.db`],
  folders: { '/people/alice/.mozilla/firefox': ['abc.default', 'profiles.ini'] },
}

describe('trust', () => {
  it('installs on Debian through sudo, in the lists of Chromium and Firefox too', () => {
    const { computer } = createComputer({ ...DEBIAN, ...BROWSERS })
    expect(texts(planTrust(computer, PATH, PEM))).toEqual([
      `sudo install -m 0644 ${PATH} /usr/local/share/ca-certificates/NAME.crt`,
      'sudo update-ca-certificates',
      `certutil -d sql:/people/alice/.pki/nssdb -A -t C,, -n NAME -i ${PATH}`,
      `certutil -d sql:${PROFILE} -A -t C,, -n NAME -i ${PATH}`,
    ])
  })

  it('needs no sudo as root, and starts Chromium’s list where there is none', () => {
    const { computer } = createComputer({ ...DEBIAN, isRoot: true })
    expect(texts(planTrust(computer, PATH, PEM))).toEqual([
      `install -m 0644 ${PATH} /usr/local/share/ca-certificates/NAME.crt`,
      'update-ca-certificates',
      'mkdir -p /people/alice/.pki/nssdb',
      'certutil -d sql:/people/alice/.pki/nssdb -N --empty-password',
      `certutil -d sql:/people/alice/.pki/nssdb -A -t C,, -n NAME -i ${PATH}`,
    ])
  })

  it('uses the person’s own keychain on a Mac, for websites only', () => {
    const { computer } = createComputer({ platform: 'darwin' })
    const [step] = planTrust(computer, PATH, PEM).steps
    expect(step?.command.slice(0, 6)).toEqual(['security', 'add-trusted-cert', '-r', 'trustRoot', '-p', 'ssl'])
    expect(step?.undo).toContain('security remove-trusted-cert')
  })

  it('takes out what it put in, by the same names', () => {
    const { computer } = createComputer({ ...DEBIAN, ...BROWSERS })
    const put = planTrust(computer, PATH, PEM)
    const taken = planUntrust(computer, PATH, PEM)
    expect(texts(taken)).toEqual([
      'sudo rm -f /usr/local/share/ca-certificates/NAME.crt',
      'sudo update-ca-certificates',
      'certutil -d sql:/people/alice/.pki/nssdb -D -n NAME',
      `certutil -d sql:${PROFILE} -D -n NAME`,
    ])
    const removals = taken.steps.map(({ command }) => commandToText(command))
    expect(put.steps.map(({ undo }) => undo)).toEqual(removals)
  })

  it('says what it cannot do', () => {
    const { computer } = createComputer({ platform: 'win32' })
    expect(planTrust(computer, PATH, PEM)).toEqual({ steps: [], advice: [expect.stringContaining('by hand')] })
    expect(planTrust(createComputer({ programs: ['update-ca-certificates'] }).computer, PATH, PEM).advice).toEqual([
      expect.stringContaining('libnss3-tools'),
    ])
  })

  it('runs exactly the planned commands, and stops at the first that fails and matters', async () => {
    const good = createComputer({ ...DEBIAN, ...BROWSERS })
    const plan = planTrust(good.computer, PATH, PEM)
    expect(await carryOut(good.computer, plan)).toBeNull()
    expect(good.ran).toEqual(plan.steps.map(({ command }) => commandToText(command)))
    const bad = createComputer({ ...DEBIAN, ...BROWSERS, failing: 'sudo' })
    expect(await carryOut(bad.computer, plan)).toBe(plan.steps[0])
    expect(bad.ran).toHaveLength(1)
    const gone = createComputer({ ...DEBIAN, ...BROWSERS, failing: 'certutil' })
    expect(await carryOut(gone.computer, planUntrust(gone.computer, PATH, PEM))).toBeNull()
    expect(gone.ran).toHaveLength(4)
  })

  it('quotes what a shell would take apart', () => {
    expect(commandToText(['certutil', '-d', "sql:/people/a b/it's"])).toBe("certutil -d 'sql:/people/a b/it'\\''s'")
  })
})
