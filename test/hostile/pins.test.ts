/**
 * Somebody between a pinned client and its relay, who has a certificate that the client's authorities vouch for; and the relay itself, when it
 * changes its key.
 */
import {
  createMemoryKeyStore,
  loadDevice,
  RelayConnection,
  SealedDocuments,
  type SocketConstructor,
  type TokenSource,
} from '@y-sealed/client'
import { nodeFetchJson, nodeWebSocket } from '@y-sealed/client/node'
import { startRelay, type RunningRelay } from '@y-sealed/relay'
import type { PinSet } from '@y-sealed/protocol'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { createLeaf } from '../../server/ops/certificate.ts'
import { createEcKey } from '../../server/ops/ec-key.ts'
import { loadBackupKey, loadLeafKey, switchToBackupKey } from '../../server/ops/development-certificate.ts'
import { createPinSet, pinOf } from '../../server/ops/pins.ts'
import { createTlsOptions } from '../../server/ops/tls-options.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

const HOSTS = ['localhost', '127.0.0.1']
const STRANGE = [pinOf(createEcKey()), pinOf(createEcKey())] as const

function pinSet(current: string, backup: string, days = 120): PinSet {
  return createPinSet({ hosts: HOSTS, current, backups: [backup], days, nowMs: Date.now() })
}

interface Scene {
  readonly relay: RunningRelay
  readonly tls: string
  readonly ca: string
  readonly pins: PinSet
}

async function startScene(): Promise<Scene> {
  const data = makeTemporaryFolder()
  const relay = await startRelay({ data, port: 0, logLevel: 'error', writeLog: () => {} })
  onTestFinished(() => relay.close())
  const tls = join(data, 'tls')
  const ca = readFileSync(join(tls, 'ca.pem'), 'ascii')
  return { relay, tls, ca, pins: pinSet(pinOf(loadLeafKey(tls)), pinOf(loadBackupKey(tls))) }
}

/** Codes of what goes wrong at a device that makes a document, or `saved` once the relay has it. */
async function write(scene: Scene, url: string, pins: PinSet): Promise<string> {
  const { ca } = scene
  const documents = await SealedDocuments.open({
    relay: url,
    keys: createMemoryKeyStore(),
    personal: false,
    WebSocket: nodeWebSocket({ ca }),
    fetch: nodeFetchJson({ ca }),
    pins,
  })
  onTestFinished(() => documents.close())
  const document = await documents.createDocument()
  document.doc.getText('note').insert(0, 'hello')
  const failed = new Promise<string>((resolve) => {
    documents.on('error', (error) => resolve((error as { readonly code: string }).code))
  })
  return await Promise.race([document.provider.whenSaved().then(() => 'saved'), failed])
}

/** Codes that a connection reports when it dials `url` with a token that came another way. */
async function dial(url: string, ca: string, pins: PinSet): Promise<string[]> {
  const token: TokenSource = () => Promise.resolve('a.b.c')
  const device = loadDevice(createMemoryKeyStore())
  const connection = new RelayConnection({ url, device, token, WebSocket: nodeWebSocket({ ca }), pins })
  onTestFinished(() => connection.destroy())
  const codes: string[] = []
  connection.on('connection-error', (error) => codes.push((error as { readonly code: string }).code))
  const closed = new Promise((resolve) => connection.once('connection-close', resolve))
  connection.attach({
    documentId: new Uint8Array(16),
    token: undefined,
    cursor: () => ({ seq: 0, transcript: new Uint8Array(32), recordHead: new Uint8Array(32) }),
    receive: () => {},
    dialling: () => {},
    down: () => {},
  })
  await closed
  return codes
}

/** One who stands between, with a certificate of the same authority: what it is asked, and what it is told of. */
async function startImpostor({ tls, ca }: Scene, key = createEcKey(), hosts: readonly string[] = HOSTS) {
  const authority = { key: readFileSync(join(tls, 'ca.key'), 'ascii'), cert: ca }
  const cert = await createLeaf(key, authority, hosts, Date.now())
  const asked: string[] = []
  const server = createServer(createTlsOptions({ key, cert }), (request, response) => {
    asked.push(request.url ?? '')
    response.end('{}')
  })
  server.on('upgrade', (request, socket) => {
    asked.push(request.url ?? '')
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const port = (server.address() as AddressInfo).port
  return { asked, url: `wss://127.0.0.1:${port}`, tokenUrl: `https://127.0.0.1:${port}/token` }
}

describe('a client with pins', () => {
  it('T46 [PN3] writes to the relay whose key is pinned', async () => {
    const scene = await startScene()
    expect(await write(scene, scene.relay.url, scene.pins)).toBe('saved')
  })

  it('T46 [PN3] asks nothing of who shows a good certificate with another key: neither for a token nor by a socket', async () => {
    const scene = await startScene()
    const impostor = await startImpostor(scene)
    expect(await write(scene, impostor.url, scene.pins)).toBe('PIN_MISMATCH')
    expect(await dial(impostor.url, scene.ca, scene.pins)).toEqual(['PIN_MISMATCH'])
    expect(impostor.asked).toEqual([])
    // Without pins it would have been told everything that a relay is told.
    await nodeFetchJson({ ca: scene.ca })(impostor.tokenUrl, { method: 'GET' })
    expect(impostor.asked).toEqual(['/token'])
  })

  it('T46 [PN3] refuses the relay itself under pins of another', async () => {
    const scene = await startScene()
    expect(await write(scene, scene.relay.url, pinSet(...STRANGE))).toBe('PIN_MISMATCH')
  })

  it('T46 [PN3] takes over no socket and no session that was made without pins', async () => {
    const scene = await startScene()
    const impostor = await startImpostor(scene)
    const fetchJson = nodeFetchJson({ ca: scene.ca })
    for (let round = 0; round < 3; round++) {
      expect((await fetchJson(impostor.tokenUrl, { method: 'GET' })).status).toBe(200)
      const pinned = fetchJson(impostor.tokenUrl, { method: 'GET', pins: scene.pins })
      await expect(pinned).rejects.toMatchObject({ code: 'PIN_MISMATCH' })
    }
    expect(impostor.asked).toHaveLength(3)
  })

  it('T46 [PN3] does not take a pin for a certificate: chain and name must be good all the same', async () => {
    const scene = await startScene()
    const key = loadLeafKey(scene.tls)
    const misnamed = await startImpostor(scene, key, ['localhost'])
    expect(await dial(misnamed.url, scene.ca, scene.pins)).toEqual(['ERR_TLS_CERT_ALTNAME_INVALID'])
    const other = await startScene()
    expect(await dial(scene.relay.url, other.ca, scene.pins)).toEqual(['UNABLE_TO_VERIFY_LEAF_SIGNATURE'])
  })

  it('T46 [PN5] goes on when the relay changes to its backup key, and refuses the key that was there before once it is not pinned', async () => {
    const scene = await startScene()
    const onlyBefore = pinSet(scene.pins.pins[0]?.pin ?? '', STRANGE[0])
    expect(await write(scene, scene.relay.url, onlyBefore)).toBe('saved')
    const before = scene.relay.fingerprint
    switchToBackupKey(scene.tls)
    await scene.relay.reload()
    expect(scene.relay.fingerprint).not.toBe(before)
    expect(await write(scene, scene.relay.url, scene.pins)).toBe('saved')
    expect(await write(scene, scene.relay.url, onlyBefore)).toBe('PIN_MISMATCH')
    // The pins that are shipped next: the backup key has become the current one, and another is made.
    const next = pinSet(pinOf(loadLeafKey(scene.tls)), pinOf(loadBackupKey(scene.tls)))
    expect(next.pins[0]?.pin).toBe(scene.pins.pins[1]?.pin)
    expect(await write(scene, scene.relay.url, next)).toBe('saved')
  })

  it('T46 [PN4] is bound by nothing from the day on that the pins end, and says so', async () => {
    const scene = await startScene()
    const ended = { ...pinSet(...STRANGE), expires: new Date().toISOString().slice(0, 10) }
    expect(await dial(scene.relay.url, scene.ca, ended)).toEqual(['PINS_EXPIRED', 'SOCKET_ERROR'])
    const lastDay = { ...ended, expires: new Date(Date.now() + 86_400_000).toISOString().slice(0, 10) }
    expect(await dial(scene.relay.url, scene.ca, lastDay)).toEqual(['PIN_MISMATCH'])
    const other = await startScene()
    expect(await dial(scene.relay.url, other.ca, ended)).toEqual(['PINS_EXPIRED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])
  })

  it('T46 [PN3] is not made where nobody would check them, or for another relay', async () => {
    const keys = createMemoryKeyStore()
    const [WebSocket, fetch] = [nodeWebSocket(), nodeFetchJson()]
    const pins = pinSet(...STRANGE)
    const options = { url: 'wss://localhost', device: loadDevice(keys), token: () => Promise.resolve(''), pins }
    // As a browser's class: it takes an address and protocols, and knows of no pins.
    const Plain = (() => {}) as unknown as SocketConstructor
    expect(() => new RelayConnection({ ...options, WebSocket: Plain })).toThrow(TypeError)
    expect(() => new RelayConnection({ ...options, url: 'wss://relay.example', WebSocket })).toThrow(
      /not for relay\.example/,
    )
    const unchecked = { relay: options.url, keys, WebSocket, pins }
    await expect(SealedDocuments.open({ ...unchecked, fetch: (url, init) => fetch(url, init) })).rejects.toThrow(
      TypeError,
    )
    await expect(SealedDocuments.open(unchecked)).rejects.toThrow(TypeError)
    const checked = await SealedDocuments.open({ ...unchecked, fetch })
    checked.close()
  })
})
