/**
 * The key set of an app's own issuer while the relay runs: changed in its file, and taken at a SIGHUP.
 */
import { bytesToBase64url, cryptoReady } from '@y-sealed/protocol'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { startRelayCommand } from '../support/command-line.ts'
import type { LogEntry } from '../support/operated-relay.ts'
import { createTestDevice, RawClient } from '../support/raw-client.ts'
import { sendRequest, upgradeRequest } from '../support/raw-http.ts'
import { createRoomDocument } from '../support/room-document.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { createTestKey, ISSUER, makeToken, publicJwk, type TestKey } from '../support/tokens.ts'

await cryptoReady()

it(
  '[D31] SIGHUP reads the key set anew; a bad one is complained of, and the keys in force stay',
  { timeout: 60_000 },
  async () => {
    const [old, next] = [createTestKey('old'), createTestKey('next')]
    const folder = makeTemporaryFolder()
    const [data, jwks] = [join(folder, 'data'), join(folder, 'jwks.json')]
    const publish = (...keys: readonly TestKey[]): void =>
      writeFileSync(jwks, JSON.stringify({ keys: keys.map((key) => publicJwk(key)) }))
    publish(old)
    const args = ['serve', '--data', data, '--port', '0', '--jwks', jwks, '--issuer', ISSUER]
    const { child, output } = startRelayCommand(args)
    await vi.waitFor(() => expect(output.stdout).toContain('Ctrl-C stops it.'), { timeout: 30_000, interval: 50 })
    const url = /wss:\/\/localhost:\d+\/sync/.exec(output.stdout)?.[0] ?? ''
    const address = {
      host: '127.0.0.1',
      port: Number(new URL(url).port),
      ca: readFileSync(join(data, 'tls/ca.pem'), 'ascii'),
    }
    const { id } = createRoomDocument()
    const device = createTestDevice()
    let tokens = 0
    const tokenBy = (key: TestKey): string => {
      const nowS = Math.floor(Date.now() / 1000)
      const times = { iat: nowS, exp: nowS + 300 }
      const whose = { iss: ISSUER, aud: url, sub: 'alice', jti: `token-${++tokens}`, cnf: bytesToBase64url(device.id) }
      return makeToken(key, { ...whose, ...times, doc: bytesToBase64url(id), perm: ['read', 'create'] })
    }
    const statusBy = async (key: TestKey): Promise<number> =>
      (await sendRequest(address, upgradeRequest(tokenBy(key)))).status
    const hangUp = async (event: string): Promise<LogEntry> => {
      const { length } = output.stderr
      child.kill('SIGHUP')
      return await vi.waitFor(() => {
        const lines = output.stderr
          .slice(length)
          .split('\n')
          .filter((line) => line.endsWith('}'))
        const entry = lines.map((line) => JSON.parse(line) as LogEntry).find((one) => one.event === event)
        if (entry === undefined) throw new Error(`no ${event} yet`)
        return entry
      }, 5_000)
    }

    const client = new RawClient({ url, ca: address.ca, token: tokenBy(old), device, audience: url })
    await client.hello()
    // A key set is read for a key that it lacks, but not again within ten seconds: what follows is the signal's doing.
    expect([await statusBy(old), await statusBy(next)]).toEqual([101, 401])
    publish(next)
    expect([await statusBy(old), await statusBy(next)]).toEqual([101, 401])
    expect(await hangUp('jwks-reloaded')).toMatchObject({ level: 'info', keys: 1 })
    expect([await statusBy(old), await statusBy(next)]).toEqual([401, 101])

    writeFileSync(jwks, '{"keys":[')
    expect(await hangUp('jwks-refused')).toMatchObject({ level: 'error', keys: 1 })
    expect([await statusBy(old), await statusBy(next)]).toEqual([401, 101])
    // Who is in stays until the token ends. [D27]
    await client.settle()
    client.terminate()
  },
)
