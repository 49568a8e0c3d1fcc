/**
 * Row F19 against a relay over TLS: records that may not stand, as bytes.
 */
import { cryptoReady, encodeRecord, HEADER_BYTES, KIND, type Bytes, type Envelope } from '@y-sealed/protocol'
import { createEpochKey, randomBytes, type Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import type { Permission } from '../../server/core/ports.ts'
import { createCast, pushBytes, type Cast } from '../support/members/member-cast.ts'
import { expectUnharmed, MemberRelay } from '../support/members/member-relay.ts'
import {
  addFields,
  linkFields,
  removeFields,
  rewrapFields,
  roleFields,
  sealBody,
} from '../support/members/test-member-log.ts'
import { createTestDevice } from '../support/raw-client.ts'

await cryptoReady()

/** The record, with bytes of its body changed before it is signed. */
function remake({ document }: MemberRelay, signer: Device, body: Bytes): Envelope {
  const { epoch, commitment } = document.log.log.members.epoch
  return sealBody(body, {
    kind: KIND.record,
    document: document.id,
    epoch,
    commitment,
    device: signer.id,
    sign: (input) => signer.sign(input),
    counter: 1,
    session: randomBytes(8),
    seen: document.log.start,
  })
}

function flip(envelope: Envelope, at: number): Bytes {
  const bytes = envelope.bytes.slice()
  const place = at < 0 ? bytes.length + at : at
  bytes[place] = (bytes[place] as number) ^ 1
  return bytes
}

type Attack = (cast: Cast) => {
  readonly by: Device
  readonly bytes: Bytes
  readonly permissions?: readonly Permission[]
}

const by = (device: Device, envelope: Envelope): ReturnType<Attack> => ({ by: device, bytes: envelope.bytes })

const ATTACKS: readonly (readonly [string, string, number, Attack])[] = [
  [
    'a bad signature',
    'signature',
    40000,
    ({ scene: { document } }) => ({
      by: document.creator,
      bytes: flip(document.add(createTestDevice(), 'reader'), -1),
    }),
  ],
  [
    'a body changed under a good signature',
    'signature',
    40000,
    ({ scene: { document } }) => ({
      by: document.creator,
      // The role of an `add`: reader becomes writer’s neighbour.
      bytes: flip(document.add(createTestDevice(), 'writer'), HEADER_BYTES + 34),
    }),
  ],
  [
    'the signature of another key than the author’s',
    'signature',
    40000,
    ({ scene: { document }, writer }) =>
      by(document.creator, document.make(document.creator, roleFields(writer.id, 'admin'), { signer: writer })),
  ],
  [
    'a signer who is a writer',
    'not-allowed',
    40300,
    ({ scene: { document }, writer }) => by(writer, document.add(createTestDevice(), 'reader', writer)),
  ],
  [
    'a signer who raises themselves',
    'not-allowed',
    40300,
    ({ scene: { document }, writer }) => by(writer, document.make(writer, roleFields(writer.id, 'admin'))),
  ],
  [
    'a signer who gives their own device more than they are',
    'not-allowed',
    40300,
    ({ scene: { document }, writer }) => by(writer, document.add(createTestDevice(), 'admin', writer, true)),
  ],
  [
    'a reader who rotates',
    'not-allowed',
    40300,
    ({ scene: { document }, reader }) => by(reader, document.rotate(reader)),
  ],
  [
    'a writer who removes another',
    'not-allowed',
    40300,
    ({ scene: { document }, writer, reader }) => by(writer, document.remove([reader], writer)),
  ],
  [
    'a writer who makes a link',
    'not-allowed',
    40300,
    ({ scene: { document }, writer }) => by(writer, document.make(writer, linkFields(createTestDevice(), 'reader'))),
  ],
  [
    'the removal of all admins',
    'last-admin',
    40300,
    ({ scene: { document }, admin }) => by(document.creator, document.remove([document.creator, admin])),
  ],
  [
    'a record-prev that is not the newest record',
    'stale',
    40904,
    ({ scene: { document } }) =>
      by(
        document.creator,
        document.make(document.creator, addFields(createTestDevice(), 'reader'), { recordPrev: randomBytes(32) }),
      ),
  ],
  [
    'an old record once more, in another session',
    'stale',
    40904,
    ({ scene }) => {
      const [old] = scene.document.log.taken.filter(({ seq }) => seq === 3)
      return by(scene.document.creator, remake(scene, scene.document.creator, old?.envelope.sealed as Bytes))
    },
  ],
  [
    'a device that is a member’s already',
    'known-device',
    40000,
    ({ scene: { document }, reader }) => by(document.creator, document.add(reader, 'admin')),
  ],
  [
    'a certificate that its own key did not sign',
    'certificate',
    40000,
    ({ scene: { document } }) => {
      const fields = addFields(createTestDevice(), 'reader')
      const forged = { ...(fields as Extract<typeof fields, { type: 'add' }>).certificate, boxPublic: randomBytes(32) }
      return by(document.creator, document.make(document.creator, { ...fields, certificate: forged } as typeof fields))
    },
  ],
  [
    'one device of another member and not all',
    'part-of-member',
    40300,
    ({ scene: { document }, twin }) => by(document.creator, document.remove([twin])),
  ],
  [
    'the removal of a stranger',
    'unknown-device',
    40000,
    ({ scene: { document } }) => by(document.creator, document.remove([createTestDevice()])),
  ],
  [
    'a key for fewer than stay',
    'wraps',
    40000,
    ({ scene: { document }, reader, writer }) => {
      const rotation = document.rotation({ without: [reader.id, writer.id] })
      return by(document.creator, document.make(document.creator, removeFields([reader.id], rotation)))
    },
  ],
  [
    'a key for one who goes',
    'wraps',
    40000,
    ({ scene: { document }, reader }) => {
      const rotation = document.rotation()
      return by(document.creator, document.make(document.creator, removeFields([reader.id], rotation)))
    },
  ],
  [
    'a key for a link at a removal',
    'wraps',
    40000,
    ({ scene: { document }, reader, link }) => {
      const rotation = document.rotation({ without: [reader.id], links: [link.id] })
      return by(document.creator, document.make(document.creator, removeFields([reader.id], rotation)))
    },
  ],
  [
    'an epoch that is skipped',
    'rotation',
    40000,
    ({ scene: { document } }) =>
      by(
        document.creator,
        document.make(document.creator, { type: 'epoch', rotation: document.rotation({ epoch: 3 }) }),
      ),
  ],
  [
    'the commitment of an epoch that was',
    'rotation',
    40000,
    ({ scene: { document } }) => {
      const commitment = (document.keys[0] as { commitment: Bytes }).commitment
      return by(
        document.creator,
        document.make(document.creator, { type: 'epoch', rotation: document.rotation({ commitment }) }),
      )
    },
  ],
  [
    'another epoch in its envelope',
    'epoch',
    40903,
    ({ scene: { document } }) => {
      const { commitment } = createEpochKey(2)
      const fields = addFields(createTestDevice(), 'reader')
      return by(document.creator, document.make(document.creator, fields, { epoch: 2, commitment }))
    },
  ],
  [
    'a leaving that opens an epoch of the leaver’s choosing',
    'rotation',
    40000,
    ({ scene: { document }, writer }) => by(writer, document.remove([writer], writer)),
  ],
  [
    'a key again for a stranger',
    'wraps',
    40000,
    ({ scene: { document }, reader }) => by(reader, document.make(reader, rewrapFields(1, [createTestDevice().id]))),
  ],
  [
    'a link that never was',
    'unknown-link',
    40300,
    ({ scene: { document } }) =>
      by(
        document.creator,
        document.make(document.creator, { type: 'revoke-link', link: randomBytes(16), rotation: document.rotation() }),
      ),
  ],
  [
    'more than 1 000 wraps',
    'malformed',
    40000,
    ({ scene }) => {
      const { creator, log } = scene.document
      const wraps = Array.from({ length: 1_000 }, () => randomBytes(16))
      const good = encodeRecord({
        type: 'epoch',
        recordPrev: log.log.recordHead,
        rotation: log.rotation({ wraps }),
      })
      // One more row than may be, and the count of it.
      const body = new Uint8Array(good.length + 96)
      body.set(good)
      body.fill(255, good.length)
      new DataView(body.buffer).setUint16(1 + 32 + 4 + 32 + 72, 1_001)
      return by(creator, remake(scene, creator, body))
    },
  ],
  [
    'a device twice',
    'malformed',
    40000,
    ({ scene, writer, reader }) => {
      const { creator, document } = { creator: scene.document.creator, document: scene.document }
      const body = document.remove([writer, reader]).sealed.slice()
      body.copyWithin(33 + 2 + 16, 33 + 2, 33 + 2 + 16)
      return by(creator, remake(scene, creator, body))
    },
  ],
]

describe('T14 [F19] a record is refused, stored nowhere and told to nobody, for', () => {
  it.each(ATTACKS)('%s (%s, %i)', async (_, reason, code, attack) => {
    const cast = await createCast()
    const { by: device, bytes, permissions } = attack(cast)
    const client = await cast.scene.open(device, permissions)
    client.sendBytes(pushBytes(bytes))
    expect(await client.nextOf('nack')).toMatchObject({ refused: 6, code })
    expect(cast.scene.reasons).toEqual([reason])
    await expectUnharmed(cast.scene)
    // The relay goes on from the same record head.
    await cast.scene.must(cast.scene.document.add(createTestDevice(), 'reader'))
  })

  it('its author’s name: a record in a name that the socket has not proved', async () => {
    const { scene, writer } = await createCast()
    const client = await scene.open(writer)
    const { document } = scene
    client.sendBytes(pushBytes(document.add(createTestDevice(), 'admin').bytes))
    expect(await client.nextOf('nack')).toMatchObject({ refused: 6, code: 40300 })
    const raised = document.make(writer, roleFields(writer.id, 'admin'), { device: document.creator.id })
    client.sendBytes(pushBytes(raised.bytes))
    expect((await client.ended).code).toBe(4529)
    await expectUnharmed(scene)
  })

  it('a holder too many', async () => {
    const endless = { perSecond: 1e6, burst: 1e6 }
    const scene = await MemberRelay.start({
      limits: { writerPushes: endless, writerRecords: endless, socketPushes: endless },
    })
    const { document } = scene
    while (document.log.log.members.holders < 1_000) {
      await scene.must(document.make(document.creator, linkFields(createTestDevice(), 'reader')))
    }
    await scene.hush()
    scene.alice.send({ type: 'push', envelopes: [document.add(createTestDevice(), 'reader')] })
    expect(await scene.alice.nextOf('nack')).toMatchObject({ code: 41300 })
    await expectUnharmed(scene)
  }, 60_000)
})
