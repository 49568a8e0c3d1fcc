/**
 * A Y.Doc that the app has stored itself holds another device's words that never came into the log. Who may still bring them does; what nobody else
 * can bring leaves from here. Rules CL14, CL2.
 */
import { createMemoryDocumentStore, createMemoryOutbox } from '@y-sealed/client'
import { expect, inject, it, vi } from 'vitest'
import * as Y from 'yjs'

import { settle } from '../support/settled.ts'
import { Team, type Teammate } from '../support/members/team.ts'

const relay = inject('relay')
const PATIENCE = { timeout: 20_000 }

interface Cast {
  readonly team: Team
  readonly carol: Teammate
  /** Bob's, closed; his Y.Doc has what Carol has typed and not sent. */
  readonly bob: Teammate
  readonly doc: Y.Doc
  readonly kept: {
    readonly store: ReturnType<typeof createMemoryDocumentStore>
    readonly outbox: ReturnType<typeof createMemoryOutbox>
  }
}

async function prepare(): Promise<Cast> {
  const team = await Team.start(relay)
  const { alice } = team
  await alice.write('hers. ')
  const kept = { store: createMemoryDocumentStore(), outbox: createMemoryOutbox() }
  const bob = await team.invite('writer', alice, { provider: kept })
  const carol = await team.invite('writer')
  await carol.write('carol’s. ')
  await settle(alice, bob, carol)
  await bob.peer.provider.whenKept()
  bob.peer.close()
  carol.goOffline()
  carol.type('unsent. ')
  const { doc } = bob.peer
  Y.applyUpdateV2(doc, Y.encodeStateAsUpdateV2(carol.peer.doc))
  return { team, carol, bob, doc, kept }
}

/** Two runs of Bob on that Y.Doc, the first without a relay. */
async function open({ team, bob, doc, kept }: Cast): Promise<Teammate> {
  const nowhere = { ...relay, url: 'wss://localhost:9/sync' }
  const offline = await team.restart(bob, { doc, provider: kept, relay: nowhere })
  await offline.peer.provider.whenLoaded()
  offline.peer.text.insert(0, 'bob’s. ')
  await offline.peer.provider.whenKept()
  return await team.restart(offline, { doc, provider: kept })
}

it('[CL14] [CL2] another member’s unsent words in a Y.Doc are theirs to send, and stand there once', async () => {
  const cast = await prepare()
  const { team, carol } = cast
  const bob = await open(cast)
  await bob.peer.provider.whenSaved()
  expect(bob.text).toBe('bob’s. hers. carol’s. unsent. ')
  await team.alice.reads('bob’s. hers. carol’s. ')
  expect(bob.problems.map(({ code }) => code)).toEqual(['DEPENDS_ON_UNSENT'])
  // What hangs on them waits.
  bob.type('and more. ')
  expect(bob.peer.provider.unsyncedChanges).toBeGreaterThan(0)
  await carol.comeBack()
  await settle(team.alice, bob, carol)
  expect(team.alice.text).toBe('bob’s. hers. carol’s. unsent. and more. ')
})

it('[CL14] [CL2] those of a member who was removed leave from here, and stand there once', async () => {
  const cast = await prepare()
  const { team, carol, bob, kept } = cast
  // Bob hears of the removal before he opens that Y.Doc.
  await team.alice.remove(carol)
  const informed = await team.restart(bob, { provider: kept })
  await settle(team.alice, informed)
  await informed.peer.provider.whenKept()
  const taken = await open({ ...cast, bob: informed })
  await vi.waitFor(() => expect(taken.problems.map(({ code }) => code)).toContain('CLIENT_ID_TAKEN'), PATIENCE)
  await taken.peer.provider.whenKept()
  const again = await team.restart(taken, { provider: kept })
  await settle(team.alice, again)
  expect(team.alice.text.split('. ').toSorted()).toEqual(['', 'bob’s', 'carol’s', 'hers', 'unsent'])
})
