/** A crash in the middle of writing a large paste into the outbox, and a rotation before the next run: what is typed then must leave. */
import { createMemoryOutbox, type Outbox } from '@y-sealed/client'
import { KIND, readWholeEnvelope } from '@y-sealed/protocol'
import { expect, it } from 'vitest'
import { startLyingRelay } from '../support/lying-relay.ts'
import { Team, until } from '../support/members/team.ts'
import { startHonestRelay } from '../support/stage.ts'

it(
  '[CL10] [LO9] half a group in the outbox does not keep later edits from leaving after the key has changed',
  { timeout: 60_000 },
  async () => {
    const lying = await startLyingRelay()
    const honest = await startHonestRelay([lying])
    lying.stand(honest)
    const team = await Team.start(honest)
    const { alice } = team
    const inner = createMemoryOutbox()
    let parts = 0
    const outbox: Outbox = {
      ...inner,
      // The third part never reaches the disk.
      put: (item) =>
        readWholeEnvelope(item.envelope)?.kind === KIND.part && ++parts === 3
          ? new Promise(() => undefined)
          : inner.put(item),
    }
    const bob = await team.invite('writer', alice, { relay: lying, provider: { outbox } })
    await bob.write('bob. ')
    await alice.reads('bob. ')
    lying.toRelay = (frame) => (frame?.type === 'push-part' ? [] : undefined)
    bob.type('x'.repeat(120_000))
    bob.peer.provider.flush().catch(() => undefined)
    await until(() => parts === 3)
    await new Promise((r) => setTimeout(r, 300))
    const before = await inner.list(bob.membership.documentId)
    expect(before.map(({ envelope }) => readWholeEnvelope(envelope)?.kind)).toEqual([KIND.part, KIND.part])
    bob.peer.close()
    await alice.rotate()
    lying.repent()
    const again = await team.restart(bob, { relay: lying, provider: { outbox: inner } })
    await until(() => again.peer.provider.synced)
    again.type('after the crash. ')
    await alice.reads('bob. after the crash. ')
    expect(again.problems.map(({ code }) => code)).toContain('OUTBOX_DAMAGED')
  },
)
