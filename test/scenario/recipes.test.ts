/** The recipes that run under Node: a program in a note, and backends that issue tokens. */
import { createMemoryKeyStore, loadDevice, RelayConnection, SealedProvider, type TokenSource } from '@y-sealed/client'
import { nodeWebSocket } from '@y-sealed/client/node'
import { serve } from '@hono/node-server'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { createTokenServer as createExpressServer, tokensOf } from '../../client/recipes/express/token-server.ts'
import { createTokenServer as createHonoServer } from '../../client/recipes/hono/token-server.ts'
import { startAgent } from '../../client/recipes/node-agent/count-words.ts'
import { startRelay } from '../../server/serve.ts'
import { createRoom } from '../support/peer.ts'
import { createPerson, write } from '../support/person.ts'
import { findFreePort, startHonestRelay } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

it('the program counts words while people write, and goes on where it was', async () => {
  const relay = await startHonestRelay([])
  const { documents } = await createPerson({ relay, name: 'Alice' })
  const note = await documents.createDocument()
  await write(note, 'one two')
  const folder = makeTemporaryFolder()
  const options = {
    relay: relay.url,
    folder,
    caFile: join(relay.data, 'tls', 'ca.pem'),
    link: await note.invite({ uses: 1 }),
  }
  const words = (): unknown => note.doc.getMap('meta').get('words')
  const agent = await startAgent(options)
  await vi.waitFor(() => expect(words()).toBe(2), { timeout: 10_000 })
  await write(note, ' three')
  await vi.waitFor(() => expect(words()).toBe(3), { timeout: 10_000 })
  await agent.close()
  await write(note, ' four')
  const again = await startAgent(options)
  onTestFinished(() => again.close())
  await vi.waitFor(() => expect(words()).toBe(4), { timeout: 10_000 })
  expect(note.members().map(({ name }) => name)).toEqual(['Alice', 'Word counter'])
})

interface Backend {
  readonly address: string
  readonly keyFile: string
}

const ISSUER = 'https://app.example'

/** The person is whoever a cookie names: a stand-in for an app's own session. */
function policyOf(allowed: Map<string, 'none' | 'reader' | 'writer'>) {
  return {
    nameIn: (cookie: string | undefined): string | null => /user=(\w+)/.exec(cookie ?? '')?.[1] ?? null,
    roleOf: (user: string): 'none' | 'reader' | 'writer' => allowed.get(user) ?? 'none',
  }
}

type Start = (audience: string, allowed: Map<string, 'none' | 'reader' | 'writer'>) => Promise<Backend>

const startExpress: Start = async (audience, allowed) => {
  const { nameIn, roleOf } = policyOf(allowed)
  const keyFile = join(makeTemporaryFolder(), 'issuer.key')
  const app = createExpressServer({
    issuer: ISSUER,
    audience,
    keyFile,
    userOf: ({ headers }) => nameIn(headers.cookie),
    roleOf,
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keyFile }
}

const startHono: Start = async (audience, allowed) => {
  const { nameIn, roleOf } = policyOf(allowed)
  const keyFile = join(makeTemporaryFolder(), 'issuer.key')
  const app = createHonoServer({
    issuer: ISSUER,
    audience,
    keyFile,
    userOf: ({ req }) => nameIn(req.header('cookie')),
    roleOf,
  })
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  if (!server.listening) await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keyFile }
}

/** As the recipe's own, with the cookie that a browser would send along. */
function loggedIn(address: string, user: string): TokenSource {
  return async ({ documentId, deviceId }) => {
    const headers = { 'content-type': 'application/json', cookie: `user=${user}` }
    const body = JSON.stringify({ documentId, deviceId })
    const response = await fetch(`${address}/note-token`, { method: 'POST', headers, body })
    return ((await response.json()) as { readonly token: string }).token
  }
}

describe.each([
  ['Express', startExpress],
  ['Hono', startHono],
])('the backend on %s', (_name, start) => {
  it('[AU1] [AU3] lets in whom the app lets in, as what it says', async () => {
    const port = await findFreePort()
    const url = `wss://localhost:${port}/sync`
    const allowed = new Map<string, 'none' | 'reader' | 'writer'>([
      ['alice', 'writer'],
      ['bob', 'reader'],
    ])
    const { address } = await start(url, allowed)
    const jwks = join(makeTemporaryFolder(), 'jwks.json')
    writeFileSync(jwks, await (await fetch(`${address}/jwks.json`)).text())
    const data = makeTemporaryFolder()
    const relay = await startRelay({ data, port, urls: [url], jwks, issuer: ISSUER, logLevel: 'silent' })
    onTestFinished(() => relay.close())
    const ca = readFileSync(relay.caPath as string, 'utf8')
    const accessOf = await createRoom()
    const open = async (token: TokenSource): Promise<SealedProvider> => {
      const device = await loadDevice(createMemoryKeyStore())
      const connection = new RelayConnection({ url, device, token, WebSocket: nodeWebSocket({ ca }) })
      const provider = new SealedProvider({ connection, access: accessOf(), doc: new Y.Doc() })
      onTestFinished(() => {
        provider.destroy()
        connection.destroy()
      })
      return provider
    }
    const alice = await open(loggedIn(address, 'alice'))
    await alice.whenSynced()
    alice.doc.getText('note').insert(0, 'milk')
    await alice.whenSaved()
    const bob = await open(loggedIn(address, 'bob'))
    await bob.whenSynced()
    expect(bob.doc.getText('note').toJSON()).toBe('milk')
    expect(bob.syncStatus.kind).toBe('view-only')
    const mallory = await open(tokensOf(`${address}/note-token`))
    const refused = await new Promise((resolve) => mallory.on('closed', resolve))
    expect(refused).toMatchObject({ code: 'FORBIDDEN', closeCode: 4401 })
  })

  it.each([
    ['nobody is logged in', { documentId: 'A'.repeat(22), deviceId: 'A'.repeat(22) }, {}, 401],
    ['the document is none', { documentId: 'x', deviceId: 'A'.repeat(22) }, { cookie: 'user=alice' }, 400],
    ['there is no device', { documentId: 'A'.repeat(22) }, { cookie: 'user=alice' }, 400],
    ['it may not be read', { documentId: 'A'.repeat(22), deviceId: 'A'.repeat(22) }, { cookie: 'user=eve' }, 403],
  ])('gives no token where %s', async (_circumstance, body, headers, status) => {
    const { address } = await start('wss://relay.example/sync', new Map([['alice', 'writer']]))
    const response = await fetch(`${address}/note-token`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const told = await response.text()
    expect(response.status).toBe(status)
    expect(told).not.toContain('token')
  })
})
