/** Row H14: more connections than there are descriptors, at a relay as people run it. */
import { cryptoReady } from '@y-sealed/protocol'
import { readdirSync, readFileSync } from 'node:fs'
import { connect as connectPlainly, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'

import { issueToken } from '../../server/auth/issue-token.ts'
import { fitConnections, readDescriptorLimit } from '../../server/ops/descriptor-limit.ts'
import { keysFolderOf, loadIssuerKey } from '../../server/ops/signing-key.ts'
import { startRelayCommand } from '../support/command-line.ts'
import { askHttp, type LogEntry } from '../support/operated-relay.ts'
import { createTestDevice, RawClient } from '../support/raw-client.ts'
import { RawSocket, upgradeRequest, type Address } from '../support/raw-http.ts'
import { createRoomDocument, TestWriter } from '../support/room-document.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { ALL } from '../support/test-relay.ts'

await cryptoReady()

const DESCRIPTORS = 256

async function startPoorRelay() {
  const data = join(makeTemporaryFolder(), 'data')
  const args = ['serve', '--data', data, '--port', '0', '--ops-port', '0']
  // Who says nothing stays for as long as a busy machine takes to bring all of them.
  const patient = { helloDeadlineMs: 80_000, silenceMs: 80_000 }
  const limits = { socketsPerSubject: 1_000, accepts: { perSecond: 1_000, burst: 1_000 }, ...patient }
  const { child, output } = startRelayCommand(args, { Y_SEALED_LIMITS: JSON.stringify(limits) }, DESCRIPTORS)
  await vi.waitFor(() => expect(output.stdout).toContain('Ctrl-C stops it.'), { timeout: 30_000, interval: 50 })
  const url = /wss:\/\/localhost:\d+\/sync/.exec(output.stdout)?.[0] ?? ''
  const ca = readFileSync(join(data, 'tls/ca.pem'), 'ascii')
  const key = loadIssuerKey(keysFolderOf(data))
  const document = createRoomDocument()
  const tokenOf = (device = createTestDevice()): string =>
    issueToken(key, Date.now(), { document: document.id, device: device.id, permissions: ALL, audience: url }).token
  return {
    child,
    document,
    tokenOf,
    address: { host: '127.0.0.1', port: Number(new URL(url).port), ca } satisfies Address,
    operations: /http:\/\/127\.0\.0\.1:\d+/.exec(output.stdout)?.[0] ?? '',
    log: () =>
      output.stderr
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as LogEntry),
    async enter(): Promise<RawClient> {
      const device = createTestDevice()
      const client = new RawClient({ url, ca, token: tokenOf(device), device, audience: url })
      onTestFinished(() => client.terminate())
      await client.hello()
      client.open(document.id)
      await client.nextOf('opened')
      return client
    },
  }
}

type PoorRelay = Awaited<ReturnType<typeof startPoorRelay>>

const countOpen = ({ child }: PoorRelay): number => readdirSync(`/proc/${child.pid}/fd`).length

/** An upgrade that stays open among `sockets`: its status, or 0 when it was dropped. */
async function upgrade(relay: PoorRelay, sockets: RawSocket[]): Promise<number> {
  try {
    const socket = await RawSocket.connect(relay.address)
    sockets.push(socket)
    socket.write(upgradeRequest(relay.tokenOf()))
    return (await socket.answer()).status
  } catch {
    return 0
  }
}

it.skipIf(process.platform !== 'linux')(
  'T23 [H14] answers 503 when descriptors run short, drops what comes beyond, serves those who are in, and recovers',
  { timeout: 90_000 },
  async () => {
    const relay = await startPoorRelay()
    expect(relay.log().find(({ event }) => event === 'descriptors-few')).toMatchObject({
      level: 'warn',
      descriptors: DESCRIPTORS,
    })
    const typist = await relay.enter()
    const writer = new TestWriter(relay.document, typist.device)
    typist.send({ type: 'push', envelopes: [writer.genesis().envelope] })
    await typist.nextOf('ack')
    const before = countOpen(relay)

    // A house full of sockets: those beyond are told so.
    const sockets: RawSocket[] = []
    const statuses: number[] = []
    for (let i = 0; i < 185; i++) statuses.push(await upgrade(relay, sockets))
    expect(statuses.filter((status) => status === 101).length).toBeGreaterThan(150)
    expect(statuses.slice(-5)).toEqual([503, 503, 503, 503, 503])
    expect(statuses.every((status) => status === 101 || status === 503)).toBe(true)

    // And more who say nothing than there are descriptors left.
    const idle: Socket[] = []
    for (let i = 0; i < 200; i++) {
      const socket = connectPlainly(relay.address.port, relay.address.host)
      socket.on('error', () => {})
      idle.push(socket)
    }
    await vi.waitFor(() => expect(relay.log().some(({ event }) => event === 'connection-dropped')).toBe(true), 10_000)
    expect(countOpen(relay)).toBeLessThan(DESCRIPTORS)
    typist.send({ type: 'push', envelopes: [writer.bind().envelope] })
    await typist.nextOf('ack')
    expect(await askHttp(`${relay.operations}/readyz`)).toMatchObject({ status: 200 })
    const { body } = await askHttp(`${relay.operations}/metrics`)
    expect(body).toMatch(/^y_sealed_connections_dropped_total [1-9]/m)
    expect(body).toMatch(/^y_sealed_upgrades_refused_total\{status="503"\} [1-9]/m)

    // All go; newcomers are served, and nothing is left behind.
    for (const socket of idle) socket.destroy()
    for (const { socket } of sockets) socket.destroy()
    await vi.waitFor(async () => expect((await relay.enter()).frames.length).toBeGreaterThan(1), {
      timeout: 15_000,
      interval: 500,
    })
    await vi.waitFor(() => expect(countOpen(relay)).toBeLessThan(before + 10), { timeout: 15_000, interval: 100 })
    expect(relay.log().filter(({ level }) => level === 'error')).toEqual([])
    expect(relay.child.exitCode).toBeNull()
  },
)

it('[H14] sockets fit into the descriptors that there are, and not into more than are wanted', () => {
  const wanted = { sockets: 10_000, connections: 11_000 }
  expect(fitConnections(wanted, null)).toEqual(wanted)
  expect(fitConnections(wanted, 65_536)).toEqual(wanted)
  expect(fitConnections(wanted, 11_064)).toEqual(wanted)
  expect(fitConnections(wanted, 1_024)).toEqual({ sockets: 872, connections: 960 })
  expect(fitConnections(wanted, 16)).toEqual({ sockets: 1, connections: 2 })
})

it.skipIf(process.platform !== 'linux')('[H14] the system says how many there are', () => {
  expect(readDescriptorLimit()).toBeGreaterThan(64)
})
