import { cryptoReady, encodeAttestation, encodePublication, KIND, type Bytes } from '@y-sealed/protocol'
import { beforeAll, expect, it } from 'vitest'

import type { LogOutcome } from '../../../../client/log/document-log.ts'
import { RoomLog, RoomWriter } from '../../../support/snapshots/room-log.ts'

beforeAll(() => cryptoReady())

const fill = (value: number): Bytes => new Uint8Array(32).fill(value)

/** Alice publishes two snapshots, one upon the other; Bob, who has seen both, vouches for the newer one first. */
function publishTwice(): { room: RoomLog; carol: RoomWriter; older: number; newer: number } {
  const room = new RoomLog()
  const [alice, bob, carol] = [new RoomWriter(room), new RoomWriter(room), new RoomWriter(room)]
  room.append(alice.bind(), bob.bind(), carol.bind())
  const publish = (id: number, parent: number): number => {
    const { seq, transcript } = room.log.head
    room.append(alice.type('word '))
    const body = {
      snapshotId: fill(id),
      parentId: fill(parent),
      snapshotEpoch: 1,
      snapshotBytes: 700,
      contentDigest: fill(7),
    }
    const [outcome] = room.append(alice.seal(KIND.publication, encodePublication({ ...body, seq, transcript })))
    expect(outcome).toMatchObject({ kind: 'published' })
    return seq
  }
  const [older, newer] = [publish(1, 0), publish(2, 1)]
  expect(attest(room, bob, 2, newer)).toMatchObject({ kind: 'attested' })
  return { room, carol, older, newer }
}

function attest(
  room: RoomLog,
  by: RoomWriter,
  id: number,
  seq: number,
  verdict: 'same' | 'different' = 'same',
): LogOutcome {
  const contentDigest = fill(verdict === 'same' ? 7 : 8)
  const body = encodeAttestation({ snapshotId: fill(id), seq, verdict, contentDigest })
  return room.append(by.seal(KIND.attestation, body))[0] as LogOutcome
}

it('[LO13] whoever vouches for a snapshot that another has overtaken is late, and accused of nothing', () => {
  const { room, carol, older, newer } = publishTwice()
  expect(attest(room, carol, 1, older)).toMatchObject({ kind: 'noted' })
  expect(room.log.snapshots.all).toMatchObject([{ seq: newer, standing: 'attested' }])
})

it('[LO13] whoever speaks of a snapshot that never was, or against an old one, is reported still', () => {
  const { room, carol, older, newer } = publishTwice()
  expect(attest(room, carol, 9, newer)).toMatchObject({ kind: 'refused', reason: 'attestation' })
  expect(attest(room, carol, 1, older, 'different')).toMatchObject({ kind: 'refused', reason: 'attestation' })
})
