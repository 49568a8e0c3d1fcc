/** A reader may rewrap, and what is in it need not open: what that costs a member who lacks a key. */
import { cryptoReady, packWraps } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { expect, it } from 'vitest'

import { createNote } from '../support/members/note.ts'
import { startCpuClock } from '../support/cpu-clock.ts'

await cryptoReady()

/** How much processor time it takes to come to a document of which nobody can open epoch 1, after so many rewraps with void back links. */
async function measureArrival(rewraps: number): Promise<number> {
  const note = await createNote()
  note.change(note.creator, (_members, tools) => {
    const rotation = tools.createRotation()
    return { type: 'epoch', rotation: { ...rotation, backLink: randomBytes(72) } }
  })
  const reader = await note.add('reader')
  note.people.length = 0
  for (let i = 0; i < rewraps; i++) {
    const envelope = reader.record(() => ({
      type: 'rewrap',
      epoch: 2,
      backLink: randomBytes(72),
      wraps: packWraps([]),
    }))
    const seq = note.entries.length + 1
    note.entries.push({ seq, envelope })
    reader.membership.takeRecords([{ seq, envelope }], 0)
  }
  const cpuMs = startCpuClock()
  await note.arrive(reader.device)
  return cpuMs()
}

it(
  '[KM6] void back links cost a newcomer one attempt each, not one for every record',
  { timeout: 120_000 },
  async () => {
    await measureArrival(50)
    const [few, many] = [await measureArrival(250), await measureArrival(1_000)]
    // In proportion, it is 4 at most; each link against each record, it would be 16 and more.
    expect(many / few).toBeLessThan(9)
  },
)
