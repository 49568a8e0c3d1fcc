/**
 * Relays that are killed one after another on one database. The next is loaded while the one before it works, so that a round costs little
 * more than opening the file.
 *
 * @module
 */
import { bytesToBase64url, bytesToHex, type Bytes } from '@y-sealed/protocol'
import { randomBytes, type Device } from '@y-sealed/protocol/sealing'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { onTestFinished } from 'vitest'

import { bundleProgram } from './bundled-program.ts'
import { awaitCommit, freezeInCommit, readMarker, type FrozenProcess } from './commit-watch.ts'
import type { CrashRelaySettings } from './crash-relay-main.ts'
import { RawClient } from './raw-client.ts'
import { findFreePort } from './stage.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'
import { ALL, testCertificate } from './test-relay.ts'
import { AUDIENCE, createTestKey, goodClaims, makeToken, publicJwk } from './tokens.ts'

type Child = ChildProcessByStdio<Writable, Readable, null>

/** What a {@link CrashRelay} is made of. */
export function bundleCrashRelay(): Promise<string> {
  return bundleProgram('test/support/crash-relay-main.ts')
}

function load(program: string): Child {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

export class CrashRelay {
  readonly folder: string = makeTemporaryFolder()
  readonly #key = createTestKey('k1')
  readonly #headSeed = bytesToHex(randomBytes(32))
  readonly #program: string
  #spare: Child
  #running: Child | null = null
  #url = ''
  #port: number | null = null
  #ca = ''
  #tokens = 0

  /** `program` is what {@link bundleCrashRelay} gave. */
  constructor(program: string) {
    this.#program = program
    this.#spare = load(program)
  }

  get databasePath(): string {
    return join(this.folder, 'relay.db')
  }

  get #marker(): string {
    return join(this.folder, 'committing')
  }

  /** Where it listens; the same after each start. */
  get url(): string {
    return this.#url
  }

  /** The authority that signed its certificate, as PEM. */
  get ca(): string {
    return this.#ca
  }

  /** Resolves when it listens. */
  async start(more: Pick<CrashRelaySettings, 'limits' | 'doom'> = {}): Promise<void> {
    const child = this.#spare
    this.#running = child
    const { key, cert, ca } = await testCertificate()
    const settings: CrashRelaySettings = {
      database: this.databasePath,
      marker: this.#marker,
      tls: { key, cert },
      headSeed: this.#headSeed,
      keys: JSON.stringify({ keys: [publicJwk(this.#key)] }),
      port: (this.#port ??= await findFreePort()),
      ...more,
    }
    child.stdin.write(`${JSON.stringify(settings)}\n`)
    const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    this.#url = `wss://127.0.0.1:${port}/sync`
    this.#ca = ca
    this.#spare = load(this.#program)
  }

  /** Resolves when it has ended, by itself or not. */
  async ended(): Promise<void> {
    const child = this.#running as Child
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  /** Kills it as soon as it is seen within a COMMIT, or after `patienceMs`. True when it died within one. */
  async kill(patienceMs = 0): Promise<boolean> {
    const child = this.#running as Child
    const exited = once(child, 'exit')
    awaitCommit(this.#marker, patienceMs)
    child.kill('SIGKILL')
    await exited
    return readMarker(this.#marker).isCommitting
  }

  /** Stops it as soon as it is seen within a COMMIT, or after `patienceMs`; it stands still until {@link resume}. */
  freeze(patienceMs: number): FrozenProcess {
    return freezeInCommit((this.#running as Child).pid as number, this.#marker, patienceMs)
  }

  resume(): void {
    this.#running?.kill('SIGCONT')
  }

  /** Nothing is started any more. */
  end(): void {
    this.#spare.kill('SIGKILL')
  }

  /** A token of everything, for ids in base64url. */
  token(document: string, device: string, audience: string = AUDIENCE): string {
    const nowS = Math.floor(Date.now() / 1000)
    const claims = goodClaims({
      jti: `token-${++this.#tokens}`,
      aud: audience,
      iat: nowS,
      exp: nowS + 300,
      doc: document,
      perm: ALL,
      cnf: device,
    })
    return makeToken(this.#key, claims)
  }

  /** A socket of `device` that has said HELLO. */
  async connect(document: Bytes, device: Device): Promise<RawClient> {
    const client = new RawClient({
      url: this.#url,
      ca: this.#ca,
      token: this.token(bytesToBase64url(document), bytesToBase64url(device.id)),
      device,
      audience: AUDIENCE,
    })
    await client.hello()
    return client
  }
}
