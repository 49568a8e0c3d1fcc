/** A member who may only read, and fills the log with records that change nothing: what bounds it, and what ends it. */
import { packWraps, REFUSALS, type Bytes, type Envelope } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { DEFAULT_LIMITS } from '../../server/core/limits.ts'
import { ALL, type CorePeer } from '../support/core-world.ts'
import { MemberWorld } from '../support/members/member-world.ts'
import { createTestDevice } from '../support/raw-client.ts'

/** Gives everybody a key again, which is none. */
function makeRewrap(
  { document }: MemberWorld,
  signer: Parameters<typeof document.make>[0],
  holders: readonly Bytes[],
): Envelope {
  const wraps = packWraps(holders.map((id) => [id, new Uint8Array(80)]))
  return document.make(signer, { type: 'rewrap', epoch: 1, backLink: null, wraps })
}

describe('a reader who writes records for nothing', () => {
  it(
    'T37 [KM17] [FR15] is told to wait once they have written a burst, and stores nothing more once removed',
    { timeout: 60_000 },
    async () => {
      const world = await MemberWorld.start()
      const rita = await world.member('reader')
      const { id } = world.document
      const socket = world.world.connect(world.world.token(id, ALL, { subject: 'rita' }), rita)
      await socket.say(socket.hello())
      await socket.open(id)
      socket.take()
      const holders = [...world.document.log.log.members.deviceIds()]
      let codes: readonly number[] = []
      let stored = 0
      for (; codes.length === 0 && stored < 10_000; stored++) {
        const frames = await world.push(makeRewrap(world, rita, holders), socket)
        codes = frames.flatMap((frame) => (frame.type === 'nack' ? [frame.code] : []))
      }
      expect(codes).toEqual([REFUSALS.RATE.number])
      // The burst, and what came back of it while it was written.
      const { burst, perSecond } = DEFAULT_LIMITS.writerRecords
      expect(stored).toBeLessThanOrEqual(burst + 1 + 60 * perSecond)
      await world.must(world.document.remove([rita]))
      const late = await world.push(makeRewrap(world, rita, [world.document.creator.id]), socket)
      expect(late.some(({ type }) => type === 'ack')).toBe(false)
    },
  )

  it('T37 [KM10] [FR15] gains nothing by devices of their own, each with its own token', async () => {
    const pace = { perSecond: 1, burst: 5 }
    const world = await MemberWorld.start({ limits: { writerRecords: pace } })
    const rita = await world.member('reader')
    const { id, creator } = world.document
    const socketOf = async (device: Device, subject: string): Promise<CorePeer> => {
      const socket = world.world.connect(world.world.token(id, ALL, { subject }), device)
      await socket.say(socket.hello())
      await socket.open(id)
      socket.take()
      return socket
    }
    const first = await socketOf(rita, 'rita')
    const phones: CorePeer[] = []
    for (const name of ['second', 'third']) {
      const phone = createTestDevice()
      await world.must(world.document.add(phone, 'reader', rita, true), first)
      phones.push(await socketOf(phone, name))
    }
    const [second, third] = phones as [CorePeer, CorePeer]
    for (let i = 0; i < 3; i++) await world.must(makeRewrap(world, second.device, [creator.id]), second)
    const late = makeRewrap(world, third.device, [creator.id])
    expect((await world.push(late, third)).at(-1)).toMatchObject({ type: 'nack', code: REFUSALS.RATE.number })
    // Others are not held up by it, and it is taken when its time has come.
    await world.world.pass(1_000)
    third.take()
    await world.must(late, third)
    await world.must(world.document.add(createTestDevice(), 'reader'))
  })
})
