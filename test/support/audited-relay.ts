/**
 * A database as real relays leave it: documents of both modes, written by several people at once, with every kind of record, a large paste
 * in parts, a closed epoch, a live link and a document that was deleted.
 *
 * @module
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'

import { makeLink } from '../../client/members/intents/link.ts'
import { createTestDevice } from './raw-client.ts'
import { converge, Team } from './members/team.ts'
import { createRoom, join as joinRoom, type RelayAddress } from './peer.ts'
import { startHonestRelay } from './stage.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** More than one envelope takes: it travels in parts. */
const LARGE_PASTE_CHARACTERS = 120_000

/** Whether somebody makes a snapshot is a matter of moments: what is damaged here is to be the same each time. */
const PLAIN = { provider: { compaction: 'never' } } as const

/** What people do with documents, all at once. Resolves when everything is saved. */
export async function useDocuments(relay: RelayAddress): Promise<void> {
  await Promise.all([useMembers(relay), closeAnEpoch(relay), useRoom(relay), deleteOne(relay)])
}

async function useMembers(relay: RelayAddress): Promise<void> {
  const team = await Team.start(relay, PLAIN)
  const { alice } = team
  const bob = await team.invite('writer', team.alice, PLAIN)
  const carol = await team.invite('reader', team.alice, PLAIN)
  const phone = await team.pair(bob, PLAIN)
  const words = async (who: typeof alice): Promise<void> => {
    for (let i = 0; i < 40; i++) await who.write(`${i} `)
  }
  await Promise.all([words(alice), words(bob), words(phone)])
  await alice.setRole(carol, 'writer')
  await carol.write('now I may')
  alice.type('\u00e9'.repeat(LARGE_PASTE_CHARACTERS))
  await alice.peer.provider.flush()
  await alice.rotate()
  await alice.rewrap(1, bob.device)
  await alice.remove(carol)
  await Promise.all([words(alice), words(bob)])
  await alice.change(makeLink(createTestDevice(), { role: 'writer', expiresAt: 4_000_000_000, uses: 3, name: '' }))
  await alice.change(makeLink(createTestDevice(), { role: 'reader', expiresAt: 0, uses: 0, name: '' }))
  await bob.write('the end')
  await converge(alice, bob, phone)
}

/** Bob leaves and Alice is not there: nobody chooses the next key. */
async function closeAnEpoch(relay: RelayAddress): Promise<void> {
  const team = await Team.start(relay, PLAIN)
  const bob = await team.invite('writer', team.alice, PLAIN)
  await bob.write('good-bye')
  await converge(team.alice, bob)
  team.alice.goOffline()
  await bob.leave()
}

async function useRoom(relay: RelayAddress): Promise<void> {
  const access = await createRoom()
  const people = await Promise.all([0, 1].map(() => joinRoom({ relay, access: access(), ...PLAIN })))
  for (const { provider } of people) await provider.whenSynced()
  for (let i = 0; i < 30; i++) {
    for (const { text } of people) text.insert(0, 'a')
    await Promise.all(people.map(({ provider }) => provider.flush()))
  }
}

async function deleteOne(relay: RelayAddress): Promise<void> {
  const { alice } = await Team.start(relay, PLAIN)
  await alice.write('not for long')
  await alice.peer.provider.deleteDocument()
}

/** A copy of a database that no relay has open, in a folder of its own. */
export function copyDatabaseFile(path: string): string {
  const copy = join(makeTemporaryFolder(), 'relay.db')
  cpSync(path, copy)
  return copy
}

/** The database of a relay of its own after {@link useDocuments}, with no relay on it any more. */
export async function makeUsedDatabase(): Promise<string> {
  const relay = await startHonestRelay([])
  await useDocuments(relay)
  await relay.close()
  return join(relay.data, 'relay.db')
}
