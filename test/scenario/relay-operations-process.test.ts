/**
 * The relay as a process: signals, a fault that nobody caught, and Node's own hardening.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { cryptoReady } from '@y-sealed/protocol'

import { issueToken } from '../../server/auth/issue-token.ts'
import { knownVariables } from '../../server/cli/environment.ts'
import { createProgram } from '../../server/cli/program.ts'
import { keysFolderOf, loadIssuerKey } from '../../server/ops/signing-key.ts'
import { startRelayCommand, type Running } from '../support/command-line.ts'
import { askHttp, type LogEntry } from '../support/operated-relay.ts'
import { createTestDevice, RawClient } from '../support/raw-client.ts'
import { readRepositoryFile } from '../support/repository.ts'
import { createRoomDocument } from '../support/room-document.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { ALL } from '../support/test-relay.ts'

await cryptoReady()

const SLOW = { timeout: 60_000 }

interface Process extends Running {
  readonly data: string
  readonly url: string
  readonly operations: string
  readonly log: () => readonly LogEntry[]
}

async function startProcess(variables: Readonly<Record<string, string>> = {}): Promise<Process> {
  const data = join(makeTemporaryFolder(), 'data')
  const running = startRelayCommand(['serve', '--data', data, '--port', '0', '--ops-port', '0'], variables)
  const { output } = running
  await vi.waitFor(() => expect(output.stdout).toContain('Ctrl-C stops it.'), {
    timeout: 30_000,
    interval: 50,
  })
  const lines = (): string[] => output.stderr.split('\n').filter((line) => line.startsWith('{'))
  return {
    ...running,
    data,
    url: /wss:\/\/localhost:\d+\/sync/.exec(output.stdout)?.[0] ?? '',
    operations: /http:\/\/127\.0\.0\.1:\d+/.exec(output.stdout)?.[0] ?? '',
    log: () => lines().map((line) => JSON.parse(line) as LogEntry),
  }
}

async function connectTo({ data, url }: Process): Promise<RawClient> {
  const [document, device] = [createRoomDocument(), createTestDevice()]
  const terms = { document: document.id, device: device.id, permissions: ALL, audience: url }
  const { token } = issueToken(loadIssuerKey(keysFolderOf(data)), Date.now(), terms)
  const ca = readFileSync(join(data, 'tls/ca.pem'), 'ascii')
  const client = new RawClient({ url, ca, token, device, audience: url })
  await client.hello()
  return client
}

it(
  '[J11] SIGTERM says goodbye with 1001 within ten seconds and ends with 0; a second one ends at once',
  SLOW,
  async () => {
    const first = await startProcess()
    const client = await connectTo(first)
    const began = performance.now()
    first.child.kill('SIGTERM')
    await client.nextOf('goaway')
    expect((await client.ended).code).toBe(1001)
    expect((await first.finished).exitCode).toBe(0)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(first.log().at(-1)).toMatchObject({ event: 'stopped' })

    const second = await startProcess()
    const stubborn = await connectTo(second)
    second.child.kill('SIGTERM')
    await stubborn.nextOf('goaway')
    second.child.kill('SIGTERM')
    // Not the end that it comes to when everybody has left, nor the farewell.
    expect((await second.finished).exitCode).not.toBe(0)
    expect((await stubborn.ended).code).toBe(1006)
  },
)

it('[J9] a fault that nobody caught is logged without its message, says goodbye, and ends with 1', SLOW, async () => {
  const fault = join(makeTemporaryFolder(), 'fault.mjs')
  writeFileSync(
    fault,
    `process.on('SIGUSR2', () => { setImmediate(() => { throw new TypeError('canary of a peer') }) })\n`,
  )
  const running = await startProcess({ NODE_OPTIONS: `--import=file://${fault}` })
  const client = await connectTo(running)
  running.child.kill('SIGUSR2')
  expect((await client.ended).code).toBe(1001)
  const { exitCode, stderr } = await running.finished
  expect(exitCode).toBe(1)
  expect(running.log()).toContainEqual(
    expect.objectContaining({
      level: 'error',
      event: 'uncaught',
      cause: 'TypeError',
      at: expect.stringMatching(/^fault\.mjs:\d+:\d+/) as string,
    }),
  )
  expect(running.log().at(-1)).toMatchObject({ event: 'stopped' })
  expect(stderr).not.toContain('canary')
})

it('[A12] [J8] SIGHUP looks at the certificate, under the flags and variables that the unit gives', SLOW, async () => {
  const env = Object.fromEntries(
    readRepositoryFile('server/deploy/relay.env')
      .split('\n')
      .filter((line) => /^\w+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  const known = knownVariables(createProgram())
  expect(Object.keys(env).filter((name) => name.startsWith('Y_SEALED_') && !known.has(name))).toEqual([])
  expect(env).toMatchObject({
    NODE_ENV: 'production',
    NODE_OPTIONS: expect.stringContaining('--disable-proto=delete') as string,
  })

  const running = await startProcess({ NODE_OPTIONS: env['NODE_OPTIONS'] ?? '' })
  const client = await connectTo(running)
  running.child.kill('SIGHUP')
  await vi.waitFor(() => expect(running.log().map(({ event }) => event)).toContain('certificate-unchanged'), {
    timeout: 5000,
  })
  await client.settle()
  expect(await askHttp(`${running.operations}/readyz`)).toMatchObject({ status: 200 })
  expect((await askHttp(`${running.operations}/metrics`)).body).toContain('y_sealed_connections 1\n')
  client.close()
  running.child.kill('SIGTERM')
  expect((await running.finished).exitCode).toBe(0)
})
