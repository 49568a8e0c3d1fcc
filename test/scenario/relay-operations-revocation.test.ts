import { bytesToBase64url, cryptoReady } from '@y-sealed/protocol'
import { appendFileSync, chmodSync, existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'

import { createRevocations } from '../../server/auth/revocations.ts'
import { createSystemClock } from '../../server/ops/clock.ts'
import { appendRevocation, revocationPathOf } from '../../server/ops/revocation-file.ts'
import { startRelay } from '../../server/serve.ts'
import { createMemoryStore } from '../../server/store/memory.ts'
import { runRelayCommand } from '../support/command-line.ts'
import { startOperatedRelay } from '../support/operated-relay.ts'
import { createTestDevice, type Ending, type RawClient } from '../support/raw-client.ts'
import { createRoomDocument } from '../support/room-document.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { ALL, startTestRelay } from '../support/test-relay.ts'
import { startStallClock } from '../support/stall-clock.ts'

await cryptoReady()

const REVOKED: Ending = { code: 4401, reason: 'token revoked' }

function jtiOf(token: string): string {
  const [, payload = ''] = token.split('.')
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly jti: string }).jti
}

/** How long the socket took to end, but for time in which nothing could run. */
async function timeToEnd(client: RawClient): Promise<{ readonly ending: Ending; readonly tookMs: number }> {
  const freeMs = startStallClock()
  const ending = await client.ended
  return { ending, tookMs: freeMs() }
}

describe('[D24] a revocation in the file of a running relay', () => {
  it.each(['jti', 'sub', 'device'] as const)(
    'by %s closes the sockets that rest on it within a second, leaves the others, and refuses the token',
    async (kind) => {
      const operated = await startOperatedRelay()
      const document = createRoomDocument()
      const [device, other] = [createTestDevice(), createTestDevice()]
      const token = operated.token(document.id, device, ALL, 'alice')
      const alice = await operated.client(document.id, token, device)
      const bob = await operated.client(document.id, operated.token(document.id, other, ALL, 'bob'), other)
      await alice.settle()

      const name = { jti: jtiOf(token), sub: 'alice', device: bytesToBase64url(device.id) }[kind]
      appendRevocation(revocationPathOf(operated.data), { kind, name, atMs: Date.now() })
      const { ending, tookMs } = await timeToEnd(alice)
      expect(ending).toEqual(REVOKED)
      expect(tookMs).toBeLessThan(1000)
      await bob.settle()

      await expect(operated.client(document.id, token, device)).rejects.toThrow('the socket ended')
      expect(await operated.metric('y_sealed_tokens_refused_total{reason="revoked"}')).toBe(1)
      expect(await operated.metric('y_sealed_revocations_total')).toBe(1)
    },
  )

  it('by the command reaches the relay on the same folder', { timeout: 60_000 }, async () => {
    const operated = await startOperatedRelay()
    const document = createRoomDocument()
    const alice = await operated.client(document.id)
    await alice.settle()
    const { exitCode, stdout } = await runRelayCommand(['revoke', '--data', operated.data, '--sub', 'alice'])
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('within a second')])
    expect((await alice.ended).code).toBe(4401)
    expect(statSync(revocationPathOf(operated.data)).mode & 0o777).toBe(0o600)
  })

  it('holds for a relay that starts after it, until no such token can be in force', async () => {
    const data = join(makeTemporaryFolder(), 'data')
    await (await startRelay({ data, port: 0, logLevel: 'silent' })).close()
    const path = revocationPathOf(data)
    appendRevocation(path, { kind: 'sub', name: 'alice', atMs: Date.now() - 11 * 60_000 })
    appendRevocation(path, { kind: 'sub', name: 'bob', atMs: Date.now() })
    const lines: string[] = []
    const relay = await startRelay({ data, port: 0, writeLog: (line) => void lines.push(line) })
    expect(lines.join('')).toContain('"count":1')
    await relay.close()

    const longAgo = new Date(Date.now() - 11 * 60_000)
    utimesSync(path, longAgo, longAgo)
    await (await startRelay({ data, port: 0, logLevel: 'silent' })).close()
    expect([existsSync(path), existsSync(`${path}.old`)]).toEqual([false, true])
    appendRevocation(path, { kind: 'sub', name: 'carol', atMs: Date.now() })
    expect(readFileSync(path, 'utf8')).toContain('carol')
  })

  it('with a damaged line loses that line alone, and the log says so', async () => {
    const operated = await startOperatedRelay()
    const document = createRoomDocument()
    const alice = await operated.client(document.id)
    await alice.settle()
    const at = new Date().toISOString()
    const bad = [
      '{',
      'null',
      '[]',
      '{"sub":"alice"}',
      `{"at":"${at}"}`,
      `{"at":"${at}","sub":1}`,
      `{"at":"x","sub":"a"}`,
    ]
    const both = `{"at":"${at}","sub":"a","jti":"b"}`
    writeFileSync(revocationPathOf(operated.data), [...bad, both, ''].join('\n'), { mode: 0o600 })
    await vi.waitFor(() =>
      expect(operated.log().filter(({ event }) => event === 'revocation-malformed')).toHaveLength(8),
    )
    await alice.settle()
    // A line counts when it is whole.
    appendFileSync(revocationPathOf(operated.data), `{"at":"${at}","su`)
    await alice.settle()
    appendFileSync(revocationPathOf(operated.data), 'b":"alice"}\n')
    expect(await alice.ended).toEqual(REVOKED)
  })

  it('is not believed from a file that others may write', async () => {
    const data = join(makeTemporaryFolder(), 'data')
    await (await startRelay({ data, port: 0, logLevel: 'silent' })).close()
    writeFileSync(revocationPathOf(data), '\n')
    chmodSync(revocationPathOf(data), 0o666)
    await expect(startRelay({ data, port: 0, logLevel: 'silent' })).rejects.toThrow('may be written by other users')
  })
})

describe('[D24] [AU7] a revocation', () => {
  it('of a document’s token closes that document and not the socket', async () => {
    const clock = createSystemClock()
    const revocations = createRevocations(clock)
    const relay = await startTestRelay({
      wrapAuth: (auth) => ({ ...auth, isRevoked: (grant) => revocations.isRevoked(grant) }),
    })
    const [first, second] = [createRoomDocument(), createRoomDocument()]
    const client = await relay.client({ document: first.id })
    client.open(first.id)
    await client.nextOf('opened')
    const token = relay.token(second.id, client.device, ALL, { jti: 'second' })
    client.open(second.id, { token })
    await client.nextOf('opened')

    revocations.revokeToken('second')
    relay.relay.recheckGrants()
    expect(await client.nextOf('closed')).toMatchObject({ document: second.id, code: 40_100 })
    await client.settle()
    expect(client.frames.filter(({ type }) => type === 'closed')).toHaveLength(1)
  })

  it('that comes while a document is being opened is the answer to its OPEN', async () => {
    const revocations = createRevocations(createSystemClock())
    const store = createMemoryStore()
    let release: () => void = () => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    let asked: () => void = () => {}
    const isAsked = new Promise<void>((resolve) => (asked = resolve))
    const relay = await startTestRelay({
      store: {
        ...store,
        async status(documents) {
          asked()
          await gate
          return await store.status(documents)
        },
      },
      wrapAuth: (auth) => ({ ...auth, isRevoked: (grant) => revocations.isRevoked(grant) }),
    })
    const [first, second] = [createRoomDocument(), createRoomDocument()]
    const client = await relay.client({ document: first.id })
    client.open(second.id, { token: relay.token(second.id, client.device, ALL, { jti: 'second' }) })
    await isAsked
    revocations.revokeToken('second')
    relay.relay.recheckGrants()
    expect(await client.nextOf('nack')).toMatchObject({ document: second.id, code: 40_100 })
    release()
    await client.settle()
    expect(client.frames.filter(({ type }) => type === 'opened')).toEqual([])
  })
})
