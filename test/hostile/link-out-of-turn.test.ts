/**
 * A relay that says things out of turn to who joins by a link: an error, never an exception out of a socket's handler. Rules KM12, AU12.
 *
 * @module
 */
import { createMemoryKeyStore } from '@y-sealed/client'
import { expect, it } from 'vitest'
import { encodeLinkFragment } from '../../client/links/link-fragment.ts'
import { startLyingRelay } from '../support/lying-relay.ts'
import { createPerson, whoIsIn, write } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

it('[KM12] RECORDS without OPENED: nothing is thrown at the platform, and no join is sealed upon a head that nobody signed', async () => {
  const lying = await startLyingRelay()
  lying.stand(await startHonestRelay([lying]))
  const note = await (await createPerson({ relay: lying, name: 'Alice' })).documents.createDocument()
  await write(note, 'first')
  const { fragment } = await note.makeLink()
  const thrown: unknown[] = []
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => thrown.push(error))
  try {
    const bob = (await createPerson({ relay: lying, name: 'Bob', keys: createMemoryKeyStore() })).documents
    lying.toClient = (frame) => (frame?.type === 'opened' ? [] : undefined)
    const opening = bob.openDocument(`#${encodeLinkFragment(fragment)}`)
    await expect(opening).rejects.toMatchObject({ code: 'LOG_INVALID' })
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)
  }
  expect(thrown).toEqual([])
  expect(whoIsIn(note)).toEqual(['Alice: admin, 1'])
})
