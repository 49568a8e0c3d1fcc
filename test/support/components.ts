/**
 * The programs outside npm that some suites use: how to find them, which Debian packages bring them, and what is
 * skipped without them. A suite asks `hasComponent` and skips itself; `run.ts` says so, or installs what is missing.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { findChromium } from './chromium.ts'

/** One program that some suites need. */
export interface Component {
  readonly name: string
  /** The Debian package that brings it. */
  readonly debianPackage: string
  /** What is not tested without it. */
  readonly usedFor: string
  readonly isPresent: () => boolean
}

/** True when an executable of that name stands on PATH. */
export function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

export const COMPONENTS = [
  {
    name: 'chromium',
    debianPackage: 'chromium',
    usedFor: 'every suite in a real browser (*.browser.test.ts, *.universal.test.ts)',
    isPresent: () => findChromium() !== undefined,
  },
  {
    name: 'certutil',
    debianPackage: 'libnss3-tools',
    usedFor: 'the browser trusting a development certificate authority',
    isPresent: () => isOnPath('certutil'),
  },
  {
    name: 'openssl',
    debianPackage: 'openssl',
    usedFor: 'TLS from a foreign implementation',
    isPresent: () => isOnPath('openssl'),
  },
  {
    name: 'strace',
    debianPackage: 'strace',
    usedFor: 'the order of system calls: durable before acknowledged',
    isPresent: () => isOnPath('strace'),
  },
  {
    name: 'ip',
    debianPackage: 'iproute2',
    usedFor: 'machines of a local network, in namespaces of their own',
    isPresent: () => isOnPath('ip'),
  },
  {
    name: 'faketime',
    debianPackage: 'faketime',
    usedFor: 'clocks that are wrong',
    isPresent: () => isOnPath('faketime'),
  },
] as const satisfies readonly Component[]

/** The name of one component. */
export type ComponentName = (typeof COMPONENTS)[number]['name']

/** True when the component can be used; suites skip themselves otherwise (`describe.skipIf(!hasComponent('strace'))`). */
export function hasComponent(name: ComponentName): boolean {
  return COMPONENTS.some((component) => component.name === name && component.isPresent())
}

/** The components that this machine lacks. */
export function missingComponents(components: readonly Component[] = COMPONENTS): readonly Component[] {
  return components.filter((component) => !component.isPresent())
}

/** Only where it cannot surprise anybody's system: Debian (or a child of it), as root, not forbidden by `Y_SEALED_NO_APT`. */
function mayInstall(): boolean {
  return (
    process.env['Y_SEALED_NO_APT'] === undefined &&
    process.getuid?.() === 0 &&
    existsSync('/etc/debian_version') &&
    isOnPath('apt-get')
  )
}

function runApt(...parameters: readonly string[]): boolean {
  const { status } = spawnSync('apt-get', parameters, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  return status === 0
}

/**
 * Installs what is missing where that is allowed and says what it does; elsewhere says which suites will be skipped.
 * Returns what is still missing.
 */
export function ensureComponents(
  say: (line: string) => void,
  components: readonly Component[] = COMPONENTS,
): readonly Component[] {
  const missing = missingComponents(components)
  if (missing.length === 0) return missing
  const packages = missing.map((component) => component.debianPackage)
  if (mayInstall()) {
    say(`installing by apt, once: ${packages.join(' ')}`)
    if (!runApt('update', '-q') || !runApt('install', '-qy', '--no-install-recommends', ...packages)) {
      say('apt-get failed')
    }
  }
  const still = missingComponents(components)
  for (const component of still) {
    say(`!! ${component.name} is missing (Debian package ${component.debianPackage}). SKIPPED: ${component.usedFor}`)
  }
  return still
}
