/**
 * One real relay for all suites that need nothing special of it: the command as people start it, over TLS, with a database in a folder of
 * its own. Chromium is given a home of its own whose certificate store knows the relay's authority, so that it really verifies.
 *
 * @module
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

import { BROWSER_HOME, BROWSER_PORT } from './chromium.ts'
import { hasComponent } from './components.ts'
import { startPlaintextServer } from './plaintext-server.ts'
import { programParameters, RELAY_MAIN } from './program.ts'
import { REPOSITORY_ROOT } from './repository.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** `data` is the folder in which it keeps everything. */
    relay: { readonly url: string; readonly ca: string; readonly data: string }
    /** A y-websocket server that reads along, for browsers; with the folder in which it keeps what it was sent. */
    plaintext: { readonly url: string; readonly data: string }
  }
}

const START_MS = 30_000

const stops: (() => Promise<void>)[] = []

/** Called by Vitest once for each project that names this file. */
export async function setup(project: TestProject): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'y-sealed-relay-'))
  const origins = [`http://localhost:${BROWSER_PORT}`]
  const args = [...programParameters(RELAY_MAIN), 'serve', '--data', data, '--port', '0']
  const relay = spawn(
    process.execPath,
    [...args, '--log-level', 'error', ...origins.flatMap((origin) => ['--origin', origin])],
    {
      cwd: REPOSITORY_ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const url = await addressOf(relay)
  const caPath = join(data, 'tls', 'ca.pem')
  if (project.name.startsWith('browser') && hasComponent('certutil')) trustInBrowser(caPath)
  project.provide('relay', { url, ca: readFileSync(caPath, 'utf8'), data })
  if (project.name.startsWith('browser')) await providePlaintext(project)
  stops.push(async () => {
    const ended = new Promise((resolve) => relay.once('exit', resolve))
    relay.kill('SIGTERM')
    await ended
    rmSync(data, { recursive: true, force: true })
    rmSync(BROWSER_HOME, { recursive: true, force: true })
  })
}

export async function teardown(): Promise<void> {
  for (const stop of stops.splice(0)) await stop()
}

async function providePlaintext(project: TestProject): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'y-sealed-plaintext-'))
  const server = await startPlaintextServer(data)
  project.provide('plaintext', { url: server.url, data })
  stops.push(() => {
    server.close()
    rmSync(data, { recursive: true, force: true })
    return Promise.resolve()
  })
}

function addressOf(relay: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`the relay did not start: ${said}`)), START_MS)
    relay.once('exit', (code) => reject(new Error(`the relay ended with ${code}: ${said}`)))
    relay.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
      const url = /wss:\/\/localhost:\d+\/sync/.exec(said)?.[0]
      if (url === undefined) return
      clearTimeout(timer)
      resolve(url)
    })
  })
}

function trustInBrowser(caPath: string): void {
  const store = join(BROWSER_HOME, '.pki', 'nssdb')
  mkdirSync(store, { recursive: true })
  execFileSync('certutil', ['-d', `sql:${store}`, '-N', '--empty-password'])
  execFileSync('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'y-sealed test', '-i', caPath])
}
