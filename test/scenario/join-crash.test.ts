/**
 * A link for one, and a crash between the relay's ACK of the join and the first byte in the KeyStore: the link opens the document all the
 * same. Rules KM12, AU12.
 *
 * @module
 */
import { createMemoryKeyStore } from '@y-sealed/client'
import { expect, it } from 'vitest'
import { startLyingRelay } from '../support/lying-relay.ts'
import { createPerson, eventually, expectText, whoIsIn, write } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

it(
  '[KM12] [KM17] who has joined by a link for one, and crashed before that was stored, gets in by it',
  { timeout: 60_000 },
  async () => {
    const lying = await startLyingRelay()
    lying.stand(await startHonestRelay([lying]))
    const note = await (await createPerson({ relay: lying, name: 'Alice' })).documents.createDocument()
    await write(note, 'first')
    const link = await note.invite({ uses: 1 })
    const keys = createMemoryKeyStore()
    const set = keys.set.bind(keys)
    let isDying = true
    keys.set = (name, value) => (isDying && name !== 'device' ? new Promise(() => undefined) : set(name, value))
    const early = (await createPerson({ relay: lying, name: 'Bob', keys })).documents
    void early.openDocument(link).catch(() => undefined)
    await eventually(() => expect(whoIsIn(note)).toEqual(['Alice: admin, 1', 'Bob: writer, 1']))
    early.close()
    isDying = false
    const bob = (await createPerson({ relay: lying, name: 'Bob', keys })).documents
    await expectText(await bob.openDocument(link), 'first')
  },
)
