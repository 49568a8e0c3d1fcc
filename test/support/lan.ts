/**
 * A local network of machines of their own: network namespaces on one switch. Nothing in it reaches anything outside, nor is reached from there.
 *
 * @module
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

import { findChromium } from './chromium.ts'
import { hasComponent } from './components.ts'
import { programParameters } from './program.ts'
import { REPOSITORY_ROOT } from './repository.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** Network namespaces are root's. */
export const canMakeNetworks: boolean = hasComponent('ip') && process.getuid?.() === 0

export interface Machine {
  /** Starts a program of the repository there, by its source's path; it is killed when the test ends. */
  start(path: string, args: readonly string[]): { readonly child: ChildProcess; readonly said: () => string }
  /** Runs a program there to its end; what it prints. Throws where it fails. */
  run(program: string, ...args: readonly string[]): string
  /** A Chromium that runs there, as an executable of its own. */
  browser(): string
  addAddress(address: string): void
  removeAddress(address: string): void
}

let made = 0

/** Machines with the given addresses (`192.168.77.1/24`), gone when the test ends. */
export function createLan<Name extends string>(
  addresses: Readonly<Record<Name, string>>,
): Readonly<Record<Name, Machine>> {
  const id = `ys${process.pid}${made++}`
  const ip = (...args: readonly string[]): void => void execFileSync('ip', args)
  const hub = `${id}hub`
  const spaces = [hub]
  onTestFinished(() => {
    for (const space of spaces) ip('netns', 'del', space)
  })
  ip('netns', 'add', hub)
  ip('-n', hub, 'link', 'add', 'switch', 'type', 'bridge')
  ip('-n', hub, 'link', 'set', 'switch', 'up')
  const machines = Object.entries(addresses).map(([name, address], at) => {
    const space = `${id}${name}`
    ip('netns', 'add', space)
    spaces.push(space)
    ip('link', 'add', 'eth0', 'netns', space, 'type', 'veth', 'peer', 'name', `port${at}`, 'netns', hub)
    ip('-n', hub, 'link', 'set', `port${at}`, 'master', 'switch', 'up')
    ip('-n', space, 'link', 'set', 'lo', 'up')
    ip('-n', space, 'link', 'set', 'eth0', 'up')
    ip('-n', space, 'address', 'add', address as string, 'dev', 'eth0')
    return [name, machineIn(space)] as const
  })
  return Object.fromEntries(machines) as Record<Name, Machine>
}

function machineIn(space: string): Machine {
  const within = ['netns', 'exec', space]
  const address = (what: 'add' | 'del', of: string): void =>
    void execFileSync('ip', ['-n', space, 'address', what, of, 'dev', 'eth0'])
  return {
    start(path, args) {
      const inherited = Object.entries(process.env).filter(
        ([name]) => !name.startsWith('Y_SEALED_') && name !== 'NODE_ENV',
      )
      const program = [process.execPath, ...programParameters(path), ...args]
      const child = spawn('ip', [...within, ...program], { cwd: REPOSITORY_ROOT, env: Object.fromEntries(inherited) })
      onTestFinished(() => void child.kill('SIGKILL'))
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
      return { child, said: () => said }
    },
    run: (program, ...args) =>
      execFileSync('ip', [...within, program, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    browser() {
      const path = join(makeTemporaryFolder(), 'chromium')
      writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${space} '${findChromium() ?? ''}' "$@"\n`)
      chmodSync(path, 0o755)
      return path
    },
    addAddress: (of) => address('add', of),
    removeAddress: (of) => address('del', of),
  }
}
