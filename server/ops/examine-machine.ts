/**
 * What `doctor` asks of the machine: Node, clock, folder, rights and room. It makes nothing and changes nothing.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'

import { fail, fine, warn, type Finding } from './finding.ts'

/** The machine, as far as a check asks; tests bring another. */
export interface Machine {
  readonly now: () => number
  readonly nodeVersion: string
  readonly userId: number | null
  /** `yes`, `no`, or `null` where nobody knows. */
  readonly isClockSynchronised: () => boolean | null
  readonly freeBytes: (folder: string) => number
}

/** This one. */
export function thisMachine(): Machine {
  return {
    now: Date.now,
    nodeVersion: process.versions.node,
    userId: process.getuid?.() ?? null,
    isClockSynchronised() {
      const { status, stdout } = spawnSync('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
        encoding: 'utf8',
        timeout: 2000,
      })
      if (status !== 0) return null
      return stdout.trim() === 'yes'
    },
    freeBytes(folder) {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize
    },
  }
}

const MIB = 1024 * 1024
/** Tokens are accepted with this much difference of clocks. [AU3] */
const TOLERANCE_MS = 5_000

export function examineNode({ nodeVersion }: Machine): Finding {
  const major = Number.parseInt(nodeVersion, 10)
  if (major >= 22) return fine('node', `Node ${nodeVersion}`)
  return warn(
    'node',
    `Node ${nodeVersion} works, but gets no security fixes any more`,
    'use Node 22 or 24 (long-term support) where people rely on the relay',
  )
}

/** The wall clock decides which tokens and certificates are good. `dataFolder`: files from the future tell of a clock set back. */
export function examineClock(machine: Machine, dataFolder: string): Finding {
  const nowMs = machine.now()
  const driftMs = Math.abs(nowMs - (performance.timeOrigin + performance.now()))
  const iso = new Date(nowMs).toISOString()
  const newest = newestTimeIn(dataFolder)
  if (newest > nowMs + TOLERANCE_MS) {
    return fail(
      'clock',
      `it is ${iso}, but files of the relay were written at ${new Date(newest).toISOString()}: the clock was set back, and tokens would be judged by a wrong time`,
      'set the clock, best by NTP (timedatectl set-ntp true)',
    )
  }
  if (driftMs > TOLERANCE_MS) {
    return warn(
      'clock',
      `the clock moved by ${Math.round(driftMs / 1000)} s since this command began: tokens are judged by it`,
      'let one program alone set the clock, and slowly (NTP)',
    )
  }
  if (machine.isClockSynchronised() === false) {
    return warn(
      'clock',
      `it is ${iso}, and no NTP sees to it that this stays true: beyond 5 s of difference good tokens are refused`,
      'turn NTP on (timedatectl set-ntp true)',
    )
  }
  return fine('clock', `it is ${iso}`)
}

function newestTimeIn(folder: string): number {
  try {
    return Math.max(0, ...readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs))
  } catch {
    return 0
  }
}

/** The data folder and the files in it whose rights matter. Database files are looked at, never opened. */
export function examineFolder(machine: Machine, folder: string): readonly Finding[] {
  const path = resolve(folder)
  if (!existsSync(path)) {
    const parent = firstExisting(dirname(path))
    if (mayWrite(parent)) return [fine('data', `${path} will be made at the first start`)]
    return [fail('data', `${path} does not exist and cannot be made`, `make it for the relay’s user, with mode 700`)]
  }
  const { mode, uid } = statSync(path)
  const findings: Finding[] = []
  if ((mode & 0o077) !== 0) {
    findings.push(
      fail(
        'data',
        `${path} is open to other users (mode ${octal(mode)}): the relay refuses it`,
        `run "chmod 700 ${path}"`,
      ),
    )
  }
  if (machine.userId !== null && machine.userId !== uid) {
    findings.push(
      warn(
        'data',
        `${path} belongs to user ${uid} and you are ${machine.userId}: what you see here is not what the relay sees`,
        'run doctor as the user who runs the relay',
      ),
    )
  } else if (!mayWrite(path)) {
    findings.push(fail('data', `${path} cannot be written`, 'give the relay’s user the right to write there'))
  }
  for (const file of secretsIn(path)) {
    const { mode } = statSync(file)
    if ((mode & 0o077) === 0) continue
    const what = `${file} may be read by other users (mode ${octal(mode)})`
    findings.push(
      file.includes('relay.db')
        ? warn('files', what, `run "chmod 600 ${file}"; the relay does so when it starts`)
        : fail(
            'files',
            `${what}, so its key may be known to them`,
            `run "chmod 600 ${file}" if it is not, or delete it`,
          ),
    )
  }
  return findings.length > 0 ? findings : [fine('data', `${path} is the relay’s alone`)]
}

/** Keys and database, as far as they exist. */
function secretsIn(folder: string): readonly string[] {
  const list = (name: string): readonly string[] => {
    try {
      return readdirSync(join(folder, name)).map((file) => join(folder, name, file))
    } catch {
      return []
    }
  }
  const keys = [...list('keys'), ...list('tls')].filter((file) => file.endsWith('.key'))
  return [...keys, ...list('.').filter((file) => /relay\.db(-wal|-shm|\.lock)?$/.test(file))]
}

export function examineRoom(machine: Machine, folder: string): Finding {
  const there = firstExisting(resolve(folder))
  const freeMib = Math.floor(machine.freeBytes(there) / MIB)
  const advice = 'make room, or move the data folder: a full disk means that nothing is acknowledged any more'
  if (freeMib < 100) return fail('disk', `${freeMib} MiB are free: the relay could store next to nothing`, advice)
  if (freeMib < 1024) return warn('disk', `${freeMib} MiB are free: that is soon used up`, advice)
  return fine('disk', `${Math.floor(freeMib / 1024)} GiB are free`)
}

function firstExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : firstExisting(dirname(path))
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8)
}
