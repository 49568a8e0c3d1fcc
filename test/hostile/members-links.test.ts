/**
 * Links in wrong hands, and links that lead astray, with a relay on the attacker's side: what is over lets nobody in, what a device knows is
 * never put in question by a link, and no older version or suite is taken for the document's.
 */
import { createMemoryKeyStore, joinedMembership, loadDevice } from '@y-sealed/client'
import {
  documentIdOf,
  encodeCertificate,
  Envelope,
  joinInput,
  KIND,
  type Bytes,
  type RecordFields,
} from '@y-sealed/protocol'
import { wrapKey, type Device, type EpochKey } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { makeLink, revokeLink } from '../../client/members/intents/link.ts'
import { allRead, forgeRecord, setHostileScene, toldTo, type HostileScene } from '../support/members/hostile-scene.ts'
import { converge, until } from '../support/members/team.ts'
import { createTestDevice } from '../support/raw-client.ts'

const link = createTestDevice()
const mallory = createTestDevice()

/** Alice makes a link. */
async function setLink(terms: Partial<Parameters<typeof makeLink>[1]> = {}): Promise<HostileScene> {
  const scene = await setHostileScene()
  await scene.alice.change(makeLink(link, { role: 'writer', expiresAt: 0, uses: 0, name: '', ...terms }))
  await allRead(scene)
  return scene
}

/** By whoever holds the link's seed and, from whomever, the key in force. */
function joinBy(scene: HostileScene, joiner: Device): Envelope {
  const { genesisHash, recordHead, epochKey } = scene.alice.membership
  const certificate = joiner.certificate()
  const fields: RecordFields = {
    type: 'join',
    link: link.id,
    certificate,
    linkSignature: link.sign(joinInput(genesisHash, recordHead, encodeCertificate(certificate))),
    wrap: wrapKey(epochKey as EpochKey, joiner.boxPublic),
    sealedName: new Uint8Array(0),
  }
  return forgeRecord(scene, fields, joiner)
}

/** The relay stores the join and shows it to all. */
async function knock(scene: HostileScene, joiner: Device = mallory): Promise<string> {
  const { alice, view } = scene
  view.append(joinBy(scene, joiner))
  await until(() => alice.peer.provider.head.seq === view.seq)
  return alice.membership.members.memberOf(joiner.id) === null ? toldTo(alice).join() : 'in'
}

describe('a link that is over, and a relay that takes the join all the same', () => {
  it('T30 [KM17] because it was revoked', async () => {
    const scene = await setLink()
    await scene.alice.change(revokeLink(link.id))
    expect(await knock(scene)).toBe('ENTRY_REFUSED record unknown-link')
    await scene.alice.write('two. ')
    expect(await converge(scene.alice, scene.bob, scene.carol)).toBe('one. two. ')
  })

  it('T30 [KM17] because somebody was removed, who knew it', async () => {
    const scene = await setLink()
    expect(await knock(scene)).toBe('in')
    const { alice } = scene
    await alice.remove(scene.carol)
    expect(await knock(scene, createTestDevice())).toBe('ENTRY_REFUSED record unknown-link')
  })

  it('T30 [KM17] because it was for one, who came', async () => {
    const scene = await setLink({ uses: 1 })
    expect(await knock(scene, createTestDevice())).toBe('in')
    expect(await knock(scene)).toBe('ENTRY_REFUSED record unknown-link')
  })

  it('T30 [KM10] [KM17] because who may have known it lost the role that it gives', async () => {
    const scene = await setLink()
    const { alice, bob } = scene
    await alice.setRole(bob, 'reader')
    expect(await knock(scene)).toBe('ENTRY_REFUSED record unknown-link')
  })

  it('T30 [KM17] because a rotation left it out', async () => {
    const scene = await setLink({ expiresAt: 1_000 })
    // It has expired by Alice’s clock: her rotation does not seal to it.
    await scene.alice.rotate()
    expect(await knock(scene)).toBe('ENTRY_REFUSED record unknown-link')
  })

  it('T30 [AU12] expiry alone is the relay’s word: until a rotation, a relay that lies lets in by an expired link', async () => {
    const scene = await setLink({ expiresAt: 1_000 })
    expect(await knock(scene)).toBe('in')
  })
})

describe('a link to a document that the device knows by another genesis', () => {
  it('T33 [K19] [CL11] is a hard stop, and nothing is overwritten', async () => {
    const keys = createMemoryKeyStore()
    const device = await loadDevice(keys)
    const known = crypto.getRandomValues(new Uint8Array(32))
    await joinedMembership({ genesisHash: known, device, keys })
    const stored = await dump(keys)
    // The same 16 bytes on the wire, another document.
    const other = known.with(31, known[31]! ^ 1)
    expect(documentIdOf(other)).toEqual(documentIdOf(known))
    await expect(joinedMembership({ genesisHash: other, device, keys })).rejects.toMatchObject({
      code: 'GENESIS_CONFLICT',
    })
    expect(await dump(keys)).toEqual(stored)
  })

  it('T33 [K19] [KM3] a relay that begins the records with another genesis is left, and nothing is shown', async () => {
    const [scene, other] = [await setHostileScene(), await setHostileScene()]
    const { relay, bob, team, view } = scene
    const forged = view.fork(0)
    const genesis = (other.view.log[0] as Envelope).bytes.slice()
    genesis.set(view.document, 4)
    forged.append(new Envelope(genesis))
    const stranger = await team.restart(bob, { relay: relay.socketTo(() => forged) })
    await until(() => stranger.closings.length > 0)
    expect(['GENESIS_CONFLICT', 'LOG_INVALID', 'ROLLBACK']).toContain(stranger.closings[0]?.code)
    expect(stranger.text).toBe('')
  })
})

describe('an older version or suite', () => {
  it.each([
    ['a version 0 envelope', 0],
    ['a version 2 envelope', 0],
    ['suite 0', 2],
    ['suite 2', 2],
  ])('T33 [K15] [EN4] %s is no entry: the socket is left', async (what, at) => {
    const scene = await setHostileScene()
    const { alice, view } = scene
    const last = (view.log.at(-1) as Envelope).bytes.slice()
    last[at] = what.includes('0') ? 0 : 2
    const errors: unknown[] = []
    alice.peer.connection.on('connection-close', (reason) => errors.push(reason))
    for (const socket of view.sockets) socket.sayBytes(entriesOf(view.seq + 1, last))
    await until(() => errors.length > 0)
    expect(alice.text).toBe('one. ')
  })

  it('T33 [K15] [KM2] a genesis of another suite is another document', async () => {
    const { relay, bob, team, view } = await setHostileScene()
    const forged = view.fork(0)
    const genesis = (view.log[0] as Envelope).bytes.slice()
    // Type, record-prev, mode, suite.
    genesis[124 + 1 + 32 + 1] = 2
    forged.append(new Envelope(genesis))
    const again = await team.restart(bob, { relay: relay.socketTo(() => forged) })
    await until(() => again.closings.length > 0)
    expect(again.text).toBe('')
    expect(forged.log[0]?.kind).toBe(KIND.record)
  })
})

/** `0x83 ‖ u64 seq ‖ envelope`, whatever the envelope is. [FR4] */
function entriesOf(seq: number, envelope: Bytes): Bytes {
  const frame = new Uint8Array(9 + envelope.length)
  frame[0] = 0x83
  new DataView(frame.buffer).setBigUint64(1, BigInt(seq))
  frame.set(envelope, 9)
  return frame
}

async function dump(keys: ReturnType<typeof createMemoryKeyStore>): Promise<readonly (readonly [string, string])[]> {
  const names = await keys.list('')
  return Promise.all(names.toSorted().map(async (name) => [name, String(await keys.get(name))] as const))
}
