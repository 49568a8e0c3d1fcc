/**
 * A play full of secrets: two people and a third by a relay that logs all it can, in a process of its own, and a proxy that keeps what is
 * carried. Then the search for what must not be found.
 *
 * @module
 */
import {
  createMembersDocument,
  createMemoryKeyStore,
  loadDevice,
  type KeyStore,
  type TokenSource,
} from '@y-sealed/client'
import { encodeUtf8, frameFields, toBytes, type Bytes } from '@y-sealed/protocol'
import { randomBytes, type EpochKey } from '@y-sealed/protocol/sealing'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'

import { roomLinkToText } from '../../client/node/cli/room-link.ts'
import { sodium } from '../../shared/crypto/sodium.ts'
import {
  filesIn,
  findLeaks,
  keyCanaries,
  textCanary,
  wirePlaces,
  withoutRightfulTokens,
  type Canary,
  type Leak,
  type Place,
} from './leak-scan.ts'
import { startLyingRelay, type LyingRelay } from './lying-relay.ts'
import { startRelayProcess, type RelayProcess } from './relay-process.ts'
import { createScene, findFreePort, tokensOf, watch, type HonestRelay, type Scene } from './stage.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** A word that occurs nowhere by chance. */
export function secretWord(kind: string): string {
  return `canary-${kind}-${Buffer.from(randomBytes(9)).toString('hex')}`
}

/** What was played, and what must not be found of it. */
export interface Play {
  readonly lying: LyingRelay
  readonly relay: RelayProcess
  readonly address: HonestRelay
  readonly scene: Scene
  readonly secrets: readonly Canary[]
  readonly tokens: readonly Canary[]
}

/** Everything once: a shared note and a members note, text, keys of maps, names, cursors, reconnection, deletion. */
export async function play(root?: string): Promise<Play> {
  const words = Object.fromEntries(
    ['text', 'key', 'value', 'type', 'name', 'cursor', 'room', 'title', 'deleted'].map((kind) => [
      kind,
      secretWord(kind),
    ]),
  ) as Record<'text' | 'key' | 'value' | 'type' | 'name' | 'cursor' | 'room' | 'title' | 'deleted', string>
  const [lying, port, data] = [await startLyingRelay(), await findFreePort(), makeTemporaryFolder()]
  const url = `wss://localhost:${port}/sync`
  const args = ['--data', data, '--port', String(port), '--url', url, '--url', lying.url, '--log-level', 'debug']
  const relay = await startRelayProcess(args, root)
  const ca = readFileSync(join(data, 'tls', 'ca.pem'), 'utf8')
  const address: HonestRelay = { url, ca, port, data, close: () => relay.stop() }
  lying.stand(address)
  const scene = await createScene(words.room)
  const tokens: string[] = []
  const keysOf: KeyStore[] = []
  const enter = async (access = scene.access(), keys = createMemoryKeyStore()): ReturnType<typeof watch> => {
    keysOf.push(keys)
    const device = await loadDevice(keys)
    const ask = tokensOf(lying, device, access)
    const token: TokenSource = async (request) => {
      const given = await ask(request)
      tokens.push(given)
      return given
    }
    return await watch({ relay: lying, access, keys, provider: { token } })
  }

  const [alice, bob] = [await enter(), await enter()]
  await Promise.all([alice.peer.provider.whenSynced(), bob.peer.provider.whenSynced()])
  alice.peer.text.insert(0, `${words.text} ${words.deleted}`)
  await alice.peer.provider.whenSaved()
  alice.peer.text.delete(words.text.length, words.deleted.length + 1)
  bob.peer.doc.getMap(words.type).set(words.key, { [words.key]: words.value })
  alice.peer.provider.awareness.setLocalState({ user: { name: words.name }, cursor: words.cursor })
  bob.peer.provider.awareness.setLocalState({ user: { name: words.name } })
  await Promise.all([alice.peer.provider.flush(), bob.peer.provider.flush()])
  await vi.waitFor(() => {
    expect(alice.peer.doc.getMap(words.type).get(words.key)).toEqual({ [words.key]: words.value })
    expect(bob.text).toBe(words.text)
    expect(bob.peer.provider.awareness.getStates().size).toBe(2)
    expect(alice.peer.provider.awareness.getStates().size).toBe(2)
  })
  lying.cut()
  bob.peer.text.insert(0, words.text)
  await bob.peer.provider.whenSaved()

  const keys = createMemoryKeyStore()
  const access = await createMembersDocument(await loadDevice(keys), keys, toBytes(Buffer.from(words.title)))
  const owner = await enter(access, keys)
  await owner.peer.provider.whenSynced()
  owner.peer.text.insert(0, words.text)
  await owner.peer.provider.whenSaved()

  const seeds = await Promise.all(keysOf.map(async (store) => (await store.get('device')) as Bytes))
  const secrets = [
    ...Object.entries(words).map(([kind, word]) => textCanary(`the ${kind}`, word)),
    textCanary('the link', roomLinkToText({ mode: 'shared-key', key: scene.key, room: scene.room })),
    ...seeds.flatMap((pair, index) => [
      ...keyCanaries(`signing seed ${index}`, pair.slice(0, 32)),
      ...keyCanaries(`box seed ${index}`, pair.slice(32)),
    ]),
    ...keyCanaries("the app's key", scene.key),
    ...roomKeys(scene).flatMap((key, index) => keyCanaries(`room key ${index}`, key)),
    ...keysUnder("the room's", scene.document.key),
    ...keysUnder("the members'", access.keyOf(1) as EpochKey),
  ]
  return { lying, relay, address, scene, secrets, tokens: tokens.map((token, i) => textCanary(`token ${i}`, token)) }
}

/** Room key and signing seed. [KM13] */
function roomKeys({ key, room }: Scene): readonly Bytes[] {
  const roomKey = sodium.crypto_generichash(
    32,
    frameFields('y-sealed/v1/room', encodeUtf8(room) as Bytes),
    key,
  ) as Bytes
  return [roomKey, sodium.crypto_kdf_derive_from_key(32, 2, 'ysealedR', roomKey) as Bytes]
}

/** An epoch key and the six of its subkeys that are secret: the first one, whose hash is published, included. [KM5] */
function keysUnder(whose: string, epoch: EpochKey): readonly Canary[] {
  const key = epoch.exportKey()
  const subkeys = [1, 2, 3, 4, 5, 6, 7].map((n) => sodium.crypto_kdf_derive_from_key(32, n, 'ysealed1', key) as Bytes)
  return [key, ...subkeys].flatMap((bytes, n) =>
    keyCanaries(`${whose} ${n === 0 ? 'epoch key' : `subkey ${n}`}`, bytes),
  )
}

/** Where the relay writes, while it runs or afterwards. */
export function placesOf({ relay, address }: Play): readonly Place[] {
  const said = (name: 'stdout' | 'stderr'): Place => ({
    name,
    bytes: toBytes(Buffer.from(relay.output[name], 'latin1')),
  })
  return [...filesIn(address.data), said('stdout'), said('stderr')]
}

/** Everything that is where it must not be. */
export function search(played: Play): readonly Leak[] {
  const { lying, secrets, tokens } = played
  return [
    ...findLeaks([...placesOf(played), ...wirePlaces(lying.captured)], secrets),
    ...findLeaks([...placesOf(played), ...wirePlaces(withoutRightfulTokens(lying.captured))], tokens),
  ]
}
