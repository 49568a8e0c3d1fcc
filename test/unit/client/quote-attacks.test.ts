/** Quotes made by who would have devices disagree, or do much work for little. Rule CL31. */
import { cryptoReady, encodeAuthoredUpdate, encodeQuote, Envelope, KIND, OFFSET, type Bytes } from '@y-sealed/protocol'
import { Session } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

import { rotate } from '../../support/members/intents.ts'
import { createNote, wordsOf } from '../../support/members/note.ts'

beforeAll(() => cryptoReady())

function quote(...envelopes: readonly Envelope[]): Bytes {
  return encodeQuote({ envelopes: envelopes.map(({ bytes }) => bytes) })
}

describe('epochs', () => {
  it('[CL31] [CL1] of one that a later record opens nothing is quoted, be that record known or not', async () => {
    const note = await createNote()
    const [bob, carol] = [await note.add('writer'), await note.add('writer')]
    note.append(bob.bind())
    // Its key is known to who makes the record, before it stands in the log.
    const record = note.creator.record(rotate())
    const ahead = await note.arrive(carol.device)
    ahead.membership.takeRecords([{ seq: note.entries.length + 2, envelope: record }], 0)
    const update = encodeAuthoredUpdate({ authored: 1, update: bob.edit('early ') })
    const session = new Session(note.documentId, bob.device)
    const { envelope } = session.sealEntry(KIND.update, update, ahead.membership.keyOf(2)!, bob.log.head)
    const live = note.append(bob.seal(quote(envelope)))!
    note.append(record)
    const words = [wordsOf([live])]
    for (const order of ['records first', 'entries alone'] as const) {
      const outcomes = await note.read(carol.device, order)
      words.push(wordsOf(outcomes.filter(({ seq }) => seq === live.seq)))
    }
    expect(words).toEqual([['quote'], ['quote'], ['quote']])
  })

  it('[CL31] [LO10] one that never was keeps nobody from making snapshots', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    note.append(bob.bind())
    const bytes = bob.bind().bytes.slice()
    new DataView(bytes.buffer).setUint32(OFFSET.epoch, 4_000_000_000)
    bob.renewSession()
    const outcome = note.append(bob.seal(quote(new Envelope(bytes))))!
    expect([wordsOf([outcome]), note.creator.log.isQuiet]).toEqual([['quote'], true])
  })
})
