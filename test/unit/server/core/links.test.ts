/** A socket that has proved a link's keys: it gets the records, and may bring one join. */
import { cryptoReady, encodeClientFrame, type Envelope, type JoinFields, type LinkFields } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import type { Permission } from '../../../../server/core/ports.ts'
import { ALL, CoreWorld, type CorePeer, type CoreWorldOptions } from '../../../support/core-world.ts'
import { createMemoryStore } from '../../../../server/store/memory.ts'
import { MemberWorld, namesOf } from '../../../support/members/member-world.ts'
import { linkFields, roleFields } from '../../../support/members/test-member-log.ts'
import { createTestDevice } from '../../../support/raw-client.ts'

await cryptoReady()

interface LinkScene {
  readonly scene: MemberWorld
  readonly link: Device
  /** A socket of the link's keys that has sent OPEN. */
  readonly peer: CorePeer
}

/** A document with a link, and a socket of the link's keys. */
async function createLink(
  { expiresInS = 0, uses = 0 }: { readonly expiresInS?: number; readonly uses?: number } = {},
  permissions: readonly Permission[] = ['read'],
  options: CoreWorldOptions = {},
): Promise<LinkScene> {
  const scene = await MemberWorld.start(options)
  const link = createTestDevice()
  const nowS = Math.floor(scene.world.clock.now() / 1000)
  const expiresAt = expiresInS === 0 ? 0 : nowS + expiresInS
  const fields = { ...(linkFields(link, 'writer', uses) as LinkFields), expiresAt }
  await scene.must(scene.document.make(scene.document.creator, fields))
  const peer = await open({ scene, link }, permissions)
  return { scene, link, peer }
}

async function open(
  { scene, link }: Pick<LinkScene, 'scene' | 'link'>,
  permissions: readonly Permission[] = ['read'],
): Promise<CorePeer> {
  const peer = await scene.world.peer(scene.document.id, permissions, link)
  await peer.open(scene.document.id)
  return peer
}

/** What `joiner` would bring through the link. */
function joinOf({ scene, link }: LinkScene, joiner: Device, through: Device = link): Envelope {
  return scene.document.make(joiner, scene.document.log.join(through, joiner))
}

describe('[AU12] a link’s socket', () => {
  it('is answered OPENED without a role, and all records', async () => {
    const { scene, peer } = await createLink()
    await scene.must(scene.document.add(createTestDevice(), 'reader'))
    expect(peer.take()).toMatchObject([
      { type: 'opened', present: true, role: 'none', permissions: 1, through: 0, head: { seq: 2 } },
      { type: 'records', more: false, records: [{ seq: 1 }, { seq: 2 }] },
    ])
  })

  it('is told the records alone, from whatever place it says to come', async () => {
    const { scene, link } = await createLink()
    const writer = scene.document.writer(scene.document.creator)
    for (const { envelope } of [writer.bind(), ...writer.updates(3)]) {
      await scene.alice.say({ type: 'push', envelopes: [envelope] })
    }
    const peer = await scene.world.peer(scene.document.id, ['read'], link)
    await peer.open(scene.document.id, { cursorSeq: 3, cursorTranscript: new Uint8Array(32).fill(3) })
    expect(peer.frames).toMatchObject([{ type: 'opened', role: 'none', through: 0 }, { type: 'records' }])
    expect(namesOf(peer.take())).toEqual(['opened none', 'records 2'])
    const again = await scene.world.peer(scene.document.id, ['read'], link)
    await again.open(scene.document.id, { recordHead: scene.document.log.log.recordHead })
    expect(namesOf(again.take())).toEqual(['opened none', 'records 0'])
    const blind = await open({ scene, link }, ['create'])
    expect(namesOf(blind.take())).toEqual(['opened none'])
  })

  it('is sent nothing live: no entry, no record, no presence, no head', async () => {
    const { scene, peer } = await createLink({}, ALL)
    peer.take()
    const { document, alice, world } = scene
    const writer = document.writer(document.creator)
    await alice.say({ type: 'push', envelopes: [writer.bind().envelope] })
    await alice.say({ type: 'awareness', envelope: writer.awareness().envelope })
    await scene.must(document.add(createTestDevice(), 'reader'))
    await world.pass(11_000)
    expect(namesOf(peer.take()).filter((name) => name !== 'heartbeat')).toEqual([])
  })

  it('[G2] may do nothing but join, whatever its token says', async () => {
    const { scene, peer, link } = await createLink({}, ALL, { limits: { strikes: 1000 } })
    peer.take()
    const { document } = scene
    const writer = document.writer(link)
    await peer.say({ type: 'read', document: document.id, after: 0, maxBytes: 1e6 })
    await peer.say({ type: 'awareness', envelope: writer.awareness().envelope })
    await peer.say({ type: 'delete', document: document.id })
    for (const envelope of [
      writer.bind().envelope,
      writer.update().envelope,
      document.add(createTestDevice(), 'reader', link, true),
      document.rotate(link),
      document.leave(link),
      document.make(link, roleFields(link.id, 'admin')),
    ]) {
      await peer.say({ type: 'push', envelopes: [envelope] })
    }
    expect(namesOf(peer.take())).toEqual(Array.from({ length: 9 }, () => 'nack 40300'))
    expect(await scene.headSeq()).toBe(2)
  })

  it('takes one join in its own name, and no second', async () => {
    const setting = await createLink()
    const { scene, peer } = setting
    peer.take()
    const [bob, carol] = [createTestDevice(), createTestDevice()]
    expect(namesOf(await scene.push(joinOf(setting, bob), peer))).toEqual(['ack'])
    expect(await scene.world.store.roleOf(scene.document.id, bob.id)).toBe('writer')
    expect(namesOf(await scene.push(joinOf(setting, carol), peer))).toEqual(['nack 40300'])
    // By another socket it is good for more.
    const next = await open(setting)
    next.take()
    expect(namesOf(await scene.push(joinOf(setting, carol), next))).toEqual(['ack'])
    expect(namesOf(scene.alice.take())).toEqual(['entries 3', 'entries 4'])
    const bobs = await scene.world.peer(scene.document.id, ALL, bob)
    await bobs.open(scene.document.id)
    expect(namesOf(bobs.take())).toEqual(['opened writer', 'records 4', 'entries 1'])
  })

  it('may try again what was refused: a join upon an older record', async () => {
    const setting = await createLink()
    const { scene, peer } = setting
    peer.take()
    const bob = createTestDevice()
    const late = joinOf(setting, bob)
    await scene.must(scene.document.add(createTestDevice(), 'reader'))
    expect(namesOf(await scene.push(late, peer))).toEqual(['nack 40904'])
    expect(namesOf(await scene.push(joinOf(setting, bob), peer))).toEqual(['ack'])
  })

  it('is refused a join by another link, one that the link did not sign, and one of another device’s making', async () => {
    const setting = await createLink({}, ['read'], { limits: { strikes: 1000 } })
    const { scene, peer } = setting
    peer.take()
    const other = createTestDevice()
    await scene.must(scene.document.make(scene.document.creator, linkFields(other, 'admin')))
    const bob = createTestDevice()
    expect(namesOf(await scene.push(joinOf(setting, bob, other), peer))).toEqual(['nack 40300'])
    const forged = { ...(scene.document.log.join(createTestDevice(), bob) as JoinFields), link: setting.link.id }
    expect(namesOf(await scene.push(scene.document.make(bob, forged), peer))).toEqual(['nack 40000'])
    const foreign = scene.document.make(createTestDevice(), scene.document.log.join(setting.link, bob))
    expect(namesOf(await scene.push(foreign, peer))).toEqual(['nack 40000'])
    expect(await scene.headSeq()).toBe(3)
  })

  it.each<[string, (setting: LinkScene) => Promise<void>]>([
    [
      'is revoked',
      async ({ scene, link }) => {
        const { document } = scene
        const fields = { type: 'revoke-link', link: link.id, rotation: document.rotation() } as const
        await scene.must(document.make(document.creator, fields))
      },
    ],
    ['is left out of a rotation', async ({ scene }) => scene.must(scene.document.rotate())],
    ['goes with a removal', async ({ scene }) => scene.must(scene.document.remove([await scene.member('reader')]))],
    [
      'would give a role back that was taken',
      async ({ scene }) => {
        const bob = await scene.member('writer')
        await scene.must(scene.document.make(scene.document.creator, roleFields(bob.id, 'reader')))
      },
    ],
  ])('is closed within a second when the link %s, and is a stranger’s from then on', async (_, way) => {
    const setting = await createLink()
    setting.peer.take()
    await way(setting)
    expect(namesOf(setting.peer.take())).toEqual(['closed 40300'])
    const again = await open(setting)
    const stranger = await open({ ...setting, link: createTestDevice() })
    const answers = [again.take(), stranger.take()]
    expect(namesOf(answers[0] ?? [])).toEqual(['nack 40300'])
    expect(answers[0]).toEqual(answers[1])
  })

  it('is closed behind its ACK when its own join used the link up', async () => {
    const setting = await createLink({ uses: 2 })
    const { scene, peer } = setting
    peer.take()
    const last = await open(setting)
    last.take()
    expect(namesOf(await scene.push(joinOf(setting, createTestDevice()), peer))).toEqual(['ack'])
    expect(namesOf(await scene.push(joinOf(setting, createTestDevice()), last))).toEqual(['ack', 'closed 40300'])
    expect(namesOf(peer.take())).toEqual(['closed 40300'])
    expect(namesOf((await open(setting)).take())).toEqual(['nack 40300'])
  })

  it('counts a join once, though two sockets ask at once a relay that has just started', async () => {
    const store = createMemoryStore()
    const setting = await createLink({ uses: 2 }, ['read'], { store })
    const { scene, peer, link } = setting
    expect(namesOf(await scene.push(joinOf(setting, createTestDevice()), peer))).toContain('ack')
    const { document } = scene
    const later = await CoreWorld.start({ store })
    const guests = [await later.opened(document.id, ['read'], link), await later.opened(document.id, ['read'], link)]
    for (const guest of guests) {
      const envelopes = [joinOf(setting, createTestDevice())]
      guest.connection?.receive(encodeClientFrame({ type: 'push', envelopes }))
    }
    await later.flush()
    const answers = guests.flatMap((guest) => namesOf(guest.take()))
    expect(answers.toSorted()).toEqual(['ack', 'closed 40300', 'closed 40300', 'nack 40904'])
  })

  it('ends by the relay’s clock: OPEN, the join and what is open', async () => {
    const setting = await createLink({ expiresInS: 60 })
    const { scene, peer } = setting
    peer.take()
    await scene.world.pass(59_000, 1_000)
    const late = await open(setting)
    expect(namesOf(late.take())).toEqual(['opened none', 'records 2'])
    // The wall clock alone: no tick has come yet that would close them.
    scene.world.clock.stepWall(1_000)
    expect(namesOf(await scene.push(joinOf(setting, createTestDevice()), late))).toEqual(['nack 40300'])
    expect(namesOf((await open(setting)).take())).toEqual(['nack 40300'])
    await scene.world.pass(1_000)
    for (const socket of [peer, late]) expect(namesOf(socket.take())).toContain('closed 40300')
    // To the log it is as good as ever: expiry is the relay’s word alone.
    expect(scene.document.log.log.members.links).toHaveLength(1)
    expect(await scene.headSeq()).toBe(2)
  })
})
