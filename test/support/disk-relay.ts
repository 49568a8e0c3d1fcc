/**
 * The relay's command on a disk of its own that is small enough to be filled. The disk is mounted where only that process sees it; the test
 * reaches it by way of the process.
 *
 * @module
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'

import type { RelayAddress } from './peer.ts'
import { programParameters, RELAY_MAIN } from './program.ts'
import { REPOSITORY_ROOT } from './repository.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** Whether this system lets a test have a small disk of its own. */
export const canMount: boolean =
  spawnSync('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' }).status === 0

export class DiskRelay implements RelayAddress {
  readonly #child: ChildProcess
  readonly #disk: string
  #output = ''

  /** Starts it on a disk of `bytes`. */
  static async start(bytes: number): Promise<DiskRelay> {
    const relay = new DiskRelay(bytes)
    await vi.waitUntil(() => relay.url !== '' || relay.hasEnded, { timeout: 30_000, interval: 20 })
    if (relay.hasEnded) throw new Error(`the relay ended before it was ready: ${relay.#output}`)
    return relay
  }

  private constructor(bytes: number) {
    const mounted = join(makeTemporaryFolder(), 'disk')
    mkdirSync(mounted)
    const script = `mount -t tmpfs -o size=${bytes},mode=700 none "${mounted}" && exec "$0" "$@"`
    const serve = ['serve', '--data', mounted, '--port', '0', '--log-level', 'warn']
    const command = [process.execPath, ...programParameters(RELAY_MAIN), ...serve]
    this.#child = spawn('unshare', ['-Urm', 'sh', '-c', script, ...command], {
      cwd: REPOSITORY_ROOT,
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('Y_SEALED_'))),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    }
    this.#disk = `/proc/${this.#child.pid}/root${mounted}`
  }

  get url(): string {
    return /wss:\/\/localhost:\d+\/sync/.exec(this.#output)?.[0] ?? ''
  }

  get ca(): string {
    return readFileSync(join(this.#disk, 'tls/ca.pem'), 'utf8')
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Everything that it has said. */
  get output(): string {
    return this.#output
  }

  /** A copy of the database and its journal, where SQLite can open them. To be made when nobody writes. */
  copyDatabase(): string {
    const copy = join(makeTemporaryFolder(), 'relay.db')
    for (const end of ['', '-wal']) copyFileSync(join(this.#disk, `relay.db${end}`), `${copy}${end}`)
    return copy
  }

  /** Leaves so many bytes on the disk, at most. */
  fill(leave: number): void {
    const { stdout } = spawnSync('stat', ['-f', '-c', '%a %S', this.#disk], { encoding: 'utf8' })
    const [blocks, size] = stdout.split(' ').map(Number) as [number, number]
    writeFileSync(join(this.#disk, 'ballast'), new Uint8Array(Math.max(0, blocks * size - leave)))
  }

  makeRoom(): void {
    rmSync(join(this.#disk, 'ballast'))
  }
}
