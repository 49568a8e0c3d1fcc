/** A document whose records have grown: whoever was away, or comes later, must still be able to open it. */
import { packWraps } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { expect, it } from 'vitest'

import { addOwnDevice } from '../../client/members/intents/let-in.ts'
import { Team, until } from '../support/members/team.ts'
import { createTestDevice } from '../support/raw-client.ts'
import { startHonestRelay } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

it(
  'T37 [FR5] a reader with many devices who gives keys again and again cannot keep others from opening the document',
  { timeout: 180_000 },
  async () => {
    // Limits as they are by default, but for the pace of records: in days as many come together.
    const pace = { writerRecords: { perSecond: 1_000, burst: 5_000 } }
    const team = await Team.start(await startHonestRelay([], makeTemporaryFolder(), pace))
    const { alice } = team
    await alice.write('one. ')
    const bob = await team.invite('writer')
    await bob.reads('one. ')
    const mallory = await team.invite('reader')
    bob.goOffline()
    bob.type('written on the train. ')
    const devices = Array.from({ length: 900 }, () => createTestDevice())
    await Promise.all(devices.map((device) => mallory.change(addOwnDevice(device.certificate(), ''))))
    // Twice as many bytes as may wait for a socket at all.
    for (let i = 0; i < 200; i++) {
      const wraps = packWraps(devices.map(({ id }) => [id, randomBytes(80)]))
      await mallory.change(() => ({ type: 'rewrap', epoch: 1, backLink: null, wraps }))
    }
    await until(() => alice.membership.recordHead.join() === mallory.membership.recordHead.join())
    bob.peer.provider.connect()
    await alice.reads('one. written on the train. ')
    await until(() => bob.peer.provider.synced)
    expect(bob.membership.recordSeq).toBe(alice.membership.recordSeq)
  },
)
