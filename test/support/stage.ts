/**
 * A stage for hostile scenarios: one room, a real relay, and before it one that lies. People join by either; what each of them was told is
 * kept. A raw writer holds the room's key and obeys no rule.
 *
 * @module
 */
import {
  issuerTokens,
  sharedKeyDocument,
  type DocumentAccess,
  type DownReason,
  type IntegrityReport,
  type SendProblem,
  type TokenSource,
} from '@y-sealed/client'
import { nodeFetchJson } from '@y-sealed/client/node'
import { bytesToBase64url, cryptoReady, sodiumSha512, startTranscript, toBytes, type Bytes } from '@y-sealed/protocol'
import { randomBytes, Room, type Device } from '@y-sealed/protocol/sealing'
import { cpSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, vi } from 'vitest'

import type { RelayLimits } from '../../server/core/limits.ts'
import { startRelay } from '../../server/serve.ts'
import { startLyingRelay, type LyingRelay } from './lying-relay.ts'
import { join, type Peer, type PeerOptions, type RelayAddress } from './peer.ts'
import { createTestDevice, RawClient } from './raw-client.ts'
import { TestWriter, type TestDocument } from './room-document.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** A port that nobody has at this moment. */
export async function findFreePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return port
}

/** A room as its members and as the tests see it. */
export interface Scene {
  readonly access: () => DocumentAccess
  readonly document: TestDocument
  /** The app's 32 bytes. */
  readonly key: Bytes
  readonly room: string
}

/** A fresh room in `shared-key` mode. */
export async function createScene(room = `note ${crypto.randomUUID()}`): Promise<Scene> {
  await cryptoReady()
  const key = randomBytes(32)
  const access = sharedKeyDocument({ key, room })
  const start = { seq: 0, transcript: startTranscript(sodiumSha512, access.genesisHash) }
  const { documentId: id, genesisHash, genesisBody } = access
  const keys = new Room(key, toBytes(Buffer.from(room)))
  const document = { id, genesisHash, body: genesisBody as Bytes, key: keys.epochKey, room: keys, start }
  return { access: () => sharedKeyDocument({ key, room }), document, key, room }
}

/** A relay that runs in this process. */
export interface HonestRelay extends RelayAddress {
  readonly port: number
  readonly data: string
  close(): Promise<void>
}

/** Starts one over `data` for clients that dial `dialled` or itself. It ends with the test. */
export async function startHonestRelay(
  dialled: readonly LyingRelay[],
  data: string = makeTemporaryFolder(),
  limits: Partial<RelayLimits> = {},
): Promise<HonestRelay> {
  const port = await findFreePort()
  const own = `wss://localhost:${port}/sync`
  const urls = [own, ...dialled.map(({ url }) => url)]
  const relay = await startRelay({ data, port, urls, limits, logLevel: 'silent' })
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => (closing ??= relay.close())
  onTestFinished(close)
  return { url: own, ca: readFileSync(relay.caPath as string, 'utf8'), port, data, close }
}

/** Stops a relay and copies what it leaves behind to a folder of its own: a backup, or the other half of a fork. */
export async function copyOf(relay: HonestRelay, dialled: readonly LyingRelay[]): Promise<string> {
  // Without clients it has nobody to say good-bye to.
  for (const lying of dialled) lying.stand(null)
  await relay.close()
  const copy = makeTemporaryFolder()
  cpSync(relay.data, copy, { recursive: true })
  return copy
}

/** A person, and everything that their provider told them. */
export interface Witness {
  readonly peer: Peer
  readonly reports: IntegrityReport[]
  readonly closings: DownReason[]
  readonly problems: SendProblem[]
  /** Of the connection; programming errors among them fail {@link expectSound}. */
  readonly errors: unknown[]
  readonly text: string
}

/** Joins and listens. Shows no presence until a test sets one, so that the log holds only what the test writes. */
export async function watch(options: PeerOptions): Promise<Witness> {
  const peer = await join({ ...options, provider: { ...options.provider, connect: false } })
  peer.provider.awareness.setLocalState(null)
  const [reports, closings, problems, errors] = [[], [], [], []] as [
    IntegrityReport[],
    DownReason[],
    SendProblem[],
    unknown[],
  ]
  peer.provider.on('integrity', (report) => reports.push(report))
  peer.provider.on('closed', (reason) => closings.push(reason))
  peer.provider.on('problem', (problem) => problems.push(problem))
  peer.connection.on('connection-error', (error) => errors.push(error))
  if (options.provider?.connect !== false) peer.provider.connect()
  return {
    peer,
    reports,
    closings,
    problems,
    errors,
    get text() {
      return peer.text.toJSON()
    },
  }
}

export interface Stage extends Scene {
  readonly lying: LyingRelay
  readonly honest: HonestRelay
  /** By the relay that lies. */
  watch(options?: Partial<PeerOptions>): Promise<Witness>
  /** By the honest one: what is really there. */
  watchHonestly(options?: Partial<PeerOptions>): Promise<Witness>
  /** Somebody with the room's key and no manners, at the honest relay; the document must exist. */
  intrude(device?: Device): Promise<Intruder>
}

/** A relay that lies, before an honest one; telling the truth so far. */
export async function startLyingFront(): Promise<LyingRelay> {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  return lying
}

/** Everything in place, and telling the truth so far. */
export async function setStage(): Promise<Stage> {
  const scene = await createScene()
  const lying = await startLyingRelay()
  const honest = await startHonestRelay([lying])
  lying.stand(honest)
  return {
    ...scene,
    lying,
    honest,
    watch: (options) => watch({ relay: lying, access: scene.access(), ...options }),
    watchHonestly: (options) => watch({ relay: honest, access: scene.access(), ...options }),
    intrude: (device) => intrude(honest, scene, device),
  }
}

/** A raw writer with an open document. */
export interface Intruder {
  readonly client: RawClient
  readonly writer: TestWriter
}

/** Tokens as the app's own would get them. */
export function tokensOf(relay: RelayAddress, device: Device, access: DocumentAccess): TokenSource {
  return issuerTokens({ device, accessOf: () => access, fetch: nodeFetchJson({ ca: relay.ca }) })
}

export async function intrude(
  relay: RelayAddress,
  scene: Scene,
  device: Device = createTestDevice(),
): Promise<Intruder> {
  const audience = relay.url
  const documentId = bytesToBase64url(scene.document.id)
  const request = { documentId, deviceId: bytesToBase64url(device.id), audience }
  const token = await tokensOf(relay, device, scene.access())(request)
  const client = new RawClient({ url: audience, ca: relay.ca, token, device, audience })
  onTestFinished(() => client.terminate())
  await client.hello()
  client.open(scene.document.id)
  await client.nextOf('opened')
  return { client, writer: new TestWriter(scene.document, device) }
}

/** No error of programming came up: what a peer sends is never one. */
export function expectSound(...witnesses: readonly Witness[]): void {
  for (const { errors } of witnesses) {
    const faults = errors.filter((error) => error instanceof TypeError || error instanceof RangeError)
    if (faults.length > 0) throw new AggregateError(faults, "the peer's bytes led to an error of programming")
  }
}

/** The relay has signed for all that they have. */
export async function whenSigned(...people: readonly Witness[]): Promise<void> {
  await vi.waitFor(
    () => {
      for (const { peer } of people) expect(peer.provider.signedHead?.seq).toBe(peer.provider.head.seq)
    },
    { timeout: 10_000 },
  )
}

/** It was found out that the relay showed less, and that it shows all of it again; nobody has stopped. */
export async function whenHealed(witness: Witness): Promise<void> {
  await vi.waitFor(
    () => {
      const codes = witness.reports.map(({ code }) => code).filter((code) => code !== 'ENTRY_REFUSED')
      expect(codes.slice(-2)).toEqual([expect.stringMatching(/^(ROLLBACK|FORK)$/), 'RESTORED'])
      expect(witness.peer.provider.synced).toBe(true)
    },
    { timeout: 10_000 },
  )
  expect(witness.reports.filter(({ fatal }) => fatal)).toEqual([])
  expect(witness.closings).toEqual([])
  expectSound(witness)
}

/** What is left of a provider that has stopped for good. */
export interface Halt {
  readonly closed: readonly string[]
  readonly reported: readonly string[]
  readonly text: string
  /** What is typed afterwards stays, and is known to be unsaved. */
  readonly keeps: boolean
  readonly synced: boolean
}

/** Waits until it has stopped, types a word, and tells. */
export async function haltOf(witness: Witness): Promise<Halt> {
  // A relay is asked again some times before it is left.
  await vi.waitFor(() => expect(witness.closings).not.toEqual([]), { timeout: 30_000 })
  const { reports, closings, text } = witness
  const { provider, text: note } = witness.peer
  const unsaved = provider.unsyncedChanges
  note.insert(text.length, 'kept')
  expectSound(witness)
  return {
    closed: closings.map((reason) => reason.code),
    // A proof follows by itself, where there is one.
    reported: reports.filter(({ code, fatal }) => fatal && code !== 'FORK_PROVEN').map(({ code }) => code),
    text,
    keeps: witness.text === `${text}kept` && provider.unsyncedChanges === unsaved + 1,
    synced: provider.synced,
  }
}

/** As it must be: the relay's word is not taken any more, what was verified is still shown, and edits are kept. [LO6] */
export function halted(code: string, text: string): Halt {
  return { closed: [code], reported: [code], text, keeps: true, synced: false }
}
