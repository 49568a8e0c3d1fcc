/**
 * Somebody joins by a link at a relay that has lost entries: they are in once it has them again, and are told what they waited for where nobody came
 * to give them back. Rules KM12, LO14.
 */
import { issuerTokens, RelayConnection, type SealedDocument } from '@y-sealed/client'
import { REFUSALS } from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { expect, it, vi } from 'vitest'

import { HeadKeyPin } from '../../client/connection/head-key-pin.ts'
import { joinByLink, type Joined } from '../../client/links/join-by-link.ts'
import { linkDevice } from '../../client/links/link-device.ts'
import type { LinkFragment } from '../../client/links/link-fragment.ts'
import { startLyingRelay, type LyingRelay } from '../support/lying-relay.ts'
import { platformFor } from '../support/peer.ts'
import { createPerson, eventually, whoIsIn, write } from '../support/person.ts'
import { copyOf, startHonestRelay } from '../support/stage.ts'

const LONG_MS = 100_000

interface Scene {
  readonly note: SealedDocument
  readonly fragment: LinkFragment
  /** Where the one dials who could give the relay back what it lacks, and where Bob does. */
  readonly alices: LyingRelay
  readonly bobs: LyingRelay
}

/** The relay knows what it lacks, and Alice, who has it, is kept from giving it back. */
async function loseEntries(): Promise<Scene> {
  const [alices, bobs] = [await startLyingRelay(), await startLyingRelay()]
  const all = [alices, bobs]
  const first = await startHonestRelay(all)
  for (const lying of all) lying.stand(first)
  const note = await (await createPerson({ relay: alices, name: 'Alice' })).documents.createDocument()
  await write(note, 'first')
  const { fragment } = await note.makeLink()
  const backup = await copyOf(first, all)
  const second = await startHonestRelay(all, first.data)
  for (const lying of all) lying.stand(second)
  await write(note, ', lost')
  note.provider.disconnect()
  note.provider.connect()
  await eventually(() => expect(note.provider.signedHead?.seq).toBe(note.provider.head.seq))
  alices.toRelay = (frame) => (frame?.type === 'restore' ? [] : undefined)
  const isKnown = new Promise<void>((resolve) => {
    alices.toClient = (frame) => void (frame?.type === 'restored' && frame.lost.seq > 0 && resolve())
  })
  const third = await startHonestRelay(all, backup)
  for (const lying of all) lying.stand(third)
  await isKnown
  return { note, fragment, alices, bobs }
}

async function visit({ fragment: link, bobs: relay }: Scene, timeoutMs: number): Promise<Joined> {
  const { fetch, WebSocket } = await platformFor(relay)
  const keys = linkDevice(link.seed)
  const connection = new RelayConnection({
    url: relay.url,
    device: keys,
    token: issuerTokens({ device: keys, accessOf: () => null, ...(fetch ? { fetch } : {}) }),
    headKeyPin: new HeadKeyPin({ known: link.headKey }),
    ...(WebSocket ? { WebSocket } : {}),
  })
  const device = new Device(createDeviceSeeds())
  return await joinByLink({ link, linkDevice: keys, connection, device, name: null, timeoutMs })
}

it(
  '[KM12] [LO14] who joins while the relay lacks entries is in once somebody gives them back',
  { timeout: LONG_MS },
  async () => {
    const scene = await loseEntries()
    const { note, alices, bobs } = scene
    const isRefused = new Promise<void>((resolve) => {
      const { number } = REFUSALS.NEEDS_RESTORE
      bobs.toClient = (frame) => void (frame?.type === 'nack' && frame.code === number && resolve())
    })
    const joining = visit(scene, LONG_MS)
    await Promise.race([isRefused, joining])
    alices.repent()
    alices.cut()
    await joining
    await eventually(() => expect(whoIsIn(note)).toEqual(['Alice: admin, 1', '?: writer, 1']))
  },
)

it(
  '[KM12] [LO14] who joins while the relay lacks entries is told so where nobody gives them back in time',
  { timeout: LONG_MS },
  async () => {
    const scene = await loseEntries()
    // Long enough for any machine to have been refused once.
    let patienceMs = 1_000
    const isTold = (): Promise<void> =>
      expect(visit(scene, (patienceMs *= 2))).rejects.toMatchObject({
        code: 'NEEDS_RESTORE',
        message: expect.stringContaining('until a device that has it gives it back') as string,
      })
    await vi.waitFor(isTold, { timeout: LONG_MS })
    expect(whoIsIn(scene.note)).toEqual(['Alice: admin, 1'])
  },
)
