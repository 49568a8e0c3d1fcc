/** A removal races an edit, a thousand times: nothing of the removed comes after it, and nothing of the others is lost. */
import { describe, expect, it } from 'vitest'

import { fuzzRuns } from '../support/fuzz-runs.ts'
import { readLog } from '../support/members/read-log.ts'
import { converge, Team, until, type Teammate } from '../support/members/team.ts'
import { createRandom } from '../support/random.ts'
import { startHonestRelay } from '../support/stage.ts'

const ROUNDS_PER_DOCUMENT = 20
/** A hundred races in `npm test`, a thousand under `npm run fuzz -- 10`; a thousand of the relay’s own are in its core’s tests. */
const DOCUMENTS = fuzzRuns(5)

/** One machine plays everybody. */
const LIMITS = {
  socketsPerNetwork: 1_000,
  upgradesPerNetwork: 1_000,
  networkUpgrades: { perSecond: 1_000, burst: 1_000 },
  upgrades: { perSecond: 1_000, burst: 1_000 },
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Tally {
  before: number
  after: number
}

/** Their client id is bound: what they type leaves at once. */
async function greet(person: Teammate): Promise<Teammate> {
  await person.write('.')
  return person
}

/** Everybody types while one after another is removed. */
async function playDocument(
  relay: Awaited<ReturnType<typeof startHonestRelay>>,
  seed: number,
  tally: Tally,
): Promise<void> {
  const random = createRandom(seed)
  const team = await Team.start(relay)
  const { alice } = team
  const people: Teammate[] = []
  for (let i = 0; i < ROUNDS_PER_DOCUMENT; i++) people.push(await greet(await team.invite('writer')))
  const written: string[] = []
  const removedAt = new Map<string, number>()
  for (const [round, bob] of people.entries()) {
    const staying = [alice, ...people.slice(round + 1)]
    const witness = staying[random(staying.length)] as Teammate
    const word = (who: string): string => `<${who}${round}>`
    const act = async (delay: number, action: () => Promise<unknown> | void): Promise<void> => {
      if (delay > 0) await pause(delay)
      await action()
    }
    await Promise.all([
      act(random(6), async () => {
        const record = await alice.remove(bob)
        removedAt.set(String(bob.device.id), record?.seq ?? 0)
      }),
      act(random(4), () => bob.type(word('b'))),
      act(random(4), () => witness.type(word('w'))),
      act(random(4), () => alice.type(word('a'))),
    ])
    written.push(word('w'), word('a'))
    await Promise.all([alice, witness].map(({ peer }) => peer.provider.whenSaved()))
    await until(() => bob.closings.length === 1)
    const isSaved = bob.peer.provider.unsyncedChanges === 0
    tally[isSaved ? 'before' : 'after'] += 1
    await until(
      () => alice.text.includes(word('b')) === isSaved,
      () => `saved: ${isSaved}, but Alice reads ${alice.text}`,
    )
    bob.peer.close()
  }
  for (const word of written) expect(alice.text.split(word)).toHaveLength(2)
  const late = (await readLog(relay, alice.membership)).filter(
    ({ seq, envelope }) => seq > (removedAt.get(String(envelope.device)) ?? Infinity),
  )
  expect(late).toEqual([])
  const auditor = await team.invite('reader')
  await converge(alice, auditor)
  expect([...alice.reports, ...auditor.reports]).toEqual([])
  expect(alice.epoch).toBe(1 + ROUNDS_PER_DOCUMENT)
  auditor.peer.close()
  alice.peer.close()
}

describe('a removal and an edit at the same moment', () => {
  it(
    `[G11] [K20] [KM18] ${DOCUMENTS * ROUNDS_PER_DOCUMENT} times: the edit is before the removal or nowhere, and everybody else’s is there`,
    { timeout: 3_600_000 },
    async () => {
      const relay = await startHonestRelay([], undefined, LIMITS)
      const tally = { before: 0, after: 0 }
      for (let seed = 1; seed <= DOCUMENTS; seed++) await playDocument(relay, seed, tally)
      // Both outcomes must have come about, or there was no race.
      expect(Math.min(tally.before, tally.after)).toBeGreaterThan(0)
    },
  )
})
