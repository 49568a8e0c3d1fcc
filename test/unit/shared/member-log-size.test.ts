/** What the records of a member with many devices cost whoever keeps the members in memory. */
import { cryptoReady, MemberLog, sodiumSha512 } from '@y-sealed/protocol'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'

import { roleFields, TestMemberLog } from '../../support/members/test-member-log.ts'
import { createTestDevice } from '../../support/raw-client.ts'
import { startCpuClock } from '../../support/cpu-clock.ts'

await cryptoReady()
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const DEVICES = 900

/** A creator with many devices, and another admin who may change their role. */
function startCrowd() {
  const log = new TestMemberLog()
  const boss = log.add('admin')
  for (let i = 1; i < DEVICES; i++) log.add('admin', createTestDevice(), log.creator, true)
  const stored = [{ seq: 1, envelope: log.genesis }, ...log.taken.filter(({ seq }) => seq > 1)]
  /** The next `count` records, each of which counts: the creator is a writer, an admin, and so on. */
  const toAndFro = (count: number): typeof stored =>
    Array.from({ length: count }, (_, i) => {
      const envelope = log.make(boss, roleFields(log.creator.id, i % 2 === 0 ? 'writer' : 'admin'))
      const seq = log.seq++
      expect(log.log.take(envelope, seq).ok).toBe(true)
      return { seq, envelope }
    })
  const replayed = (): MemberLog => {
    const replica = new MemberLog(sodiumSha512, log.hash)
    for (const { seq, envelope } of stored) replica.replay(envelope, seq)
    return replica
  }
  return { toAndFro, replayed }
}

it(
  '[KM10] [H9] a role takes memory and time by the bytes of its record, however many devices the member has',
  { timeout: 60_000 },
  () => {
    const { toAndFro, replayed } = startCrowd()
    const page = toAndFro(1_500)
    const bytes = page.reduce((sum, { envelope }) => sum + envelope.bytes.length, 0)
    const replica = replayed()
    collect()
    const before = process.memoryUsage().heapUsed
    const cpuMs = startCpuClock()
    for (const { seq, envelope } of page) replica.replay(envelope, seq)
    const took = cpuMs()
    collect()
    expect((process.memoryUsage().heapUsed - before) / bytes).toBeLessThan(5)
    expect(took).toBeLessThan(1_000)
    expect(replica.members.all[0]).toMatchObject({ role: 'admin' })
  },
)
