/**
 * AU6 in full: every frame × every permission × every standing × a document that is one's own, another, unknown or deleted. What is
 * expected is written down here anew and not taken from the code.
 */
import {
  CLIENT_FRAME,
  cryptoReady,
  encodeRecord,
  KIND,
  packDevices,
  packWraps,
  REFUSALS,
  type Bytes,
  type ClientFrame,
  type RecordFields,
  type RefusalCode,
  type RelayFrame,
} from '@y-sealed/protocol'
import { seal, type Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { refuseAction } from '../../../../server/core/authorise.ts'
import type { Permission, Role } from '../../../../server/core/ports.ts'
import { ALL, CoreWorld, createDocument, openCreated, type CorePeer } from '../../../support/core-world.ts'
import { MemberWorld } from '../../../support/members/member-world.ts'
import { createTestDevice } from '../../../support/raw-client.ts'
import { createRoomDocument, TestWriter, type TestDocument } from '../../../support/room-document.ts'
import { piecesOf, sealAttestation, sealPublication, sealSnapshot } from '../../../support/snapshot-author.ts'

await cryptoReady()

type Standing = Role | 'shared-key'
const STANDINGS: readonly Standing[] = ['none', 'reader', 'writer', 'admin', 'shared-key']
const RANK: Record<Standing, number> = { none: 0, reader: 1, writer: 2, admin: 3, 'shared-key': 3 }

type Answer = RefusalCode | 'done'

/** One row: how the frame is made, what it needs, and what it answers when it is allowed. */
interface Row {
  readonly frame: (writer: TestWriter, peer: CorePeer) => ClientFrame
  readonly permission: Permission | null
  readonly rank: number
  readonly allowed: Answer
  readonly isRecord?: true
  /** In `shared-key` mode, where it is another. */
  readonly roomPermission?: Permission
  /** Of a document that does not exist, where it is another than UNKNOWN_DOCUMENT. */
  readonly absent?: Answer
}

const clear = (writer: TestWriter, kind: 4 | 5 | 6, content: Bytes): ClientFrame => ({
  type: 'push',
  envelopes: [writer.session.sealEntry(kind, content, writer.document.key, writer.seen).envelope],
})
/** Upon a head that never was: whoever may push it at all is told RECORD_STALE, before anything else is asked. */
const RECORD_PREV = new Uint8Array(32).fill(1)
const ID = new Uint8Array(16).fill(1)
const WRAP = new Uint8Array(80)
const NO_NAME = new Uint8Array(0)
const ROTATION = { epoch: 2, commitment: RECORD_PREV, backLink: new Uint8Array(72), wraps: packWraps([]) }
const HEAD = { seq: 1, transcript: RECORD_PREV, signature: new Uint8Array(64) }
const certificate = createTestDevice().certificate()
const recordRow = (fields: RecordFields, permission: Permission, rank: number, allowed: Answer): Row => ({
  frame: (writer) => clear(writer, 4, encodeRecord({ recordPrev: RECORD_PREV, ...fields })),
  permission,
  rank,
  allowed,
  isRecord: true,
})
const zeros = (length: number): Bytes => new Uint8Array(length)

const ROWS: Record<string, Row> = {
  READ: {
    frame: ({ document }) => ({ type: 'read', document: document.id, after: 0, maxBytes: 9 }),
    permission: 'read',
    rank: 1,
    allowed: 'done',
  },
  READ_IDS: {
    frame: ({ document }) => ({ type: 'read-ids', document: document.id, after: 0, through: 1 }),
    permission: 'read',
    rank: 1,
    allowed: 'done',
  },
  READ_SNAPSHOT: {
    frame: ({ document }) => ({ type: 'read-snapshot', document: document.id, snapshotId: zeros(32), offset: 0 }),
    permission: 'read',
    rank: 1,
    allowed: 'SNAPSHOT_MISSING',
  },
  AWARENESS: {
    frame: (writer) => ({ type: 'awareness', envelope: writer.awareness().envelope }),
    permission: 'awareness',
    rank: 1,
    allowed: 'done',
  },
  'PUSH of update': {
    frame: (writer) => ({ type: 'push', envelopes: [writer.update().envelope] }),
    permission: 'write',
    rank: 2,
    allowed: 'done',
  },
  'PUSH of bind': {
    frame: (writer) => ({ type: 'push', envelopes: [writer.bind().envelope] }),
    permission: 'write',
    rank: 2,
    allowed: 'done',
  },
  PUSH_PART: {
    frame: ({ document, session, seen }, { device }) => {
      const prev = zeros(16)
      const part = { kind: KIND.part, document: document.id, session: session.id, counter: 1, prev, content: zeros(9) }
      const { envelope } = seal(
        { ...part, seenSeq: 0, seenTranscript: seen.transcript.slice(0, 16) },
        document.key,
        device,
      )
      return { type: 'push-part', index: 0, count: 2, envelope }
    },
    permission: 'write',
    rank: 2,
    allowed: 'done',
  },
  'PUSH of genesis': {
    frame: (writer) => ({ type: 'push', envelopes: [writer.genesis().envelope] }),
    permission: 'create',
    rank: 0,
    allowed: 'EXISTS',
  },
  'PUSH of add': recordRow(
    { type: 'add', sponsored: false, role: 'reader', certificate, wrap: WRAP, sealedName: NO_NAME },
    'members',
    1,
    'RECORD_STALE',
  ),
  'PUSH of add, sponsored': recordRow(
    { type: 'add', sponsored: true, role: 'reader', certificate, wrap: WRAP, sealedName: NO_NAME },
    'read',
    1,
    'RECORD_STALE',
  ),
  'PUSH of role': recordRow({ type: 'role', device: ID, role: 'reader' }, 'members', 1, 'RECORD_STALE'),
  'PUSH of link': recordRow(
    { type: 'link', certificate, role: 'reader', expiresAt: 0, uses: 0, wrap: WRAP, sealedName: NO_NAME },
    'members',
    1,
    'RECORD_STALE',
  ),
  'PUSH of join': recordRow(
    { type: 'join', link: ID, certificate, linkSignature: new Uint8Array(64), wrap: WRAP, sealedName: NO_NAME },
    'read',
    1,
    'RECORD_STALE',
  ),
  'PUSH of revoke-link': recordRow({ type: 'revoke-link', link: ID, rotation: ROTATION }, 'members', 1, 'RECORD_STALE'),
  'PUSH of remove': recordRow(
    { type: 'remove', devices: packDevices([ID]), rotation: ROTATION },
    'read',
    1,
    'RECORD_STALE',
  ),
  'PUSH of epoch': recordRow({ type: 'epoch', rotation: ROTATION }, 'read', 1, 'RECORD_STALE'),
  'PUSH of rewrap': recordRow(
    { type: 'rewrap', epoch: 1, backLink: null, wraps: packWraps([]) },
    'read',
    1,
    'RECORD_STALE',
  ),
  'PUSH of restart': {
    ...recordRow({ type: 'restart', lostHead: HEAD, keptHead: HEAD, introduction: null }, 'members', 3, 'RECORD_STALE'),
    roomPermission: 'write',
  },
  // What was never uploaded: whoever may publish or attest at all is told so.
  'PUSH of publication': {
    frame: ({ document, seen }, { device }) => ({
      type: 'push',
      envelopes: [sealPublication(document, device, sealSnapshot(document, device, seen).body)],
    }),
    permission: 'snapshot',
    rank: 2,
    allowed: 'SNAPSHOT_MISSING',
  },
  'PUSH of attestation': {
    frame: ({ document, seen }, { device }) => ({
      type: 'push',
      envelopes: [sealAttestation(document, device, sealSnapshot(document, device, seen).body)],
    }),
    permission: 'snapshot',
    rank: 2,
    allowed: 'SNAPSHOT_MISSING',
  },
  PUT_SNAPSHOT: {
    frame: ({ document, seen }, { device }) => {
      const [piece] = piecesOf(sealSnapshot(document, device, { ...seen, seq: Math.max(1, seen.seq) }))
      return piece as ClientFrame
    },
    permission: 'snapshot',
    rank: 2,
    allowed: 'done',
  },
  RESTORE: {
    frame: (writer) => ({ type: 'restore', seq: 1, envelopes: [writer.update().envelope] }),
    permission: 'read',
    rank: 1,
    allowed: 'done',
    absent: 'UNKNOWN_DOCUMENT',
  },
  SHOW_HEAD: {
    frame: ({ document }) => ({ type: 'show-head', genesisHash: document.genesisHash, head: HEAD }),
    permission: 'read',
    rank: 1,
    allowed: 'BAD_ENVELOPE',
    absent: 'BAD_ENVELOPE',
  },
  SHOW_IDS: {
    frame: ({ document }) => ({ type: 'show-ids', document: document.id, seq: 1, ids: zeros(96) }),
    permission: 'read',
    rank: 1,
    allowed: 'COUNTER_GAP',
    absent: 'COUNTER_GAP',
  },
  DELETE: {
    frame: ({ document }) => ({ type: 'delete', document: document.id }),
    permission: 'delete',
    rank: 3,
    allowed: 'done',
  },
}

/** The genesis is the creator's to sign: any other member's does not hold. */
function expectOwn(name: string, row: Row, standing: Standing, permission: Permission): Answer {
  // Who is no member has not got the document open.
  if (standing === 'none') return 'NOT_OPEN'
  const needed = standing === 'shared-key' ? (row.roomPermission ?? row.permission) : row.permission
  if (needed !== permission) return 'FORBIDDEN'
  if (RANK[standing] < row.rank) return 'FORBIDDEN'
  if (name === 'PUSH of genesis' && standing !== 'admin' && standing !== 'shared-key') return 'BAD_ENVELOPE'
  return row.isRecord === true && standing === 'shared-key' && row.allowed !== 'UNSUPPORTED'
    ? 'BAD_ENVELOPE'
    : row.allowed
}

function answerOf(frames: readonly RelayFrame[]): Answer {
  const nack = frames.find((frame) => frame.type === 'nack')
  if (nack === undefined) return 'done'
  return (Object.keys(REFUSALS) as RefusalCode[]).find((code) => REFUSALS[code].number === nack.code) as RefusalCode
}

interface Place {
  readonly world: CoreWorld
  readonly document: TestDocument
  readonly device: Device
}

/** A document in which a device has the standing. */
async function createPlace(standing: Standing): Promise<Place> {
  const limits = { strikes: 1000 }
  if (standing === 'shared-key') {
    const world = await CoreWorld.start({ limits })
    const document = createRoomDocument()
    const { peer } = await openCreated(world, document, (device) => new TestWriter(document, device))
    peer.leave()
    return { world, document, device: peer.device }
  }
  const members = await MemberWorld.start({ limits })
  const isCreator = standing === 'admin'
  const device = isCreator ? members.document.creator : createTestDevice()
  if (!isCreator && standing !== 'none') await members.member(standing, device)
  members.alice.leave()
  return { world: members.world, document: members.document.document(), device }
}

describe('[G13] [AU6] what a frame needs', () => {
  for (const standing of STANDINGS) {
    for (const permission of ALL) {
      it(`a ${standing} whose token says ${permission}, in its own document`, async () => {
        const { world, document, device } = await createPlace(standing)
        const answers: Record<string, Answer> = {}
        const expected: Record<string, Answer> = {}
        for (const [name, row] of Object.entries(ROWS)) {
          const peer = await world.opened(document.id, [permission], device)
          const [status] = await world.store.status([document.id])
          const writer = new TestWriter(document, device, status?.head)
          await peer.say(row.frame(writer, peer))
          answers[name] = answerOf(peer.frames)
          expected[name] = expectOwn(name, row, standing, permission)
          peer.leave()
        }
        expect(answers).toEqual(expected)
      })
    }
  }

  for (const permission of ALL) {
    for (const which of ['other', 'unknown', 'deleted'] as const) {
      it(`a token that says ${permission}, in a document that is ${which}`, async () => {
        const { world, document, device } = await createPlace('shared-key')
        const target = createRoomDocument()
        if (which !== 'unknown') {
          const owner = await world.opened(target.id, ALL, device)
          await createDocument(owner, new TestWriter(target, device))
          if (which === 'deleted') await owner.say({ type: 'delete', document: target.id })
          owner.leave()
        }
        const peer = await world.opened(document.id, [permission], device)
        // A token for one's own document opens no other, and says the same of all three.
        await peer.open(target.id)
        expect(answerOf(peer.take())).toBe('TOKEN_REFUSED')
        for (const row of Object.values(ROWS)) {
          await peer.say(row.frame(new TestWriter(target, device), peer))
          expect(answerOf(peer.take())).toBe('NOT_OPEN')
        }
        await peer.say({ type: 'refresh', document: target.id, token: world.token(target.id) })
        expect(answerOf(peer.take())).toBe('NOT_OPEN')
        await peer.say({ type: 'close', document: target.id })
        expect(peer.take()).toEqual([])
        // A token for the document itself tells what there is.
        await peer.open(target.id, { token: world.token(target.id, [permission]) })
        const expected = {
          other: 'done',
          deleted: 'DELETED',
          unknown: permission === 'create' ? 'done' : 'UNKNOWN_DOCUMENT',
        }
        expect(answerOf(peer.take())).toBe(expected[which])
      })
    }
  }

  for (const permission of ALL) {
    it(`a token that says ${permission} and create, in a document that does not exist yet`, async () => {
      const world = await CoreWorld.start({ limits: { strikes: 1000 } })
      const device = createTestDevice()
      const document = createRoomDocument()
      // The genesis would make it: that is told elsewhere.
      const rows = Object.values(ROWS).filter((row) => row.permission !== 'create')
      for (const row of rows) {
        const peer = await world.opened(document.id, ['create', permission], device)
        await peer.say(row.frame(new TestWriter(document, device), peer))
        expect(answerOf(peer.take())).toBe(
          row.permission === permission ? (row.absent ?? 'UNKNOWN_DOCUMENT') : 'FORBIDDEN',
        )
        peer.leave()
      }
    })
  }

  it('[G1] OPEN is for members: a stranger is refused, with whatever token', async () => {
    const { world, document, device } = await createPlace('none')
    for (const permission of ALL) {
      const peer = await world.peer(document.id, [permission], device)
      await peer.open(document.id)
      expect(answerOf(peer.take())).toBe('FORBIDDEN')
    }
  })

  it('OPEN is for any permission, and tells which there are', async () => {
    const { world, document, device } = await createPlace('reader')
    for (const permission of ALL) {
      const peer = await world.peer(document.id, [permission], device)
      await peer.open(document.id)
      const [opened] = peer.all('opened')
      expect(opened).toMatchObject({ present: true, role: 'reader', head: { seq: 2 } })
      // Records and entries are for those who may read.
      expect(peer.frames.length).toBe(permission === 'read' ? 3 : 1)
    }
  })

  it('an expired grant allows nothing at all', () => {
    const grant = { permissions: new Set(ALL) }
    for (const action of ['read', 'awareness', 'push-entries', 'push-genesis', 'delete'] as const) {
      const standing = { grant, endsAtMs: 1000, mode: 'shared-key', role: 'none' } as const
      expect(refuseAction(action, standing, 1000)).toBe('TOKEN_REFUSED')
      expect(refuseAction(action, standing, 999)).toBeNull()
    }
  })

  it('[G6] a push in another device’s name is refused and weighs five strikes', async () => {
    const world = await CoreWorld.start()
    const document = createRoomDocument()
    const peer = await world.opened(document.id)
    const foreign = new TestWriter(document, createTestDevice())
    await peer.say({ type: 'push', envelopes: [foreign.genesis().envelope] })
    expect(answerOf(peer.take())).toBe('FORBIDDEN')
    expect(peer.closed).toBeNull()
    await peer.say({ type: 'awareness', envelope: foreign.awareness().envelope })
    expect(peer.frames).toMatchObject([{ type: 'nack', refused: CLIENT_FRAME.awareness, code: 40300 }])
    expect(peer.closed).toMatchObject({ code: 4529 })
  })
})
