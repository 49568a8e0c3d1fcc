/**
 * Two tabs of one device, in a browser that has no Web Locks, of which one has seen the relay sign what it has lost, and the other what it has in its
 * place. Rules LO14, CL13, CL16, CL30.
 */
import type { DeviceStorage } from '@y-sealed/client'
import { expect, it, vi } from 'vitest'

import { tabDisks } from '../support/chaos/shared-disk.ts'
import { startLyingRelay } from '../support/lying-relay.ts'
import { settle } from '../support/settled.ts'
import { copyOf, createScene, startHonestRelay, watch, whenSigned, type Witness } from '../support/stage.ts'

const PATIENCE = { timeout: 60_000 }

function type({ peer }: Witness, line: string): void {
  peer.text.insert(peer.text.length, line)
}

it(
  '[LO14] [CL16] [CL30] a tab that was shown what the relay has, beside one that was shown what it lost, goes on by itself once that is given up',
  { timeout: 300_000 },
  async () => {
    const front = await startLyingRelay()
    const scene = await createScene()
    const first = await startHonestRelay([front])
    front.stand(first)
    const disks = await Promise.all(tabDisks(2).map((disk) => disk.open()))
    const [storageOne, storageTwo] = disks as [DeviceStorage, DeviceStorage]
    const join = (storage?: DeviceStorage): Promise<Witness> => {
      const own = storage && { keys: storage.keys, provider: { outbox: storage.outbox, store: storage.documents } }
      return watch({ relay: front, access: scene.access(), ...own })
    }
    const [one, two, bob] = [await join(storageOne), await join(storageTwo), await join()]
    type(bob, 'both. ')
    await settle(one, two, bob)
    await whenSigned(one, two, bob)
    const backup = await copyOf(first, [front])
    for (const { peer } of [two, bob]) peer.provider.disconnect()
    const second = await startHonestRelay([front], first.data)
    front.stand(second)
    type(one, 'lost. ')
    await one.peer.provider.whenSaved()
    await whenSigned(one)
    await one.peer.provider.whenKept()
    one.peer.provider.disconnect()
    await copyOf(second, [front])
    front.stand(await startHonestRelay([front], backup))
    bob.peer.provider.connect()
    for (const word of ['goes ', 'on ', 'without. ']) {
      type(bob, word)
      await bob.peer.provider.whenSaved()
    }
    await whenSigned(bob)
    two.peer.provider.connect()
    await vi.waitFor(() => expect(two.closings.map(({ code }) => code)).toEqual(['FORK']), PATIENCE)
    type(two, 'typed meanwhile. ')
    one.peer.provider.connect()
    await vi.waitFor(() => expect(one.closings.map(({ code }) => code)).toEqual(['FORK']), PATIENCE)
    await one.peer.provider.restartLog()
    await settle(one, bob)
    // It looks after 10 s, 20 s and so on.
    await vi.waitFor(() => expect(two.peer.provider.synced).toBe(true), { timeout: 120_000 })
    await settle(one, two, bob)
    for (const line of ['lost. ', 'goes on without. ', 'typed meanwhile. '])
      expect(two.text.split(line)).toHaveLength(2)
    expect(two.reports.at(-1)?.code).toBe('RESTORED')
    // It keeps its log again, beside the other tab.
    type(two, 'and after. ')
    await settle(one, two, bob)
    await vi.waitFor(
      async () =>
        expect((await storageTwo.documents.extent(scene.document.id)).lastSeq).toBe(two.peer.provider.head.seq),
      PATIENCE,
    )
  },
)
