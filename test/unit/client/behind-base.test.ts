import { cryptoReady, encodeAuthoredUpdate, KIND, type Bytes } from '@y-sealed/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { holdsEdits, isBehindBase } from '../../../client/provider/behind-base.ts'
import type { QueuedEntry } from '../../../client/provider/send-queue.ts'
import { RoomLog, RoomWriter } from '../../support/snapshots/room-log.ts'

beforeAll(() => cryptoReady())

function queue(writer: RoomWriter, content: Bytes): QueuedEntry {
  return { envelope: writer.seal(KIND.update, content), content, edits: 1, part: null, restored: true, copies: [] }
}

function deletion({ doc }: RoomWriter): Bytes {
  const before = Y.encodeStateVector(doc)
  doc.getText('note').delete(0, 1)
  return encodeAuthoredUpdate({ authored: 1, update: Y.encodeStateAsUpdateV2(doc, before) as Bytes })
}

/** The log as somebody has it who began to read at its head. */
function begunAtHead({ log }: RoomLog): Parameters<typeof isBehindBase>[0] {
  return { baseSeq: log.head.seq, sessionHeads: () => log.sessionHeads(), isPending: () => false }
}

describe('an entry of the queue', () => {
  it('[CL6] [LO10] is behind the base up to the counter at which its session stood there, whichever copy came', () => {
    const room = new RoomLog()
    const writer = new RoomWriter(room)
    room.append(writer.bind())
    const [first, second] = [queue(writer, writer.content('one ')), queue(writer, writer.content('two '))]
    room.append(first.envelope)
    const isBehind = isBehindBase(begunAtHead(room))
    writer.renewSession()
    const anew = queue(writer, first.content)
    expect([first, second, anew, { ...anew, copies: [first.envelope] }].map(isBehind)).toEqual([
      true,
      false,
      false,
      true,
    ])
    expect(isBehindBase({ ...begunAtHead(room), baseSeq: 0 })(first)).toBe(false)
    expect(isBehindBase({ ...begunAtHead(room), isPending: () => true })(first)).toBe(false)
  })

  it('[CL6] says nothing that the log lacks only where it has every struct and every deletion of it', () => {
    const room = new RoomLog()
    const writer = new RoomWriter(room)
    room.append(writer.bind())
    const typed = queue(writer, writer.content('word '))
    expect(holdsEdits(room.log.state, [typed])).toBe(false)
    room.append(typed.envelope)
    const deleted = queue(writer, deletion(writer))
    expect([holdsEdits(room.log.state, [typed]), holdsEdits(room.log.state, [typed, deleted])]).toEqual([true, false])
    room.append(deleted.envelope)
    expect(holdsEdits(room.log.state, [typed, deleted])).toBe(true)
  })
})
