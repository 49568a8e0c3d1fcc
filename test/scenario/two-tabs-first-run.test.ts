/**
 * Two tabs that a person opens before there is a list of their documents: one KeyStore is one device, with one list. Rules CL12, KM19.
 *
 * @module
 */
import { createMemoryKeyStore } from '@y-sealed/client'
import { expect, it, vi } from 'vitest'

import { startLyingRelay } from '../support/lying-relay.ts'
import { createPerson, eventually } from '../support/person.ts'
import { startHonestRelay } from '../support/stage.ts'

it.each(['together', 'one after the other'])(
  '[CL12] two tabs that make their first documents %s have one list of them',
  async (when) => {
    const lying = await startLyingRelay()
    lying.stand(await startHonestRelay([lying]))
    const options = { relay: lying, name: 'Alice', keys: createMemoryKeyStore(), personal: true }
    const one = (await createPerson(options)).documents
    const two = (await createPerson(options)).documents
    const making = one.createDocument({ name: 'One' })
    if (when !== 'together') await vi.waitUntil(() => one.list().length === 1)
    await Promise.all([making, two.createDocument({ name: 'Two' })])
    await eventually(() => expect(Math.min(one.list().length, two.list().length)).toBeGreaterThan(0))
    one.close()
    two.close()
    const next = (await createPerson(options)).documents
    await eventually(() =>
      expect(
        next
          .list()
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(['One', 'Two']),
    )
  },
)
