import { cryptoReady, type Bytes } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { DocumentList } from '../../../../client/documents/document-list.ts'
import { removeLostDevice } from '../../../../client/members/intents/remove-devices.ts'
import { createNote, type Note } from '../../../support/members/note.ts'

await cryptoReady()

const isIn = ({ creator }: Note, device: Bytes): boolean => creator.membership.members.memberOf(device) !== null

describe('a lost device', () => {
  it('[CL12] goes with its member where it came in by itself, and once only', async () => {
    const note = await createNote()
    const lost = await note.add('writer')
    note.change(note.creator, removeLostDevice(lost.device.id, false))
    expect([isIn(note, lost.device.id), isIn(note, note.creator.device.id)]).toEqual([false, true])
    expect(() => note.creator.record(removeLostDevice(lost.device.id, false))).toThrow('there is nothing to do')
  })

  it('[KM10] of somebody else is not removed by one who may not', async () => {
    const note = await createNote()
    const [bob, lost] = [await note.add('writer'), await note.add('writer')]
    expect(note.change(bob, removeLostDevice(lost.device.id, true))).toMatchObject({ kind: 'refused' })
    expect(isIn(note, lost.device.id)).toBe(true)
  })

  it('[CL12] is noted as taken out by the record that removed it, and by nothing that it could have written before', () => {
    const doc = new Y.Doc()
    const list = new DocumentList(doc)
    const [genesisHash, device, record] = [randomBytes(32), randomBytes(16), randomBytes(32)]
    list.put(genesisHash, '', 0)
    const id = list.all[0]?.id ?? ''
    list.noteAccess(id, device, 'out')
    list.noteTakenOut(id, device, randomBytes(32))
    expect(list.isTakenOut(id, device, record)).toBe(false)
    list.noteTakenOut(id, device, record)
    expect([list.isTakenOut(id, device, record), list.accessOf(id, device)]).toEqual([true, 'out'])
    list.remove(id)
    expect(doc.getMap('removals').size).toBe(0)
  })
})
